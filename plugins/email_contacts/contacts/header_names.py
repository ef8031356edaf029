"""Names of columns as a source has them: whether they can be names at all, and what may be shown of them.

Knows names only. Any file can be named as a source, and messages are logged: they show the usual names of
columns, those of a mapping and those of the account's attributes, and of others only where they stand. The
command line shows all, unless they look like a contact: a file without a header has a contact in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

from email_contacts.contacts.column_names import EMAIL, EXT_ID, IDENTIFIERS, SMS, canonical
from email_contacts.contacts.errors import HeaderError, NoIdentifierColumn
from email_contacts.contacts.mapping.synonyms import ID, PHONE, group_of
from email_contacts.contacts.masking import mask

MOST_SHOWN = 30
# Names that messages may show beside the usual ones; None: all of them.
_shown: ContextVar[frozenset[str] | None] = ContextVar("shown_names", default=frozenset())
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
    return any(map(says_who, names)) or len(usual_names(names)) >= min(2, max(len(names), 1))


def usual_names(names: Iterable[str]) -> list[str]:
    """Return those that columns usually have."""
    return [name for name in names if says_who(name) or group_of(name) is not None]


@contextmanager
def knowing(names: Iterable[str]) -> Iterator[None]:
    """Show further names in the messages that are made within the block.

    :param names: those of a mapping and of the account's attributes, which are nobody's data.
    """
    before = _shown.get()
    now = None if before is None else before | frozenset(map(canonical, names))
    token = _shown.set(now)
    try:
        yield
    finally:
        _shown.reset(token)


@contextmanager
def all_shown() -> Iterator[None]:
    """Show all names within the block that do not look like data: to a person, of a file of her own."""
    token = _shown.set(None)
    try:
        yield
    finally:
        _shown.reset(token)


def is_known(name: str) -> bool:
    """Say whether a name may be shown: it is no content of the file alone, or the person may see it."""
    known = _shown.get()
    return known is None or canonical(name) in known or canonical(name) in IDENTIFIERS or bool(group_of(name))


def masked_name(name: str) -> str:
    """Give a name that is no content of a source, as those of a mapping; masked where it looks like data."""
    return mask(name) if looks_like_data(name) or "@" in name else name


def shown_name(name: str) -> str:
    """Give a name as it may be shown: masked where it is not known, or looks like data."""
    return masked_name(name) if is_known(name) else mask(name)


def shown_names(names: Sequence[str], *, header: Sequence[str] | None = None) -> str:
    """List names for a message; of those that are not known, where they stand.

    :param names: the names.
    :param header: all names beside which they stand; None: themselves. Where these could be a contact, only
        the number of the names is said.
    """
    header = names if header is None else header
    if not looks_like_header(header):
        return f"{len(names)} whose names are not shown, as they could be a contact's data"
    known = [name for name in names if is_known(name)]
    unknown = [name for name in names if not is_known(name)]
    said = [", ".join(map(shown_name, known[:MOST_SHOWN]))]
    if len(known) > MOST_SHOWN:
        said.append(f"{len(known) - MOST_SHOWN} more")
    if unknown:
        places = ", ".join(str(header.index(name) + 1) for name in unknown[:MOST_SHOWN] if name in header)
        said.append(f"{len(unknown)} whose names are not shown here{f' (number {places})' if places else ''}")
    return " and ".join(filter(None, said))


def shown_column(name: str, header: Sequence[str]) -> str:
    """Give the name of a column in quotes, or its place among the others where it is not known."""
    return (
        f'"{shown_name(name)}"'
        if is_known(name) or name not in header
        else f"number {header.index(name) + 1}"
    )


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
            may_be_said = looks_like_header(columns) and is_known(first) and is_known(column)
            spelled = f': "{first}" and "{column}" count as one name' if may_be_said else ""
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
