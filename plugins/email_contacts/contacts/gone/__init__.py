"""Contacts that are gone from the source: who of a list they are."""
