"""Submitting an import once: the ledger, the request, and what became of a lost answer."""
