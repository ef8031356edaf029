"""Names of columns as a source has them: whether they can be names at all, and what may be shown of them.

Knows names only. A file without a header takes its first person for one, so names are shown in messages only
where they certainly are names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from email_contacts.contacts.column_names import EMAIL, EXT_ID, IDENTIFIERS, SMS, canonical
from email_contacts.contacts.errors import HeaderError, NoIdentifierColumn
from email_contacts.contacts.mapping.synonyms import ID, PHONE, group_of
from email_contacts.contacts.masking import mask

MOST_SHOWN = 30
Error = TypeVar("Error", bound=Exception)
_ADDRESS = re.compile(r"\S+@\S+\.\S+")
# Phone numbers, days and numbers of customers: digits, and what stands between them.
_NUMBER = re.compile(r"['+(]*\d[\d\s()./:T+-]*Z?")
_FEWEST_DIGITS = 7
_WHO = frozenset({EMAIL, EXT_ID, ID, PHONE, SMS})


class _Opened(Protocol):
    @property
    def likely_header(self) -> int | None: ...

    @property
    def notes(self) -> Sequence[str]: ...


def looks_like_data(name: str) -> bool:
    """Say whether a column's name is an e-mail address, a phone number or a day."""
    text = name.strip()
    if _ADDRESS.fullmatch(text.strip("<>\"';,")):
        return True
    return bool(_NUMBER.fullmatch(text)) and sum(map(str.isdigit, text)) >= _FEWEST_DIGITS


def looks_like_contact(names: Iterable[str]) -> bool:
    """Say whether what should be names is a contact: it holds data, and no name of an identifier."""
    names = list(names)
    return any(map(looks_like_data, names)) and not any(map(says_who, names))


def looks_like_header(names: Iterable[str]) -> bool:
    """Say whether names certainly are names: one of an identifier, or two that columns usually have."""
    names = [name for name in names if name.strip()]
    if any(map(looks_like_data, names)):
        return any(map(says_who, names)) and not looks_like_contact(names)
    known = sum(group_of(name) is not None for name in names)
    return any(map(says_who, names)) or known >= min(2, max(len(names), 1))


def shown_name(name: str) -> str:
    """Give a name as it may be shown: masked where it looks like data."""
    return mask(name) if looks_like_data(name) or "@" in name else name


def shown_names(names: Sequence[str], *, header: Iterable[str] | None = None) -> str:
    """List names for a message, to be read after ``Its columns:``.

    :param names: the names.
    :param header: all names beside which they stand; None: themselves. Where these could be a contact, only
        the number of the names is said.
    """
    if not looks_like_header(names if header is None else header):
        return f"{len(names)} whose names are not shown, as they could be a contact's data"
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(map(shown_name, names[:MOST_SHOWN])) + more


def check_header(columns: Iterable[str], *, source: str, what: str = "The names of the columns") -> None:
    """See that each column has a name of its own, and that the names are not a contact.

    :param what: what messages call the names: ``The first line``.
    :raises HeaderError: when a name is blank, two are the same once compared, or they look like a contact.
    """
    columns = list(columns)
    if looks_like_contact(columns):
        verb = "looks" if what.endswith("line") else "look"
        raise HeaderError(
            f"{what} of {source} {verb} like a contact, not like column names. "
            "Add a line with the columns' names above it."
        )
    seen: dict[str, int] = {}
    for position, column in enumerate(columns, start=1):
        name = canonical(column)
        if not name:
            raise HeaderError(
                f"Column {position} of {source} has no name. Name it, or remove the column "
                "(often a delimiter too many at the end of the header)."
            )
        if name in seen:
            first = columns[seen[name] - 1]
            spelled = f': "{first}" and "{column}" count as one name' if looks_like_header(columns) else ""
            raise HeaderError(
                f"Columns {seen[name]} and {position} of {source} have the same name{spelled}. "
                "Rename or remove one."
            )
        seen[name] = position


def says_who(name: str) -> bool:
    """Say whether a column is called as identifiers usually are."""
    return canonical(name) in IDENTIFIERS or group_of(name) in _WHO


def with_likely_header(error: Error, rows: _Opened) -> Error:
    """Add to an error about a header which line looks like the one, and which sheets there are."""
    sheets = next((note for note in rows.notes if note.startswith("sheet ")), "")
    if "; not read: " in sheets and isinstance(error, NoIdentifierColumn):
        error.args = (f"{error.fault} It is the {sheets}. Name the one to read as sheet.", *error.args[1:])
    line = rows.likely_header
    if line is not None:
        said = error.fault if isinstance(error, NoIdentifierColumn) else error
        error.args = (f"{said} Line {line} looks like the header: give header_row={line}.", *error.args[1:])
    return error
