"""Which character cuts a CSV's lines into cells, found in its header.

Knows one header line, no file.
"""

from __future__ import annotations

import csv

from email_contacts.contacts.errors import InvalidOption, WrongDelimiter

CANDIDATES = {";": "a semicolon", ",": "a comma", "\t": "a tab", "|": "a pipe"}


def delimiter_of(header: str, *, given: str | None, name: str) -> str:
    """Return which delimiter a CSV has.

    :param header: the header as text, with all its lines when a quoted name spans several.
    :param given: what the caller says, or None: then the candidate that is found most often outside quotes.
    :param name: the source's name, for messages.
    :return: one character; a comma for a header of a single column.
    :raises InvalidOption: when what is given is not one character.
    :raises WrongDelimiter: when the given one does not split the header while another would, or when two
        candidates are found equally often.
    """
    counts = {candidate: _cells(header, candidate) for candidate in CANDIDATES}
    best = max(counts.values())
    found = [candidate for candidate, cells in counts.items() if cells == best and cells > 1]
    if given is not None:
        _check(given)
        if found and _cells(header, given) == 1:
            raise WrongDelimiter(
                f"delimiter={shown_delimiter(given)} does not split the header of {name}: it gives one "
                f"column, while {shown_delimiter(found[0])} makes {best}. "
                f"Give delimiter={shown_delimiter(found[0])}, or leave it out."
            )
        return given
    if len(found) > 1:
        raise WrongDelimiter(
            f"The header of {name} can be split by {' or '.join(map(shown_delimiter, found))} into {best} "
            "columns each. Say which one with the delimiter option."
        )
    return found[0] if found else ","


def _check(given: str) -> None:
    if not isinstance(given, str) or len(given) != 1 or given in '"\r\n\0 ':
        raise InvalidOption(
            f"delimiter={given!r} is not one character that can separate cells. "
            f"Usual ones are {', '.join(map(shown_delimiter, CANDIDATES))}."
        )


def _cells(header: str, delimiter: str) -> int:
    try:
        return max(
            map(
                len, csv.reader(header.splitlines(keepends=True), delimiter=delimiter, skipinitialspace=True)
            ),
            default=0,
        )
    except csv.Error:
        return 0


def shown_delimiter(delimiter: str) -> str:
    """Return a delimiter as messages show it."""
    return '"tab"' if delimiter == "\t" else f'"{delimiter}"'
