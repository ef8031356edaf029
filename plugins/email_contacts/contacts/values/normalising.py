"""Cells made uniform: trimmed, typed, in the one form that is sent.

Knows single cells: text from CSV, anything that JSON has from NDJSON. Nothing is refused here: what cannot be
made uniform stays as it is, and the schema of ``validation`` then refuses it. An empty cell stays ``""``.
Phone numbers are ``phones``' business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from email_contacts.contacts.sources.rows import EMPTY

Normaliser = Callable[[Any], Any]

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})").fullmatch
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
    r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
).fullmatch
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LONGEST_REMEMBERED = 64


class Remembered(dict[str, Any]):
    """A normaliser that looks up the cells it has seen: people share birthdays, countries and answers.

    For text only: JSON's ``1`` and ``true`` are one key.

    :param normalise: what it remembers.
    :param most: cells that it remembers; long ones never.
    """

    def __init__(self, normalise: Normaliser, *, most: int) -> None:
        super().__init__()
        self._normalise = normalise
        self._most = most

    def __missing__(self, cell: str) -> Any:
        value = self._normalise(cell)
        if len(self) < self._most and len(cell) <= _LONGEST_REMEMBERED:
            self[cell] = value
        return value


def text(cell: Any) -> Any:
    """Trim; whole numbers of JSON become their digits, as identifiers often come as numbers."""
    if type(cell) is str:
        return cell.strip()
    return str(cell) if type(cell) is int else cell


def value(cell: Any) -> Any:
    """Trim what has no known type: text, or what JSON says it is."""
    if type(cell) is str:
        return cell.strip()
    return _chosen(cell) if _is_list_of_text(cell) else cell


def email(cell: Any) -> Any:
    """Trim and lower-case. Not outside ASCII: there some letters have an ASCII lower case (Kelvin's sign)."""
    if type(cell) is not str:
        return cell
    cell = cell.strip()
    return cell.lower() if cell.isascii() else cell


def number(cell: Any) -> Any:
    """Read a number by the grammar of JSON: neither ``1_000`` nor ``NaN``, which ``float`` would take."""
    if type(cell) is not str:
        return cell
    cell = cell.strip()
    if _INTEGER(cell):
        return int(cell)
    if _NUMBER(cell) and isfinite(decimal := float(cell)):
        return decimal
    return cell


def boolean(cell: Any) -> Any:
    """Read true, yes, 1 and false, no, 0 in any case."""
    if type(cell) is bool or type(cell) not in (str, int):
        return cell
    return _BOOLEANS.get(str(cell).strip().lower(), text(cell))


def boolean_in(words: Mapping[str, bool]) -> Normaliser:
    """Make a normaliser for yes and no in other words, beside those that ``boolean`` reads.

    :param words: what a cell says in any case -> what it means.
    """
    meaning = {word.casefold(): means for word, means in words.items()}

    def boolean_of(cell: Any) -> Any:
        found = meaning.get(text(cell).casefold()) if type(cell) in (str, int) else None
        return boolean(cell) if found is None else found

    return boolean_of


def date(cell: Any) -> Any:
    """Cut the time off an ISO date-time; the day stays the one that is written, whatever the offset."""
    if type(cell) is not str:
        return cell
    cell = cell.strip()
    if len(cell) > 10 and (date_time := _DATE_TIME(cell)):
        return date_time[1]
    return cell


def date_in(date_format: str) -> Normaliser:
    """Make a normaliser for dates in a format of their own.

    What is read must be written the same again: strptime alone takes 5/1/1990 for ``%d/%m/%Y``.

    :param date_format: strptime's directives, such as ``%d.%m.%Y``.
    """

    def date_of(cell: Any) -> Any:
        if type(cell) is not str or not (cell := cell.strip()):
            return cell
        try:
            day = datetime.strptime(cell, date_format)  # no time zone: the day as it is written
        except ValueError:
            return _not_a_date(cell)
        return f"{day:%Y-%m-%d}" if day.strftime(date_format) == cell else _not_a_date(cell)

    return date_of


def category(labels: Sequence[str], spellings: Mapping[str, str] | None = None) -> Normaliser:
    """Make a normaliser for one of the labels: any case is taken, the account's spelling is sent.

    :param labels: none when they are not known; then the cell is only trimmed.
    :param spellings: what cells say in other words -> the label that is meant; these go first.
    """
    known = {label: label for label in labels} | dict(spellings or {})
    spelling = {said.casefold(): label for said, label in known.items()} | known

    def label_of(cell: Any) -> Any:
        cell = text(cell)
        if type(cell) is not str:
            return cell
        return spelling.get(cell) or spelling.get(cell.casefold(), cell)

    return label_of


def multiple_choice(labels: Sequence[str], separator: str) -> Normaliser:
    """Make a normaliser for several of the labels: each one once, in the order of the cell.

    :param labels: none when they are not known.
    :param separator: between the choices in a cell of text; JSON brings arrays.
    """
    label_of = category(labels)

    def labels_of(cell: Any) -> Any:
        if type(cell) is str:
            cell = cell.split(separator)
        return _chosen(map(label_of, cell)) if _is_list_of_text(cell) else cell

    return labels_of


def _chosen(choices: Iterable[str]) -> list[str] | str:
    """Keep each choice once; where nothing is chosen the cell is empty."""
    return list(dict.fromkeys(filter(None, map(str.strip, choices)))) or EMPTY


def _is_list_of_text(cell: Any) -> bool:
    return type(cell) is list and all(type(choice) is str for choice in cell)


def _not_a_date(cell: str) -> str:
    """Mark a cell that is not in the format, lest it passes for an ISO date by chance."""
    return f"?{cell}"
