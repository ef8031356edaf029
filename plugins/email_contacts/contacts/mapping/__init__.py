"""Which column becomes what: the mapping, the account's attributes, and what both make of a source."""
