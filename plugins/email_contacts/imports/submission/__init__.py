"""Submitting an import once: the ledger, the request, and the reconciliation of a lost answer."""
