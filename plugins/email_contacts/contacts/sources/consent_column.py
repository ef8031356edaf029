"""A column that says who wants to be written to.

Knows the words for yes and no. A row that says no goes on, so that it is seen when it is about the same
person as another row; it is noted by its number, and held back in the end. A row that says neither is
rejected.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from email_contacts.contacts.column_names import canonical
from email_contacts.contacts.consent_names import words_needed
from email_contacts.contacts.errors import InvalidOption, MappingError
from email_contacts.contacts.sources.rows import (
    Block,
    Frame,
    RefusedRow,
    Row,
    RowFault,
    Rows,
)
from email_contacts.contacts.sources.said_words import word_of, words_in

YES = ("true", "yes", "y", "t", "on", "1")
NO = ("false", "no", "n", "f", "off", "0")
_SHOWN = 10


@dataclass(frozen=True)
class ConsentColumn:
    """Which column it is, and its words in any case; an empty cell is the word ``""``.

    :param name: of the column, as the source spells it or nearly so.
    :param yes: words for yes; none: those of a boolean.
    :param no: words for no; none: those of a boolean.
    :raises InvalidOption: when a word means both, the name is empty, or yes means by the name that people
        opted out, and the words are not given.
    """

    name: str
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidOption("consent_column needs the name of a column.")
        if not (self.yes and self.no) and (why := words_needed(self.name)):
            raise InvalidOption(f"consent_column: {why}.")
        if both := self.words_for_yes & self.words_for_no:
            raise InvalidOption(f"consent_column has words that mean yes and no: {_shown(both)}.")

    @classmethod
    def read(cls, said: str | Mapping[str, Any]) -> ConsentColumn:
        """Read it from a document: a name, or an object with ``name``, ``yes`` and ``no``; also as JSON text.

        :raises InvalidOption: when it is something else.
        """
        if isinstance(said, str):
            return cls.read(_object_in(said)) if said.lstrip().startswith("{") else cls(said)
        if not isinstance(said, Mapping):
            raise InvalidOption(f"consent_column is a {type(said).__name__}; give a name or an object.")
        words = {side: said.get(side, ()) for side in ("yes", "no")}
        are_words = all(
            isinstance(some, (list, tuple)) and all(isinstance(word, str) for word in some)
            for some in words.values()
        )
        if not isinstance(said.get("name"), str) or not are_words or said.keys() - {"name", *words}:
            raise InvalidOption(
                'consent_column must be a name, or an object with "name", and lists of words "yes" and "no".'
            )
        return cls(said["name"], tuple(words["yes"]), tuple(words["no"]))

    @property
    def words_for_yes(self) -> frozenset[str]:
        """The words for yes, as they are compared."""
        return frozenset(map(word_of, self.yes or YES))

    @property
    def words_for_no(self) -> frozenset[str]:
        """The words for no, as they are compared."""
        return frozenset(map(word_of, self.no or NO))

    @property
    def fault(self) -> RefusedRow:
        """Why a row is rejected that says neither."""
        return RefusedRow(
            "consent",
            f"The consent column must say one of {_shown(self.words_for_yes)}, or one of "
            f"{_shown(self.words_for_no)}. Correct it, or add its words to consent_column.",
        )


class RowsWithConsent:
    """Rows of which it is known who said no.

    :param rows: an opened source.
    :param column: which column says so.
    :param keep: columns that a mapping names, and that therefore stay.
    :raises MappingError: when the source does not have the column.
    """

    def __init__(self, rows: Rows, column: ConsentColumn, *, keep: Iterable[str] = ()) -> None:
        wanted = canonical(column.name)
        names = [canonical(name) for name in rows.columns]
        if names.count(wanted) != 1:
            raise MappingError(
                f'consent_column="{column.name}" is not one column of the source. Give the name of one.'
            )
        self._rows, self._column, self._place = rows, column, names.index(wanted)
        stays = wanted in set(map(canonical, keep))
        self._kept = [place for place in range(len(names)) if stays or place != self._place]
        self._yes, self._no, self._fault = column.words_for_yes, column.words_for_no, column.fault
        self._read = 0
        self.said_no = array("I")
        self.columns = tuple(rows.columns[place] for place in self._kept)
        self.text_only, self.reads_ahead = rows.text_only, rows.reads_ahead
        self.narrow_columns = rows.narrow_columns
        self.likely_header = rows.likely_header
        self.notes = (*rows.notes, "rows whose consent column says no are held back as no_consent")

    @property
    def late_columns(self) -> tuple[str, ...]:
        """Columns that came up late and were dropped."""
        return self._rows.late_columns

    def blocks(self) -> Iterator[Block]:
        """Walk all rows, once."""
        for block in self._rows.blocks():
            yield self._frame(block) if isinstance(block, Frame) else self._list(block)
            self._read += len(block)

    def place(self, row: int) -> str:
        """Return where a row is when its number alone does not."""
        return self._rows.place(row)

    def close(self) -> None:
        """Close what is open."""
        self._rows.close()

    def _list(self, rows: Sequence[Row | RowFault]) -> list[Row | RowFault]:
        return [
            self._refused(number, row) if isinstance(row, RowFault) else self._judged(number, row)
            for number, row in enumerate(rows, self._read + 1)
        ]

    def _judged(self, number: int, row: Row) -> Row | RowFault:
        word = word_of(row[self._place])
        cells = [row[place] for place in self._kept]
        if word in self._no:
            self.said_no.append(number)
        elif word not in self._yes:
            return replace(self._fault, cells=cells)
        return cells

    def _refused(self, number: int, fault: RowFault) -> RowFault:
        """Leave the column out of a row, too, that is refused already; its no counts for other rows."""
        if not isinstance(fault, RefusedRow) or fault.cells is None:
            return fault
        if word_of(fault.cells[self._place]) in self._no:
            self.said_no.append(number)
        return replace(fault, cells=[fault.cells[place] for place in self._kept])

    def _frame(self, frame: Frame) -> Frame:
        texts, spellings = words_in(frame.cells.to_series(self._place))
        no = [text for text, word in spellings.items() if word in self._no]
        neither = [text for text, word in spellings.items() if word not in self._no | self._yes]
        is_within = np.ones(len(frame), bool)
        is_within[list(frame.apart)] = False
        said_no = np.flatnonzero(texts.is_in(no).to_numpy() & is_within) + self._read + 1
        self.said_no.frombytes(said_no.astype(np.uint32).tobytes())
        unclear = np.flatnonzero(texts.is_in(neither).to_numpy() & is_within).tolist()
        first = self._read + 1
        judged = {place: self._judged(first + place, row) for place, row in frame.own.items()}
        faults: dict[int, RowFault] = {
            **dict.fromkeys(unclear, self._fault),
            **{place: one for place, one in judged.items() if isinstance(one, RowFault)},
            **{place: self._refused(first + place, fault) for place, fault in frame.faults.items()},
        }
        own = {place: one for place, one in judged.items() if not isinstance(one, RowFault)}
        return replace(frame, cells=frame.cells[:, self._kept], faults=faults, own=own)


def _object_in(text: str) -> Mapping[str, Any]:
    try:
        said = json.loads(text)
    except ValueError as error:
        raise InvalidOption(f"consent_column is not valid JSON: {error}.") from error
    return dict(said)  # it begins with a brace


def _shown(words: Iterable[str]) -> str:
    some = sorted(words)
    more = f" and {len(some) - _SHOWN} more" if len(some) > _SHOWN else ""
    return ", ".join(f'"{word}"' for word in some[:_SHOWN]) + more
