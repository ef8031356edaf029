"""How the name of a column is compared.

Knows names only. People write "E-Mail", "e mail" and "E_MAIL" for one thing.
"""

from __future__ import annotations

from collections.abc import Iterable

from email_contacts.contacts.errors import HeaderError

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


def check_header(columns: Iterable[str], *, source: str) -> None:
    """See that each column has a name of its own.

    :raises HeaderError: when a name is blank, or two are the same once compared.
    """
    seen: dict[str, str] = {}
    for position, column in enumerate(columns, start=1):
        name = canonical(column)
        if not name:
            raise HeaderError(
                f"Column {position} of {source} has no name. Name it, or remove the column "
                "(often a delimiter too many at the end of the header)."
            )
        if name in seen:
            raise HeaderError(
                f'{source} has the column "{column}" twice ("{seen[name]}" and "{column}" count as one '
                "name). Rename or remove one."
            )
        seen[name] = column
