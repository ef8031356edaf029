"""What an import came to: reports, rejects, lists, and the receipt."""
