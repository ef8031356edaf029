"""Only what changed: digests of the contacts that were last confirmed, and today's contacts against them."""
