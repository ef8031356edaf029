"""Waiting until imports end, with one cheap poll for all that wait."""
