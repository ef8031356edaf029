"""Categories and multiple choices: what may be chosen, and how cells say it.

Knows single cells, labels and codes. Any case of a label is taken, and the account's spelling is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from email_contacts.contacts.sources.rows import EMPTY
from email_contacts.contacts.values.marks import alike, bare, digits_of, whole

# An array of PostgreSQL: {a,"b, c"}. An element without quotes has none of the characters that need them.
_ELEMENT = r'"(?:[^"\\]|\\.)*"|[^{}",\\\s](?:[^{}",\\]*[^{}",\\\s])?'
_POSTGRES = re.compile(rf"\{{\s*(?:(?:{_ELEMENT})\s*(?:,\s*(?:{_ELEMENT})\s*)*)?\}}", re.DOTALL).fullmatch
_ELEMENTS = re.compile(_ELEMENT, re.DOTALL).findall
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def category(
    labels: Sequence[str],
    spellings: Mapping[str, str] | None = None,
    codes: Mapping[str, str] | None = None,
) -> Callable[[Any], Any]:
    """Make a reader of one of the labels.

    :param labels: none when they are not known; then the cell is only trimmed.
    :param spellings: what cells say in other words -> the label that is meant; these go first.
    :param codes: the account's own numbers -> the label; these go last.
    """
    own = {label: label for label in labels}
    codes = {code: label for code, label in (codes or {}).items() if label in own}
    known = own | dict(spellings or {})
    spelling = codes | {alike(said): label for said, label in known.items()} | known

    def label_of(cell: Any) -> Any:
        if type(cell) is float:
            return spelling.get(digits_of(cell) or EMPTY, cell)
        if type(cell) is bool:
            return spelling.get(str(cell).casefold(), cell)
        if type(cell) is int:
            cell = str(cell)
        if type(cell) is not str:
            return cell
        cell = bare(cell)
        found = spelling.get(cell) or spelling.get(alike(cell))
        # A data frame writes the code 1 as 1.0.
        return found or spelling.get(whole(cell) or EMPTY, cell)

    return label_of


def multiple_choice(
    labels: Sequence[str], separator: str, codes: Mapping[str, str] | None = None
) -> Callable[[Any], Any]:
    """Make a reader of several of the labels: each one once, in the order of the cell.

    Arrays of JSON (``["a","b"]``) and of PostgreSQL (``{a,b}``) are read as such; a cell that begins as one
    and is none is refused.

    :param labels: none when they are not known.
    :param separator: between the choices in a cell of other text.
    """
    label_of = category(labels, codes=codes)
    known = frozenset(map(alike, labels))

    def labels_of(cell: Any) -> Any:
        if type(cell) is str:
            cell = bare(cell)
            if cell[:1] in ("[", "{") and alike(cell) not in known:
                cell = _array(cell)
            else:
                cell = cell.split(separator)
        return chosen(map(label_of, cell)) if is_list_of_text(cell) else cell

    return labels_of


def chosen(choices: Iterable[str]) -> list[str] | str:
    """Keep each choice once; where nothing is chosen the cell is empty."""
    return list(dict.fromkeys(filter(None, map(bare, choices)))) or EMPTY


def is_list_of_text(cell: Any) -> bool:
    """Return whether a cell is a list of texts only."""
    return type(cell) is list and all(type(choice) is str for choice in cell)


def _array(cell: str) -> Any:
    """Read an array of JSON or of PostgreSQL; the cell itself where it is none."""
    if cell[0] == "[":
        try:
            return orjson.loads(cell)
        except ValueError:
            return cell
    if not _POSTGRES(cell):
        return cell
    elements = _ELEMENTS(cell[1:-1])
    if any(element.upper() == "NULL" for element in elements):  # without quotes it is no text
        return cell
    return [
        _ESCAPED.sub(r"\1", element[1:-1]) if element.startswith('"') else element for element in elements
    ]
