"""The account's contacts as digests: who they are, and what they opted out of."""
