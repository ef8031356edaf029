"""How the name of a column is compared.

Knows names only. People write "E-Mail", "e mail" and "E_MAIL" for one thing.
"""

from __future__ import annotations

EMAIL, EXT_ID, SMS = "EMAIL", "EXT_ID", "SMS"
IDENTIFIERS = (EMAIL, EXT_ID, SMS)
_EMAIL_SPELLINGS = frozenset({"EMAIL", "E_MAIL", "EMAIL_ADDRESS", "E_MAIL_ADDRESS"})


def canonical(name: str) -> str:
    """Give the form in which names are compared: upper case, trimmed, ``-`` and blanks as ``_``."""
    return name.strip().upper().replace("-", "_").replace(" ", "_")


def attribute_of(column: str) -> str:
    """Give the attribute that a column is by its name alone: EMAIL for its usual spellings, else its own."""
    name = canonical(column)
    return EMAIL if name in _EMAIL_SPELLINGS else name
