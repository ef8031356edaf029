"""From valid contacts to request bodies: forms, parts, duplicates, and where they lie meanwhile."""
