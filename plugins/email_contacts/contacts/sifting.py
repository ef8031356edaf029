"""The first half of a preparation: source rows become contacts, rejects, or nothing at all.

Knows the order of things; each step is a room of its own. Frames are judged at once, and while one is, the
rows of the frame before it that were not plainly good are decided one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.ahead import ahead
from email_contacts.contacts.checks.plain_rows import BODY, Judged, PlainRows
from email_contacts.contacts.checks.validation import ContactValidator
from email_contacts.contacts.mapping.binding import Contact
from email_contacts.contacts.mapping.column_names import EMAIL, IDENTIFIERS
from email_contacts.contacts.sources.framing import frame_of
from email_contacts.contacts.sources.rows import EMPTY, Block, Frame, Row, RowFault, Rows
from email_contacts.contacts.sources.typed import frame_rows
from email_contacts.contacts.staging.contacts import Contacts
from email_contacts.contacts.staging.forms import Form
from email_contacts.contacts.staging.part import PartWriter
from email_contacts.contacts.staging.rejects import Reject, RejectsFile


class Sifter:
    """Sifts the rows of a source.

    :param rows: the opened source.
    :param validator: what a valid contact is.
    :param form: how contacts are written.
    :param part: where valid contacts go.
    :param rejects: where the other rows go.
    """

    def __init__(
        self, rows: Rows, validator: ContactValidator, form: Form, part: PartWriter, rejects: RejectsFile
    ) -> None:
        self._rows = rows
        self._validator = validator
        self._form = form
        self._part = part
        self._rejects = rejects
        self._key_place = validator.binding.key_place
        self._identifiers = identifiers_of(validator)
        self._plain = PlainRows(validator.binding, form)
        self._contact_of = validator.binding.reader(text_only=rows.text_only)
        self.read = 0

    def blocks(self) -> Iterator[int]:
        """Sift block by block; gives the rows read so far after each."""
        blocks = self._rows.blocks()
        # Three stages, each on a block of its own: cut into cells, judged, kept.
        judged = map(self._judged, ahead(blocks) if self._rows.reads_ahead else blocks)
        for block, verdict in ahead(judged) if self._rows.reads_ahead else judged:
            self._sift(block, verdict)
            self.read += len(block)
            yield self.read

    def _judged(self, block: Block) -> tuple[Block, Judged]:
        frame = block if isinstance(block, Frame) else frame_of(block, len(self._rows.columns))
        judged = self._plain.judge(frame)
        return block, replace(judged, is_good=judged.is_good & ~marked(frame.faults, len(frame)))

    def _sift(self, block: Block, judged: Judged) -> None:
        others = np.flatnonzero(~judged.is_good)
        kept = self._kept(self._cells_of(block, others))
        found = judged.rows.filter(pl.Series(judged.is_good)) if len(others) else judged.rows
        numbers = np.flatnonzero(judged.is_good) + self.read + 1
        good = Contacts(*_in_one_piece(found.get_column(BODY)), numbers)
        self._part.know(found, numbers)
        if kept.numbers:
            good = good.merged(kept.contacts())
            self._part.know(kept.identifiers(self._identifiers), kept.numbers)
        self._part.add(good)

    def _cells_of(self, block: Block, places: Any) -> Iterator[tuple[int, Row | RowFault]]:
        """Give the rows of a block that one by one has to decide."""
        first = self.read + 1
        if not isinstance(block, Frame):
            for place in places.tolist():
                yield first + place, block[place]
            return
        some = block.cells[places] if len(places) < len(block) else block.cells
        for place, cells in zip(places.tolist(), frame_rows(some), strict=True):
            yield first + place, block.faults.get(place) or cells

    def _kept(self, rows: Iterable[tuple[int, Row | RowFault]]) -> _Kept:
        """Decide rows one by one; lists those that are rejected.

        This loop runs for every such row, so what it calls is looked up before it.
        """
        contact_of, is_valid = self._contact_of, self._validator.is_valid
        kept = _Kept()
        keep_number, keep_body, keep_contact = kept.numbers.append, kept.bodies.append, kept.people.append
        write = self._form.row
        for number, cells in rows:
            if isinstance(cells, RowFault):
                self._rejects.add(Reject(number, self._rows.place(number), "", cells.rule, cells.message))
            elif is_valid(contact := contact_of(cells)):
                keep_number(number)
                keep_body(write(contact))
                keep_contact(contact)
            else:
                self._rejects.add(self._validator.reject(number, self._key(number, cells), cells, contact))
        return kept

    def _key(self, number: int, cells: Row) -> str:
        if self._key_place is None:
            return self._rows.place(number)
        return str(cells[self._key_place])


class _Kept:
    """Valid contacts that were decided one by one."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.bodies: list[bytes] = []
        self.people: list[Contact] = []

    def contacts(self) -> Contacts:
        lengths = np.fromiter(map(len, self.bodies), np.uint32, len(self.bodies))
        return Contacts(b"".join(self.bodies), lengths, np.array(self.numbers, np.int64))

    def identifiers(self, names: Sequence[str]) -> pl.DataFrame:
        return pl.DataFrame({name: self._values(name) for name in names}, dict.fromkeys(names, pl.String))

    def _values(self, name: str) -> list[str]:
        if name == EMAIL:
            return [contact.get("email", EMPTY) for contact in self.people]
        return [contact["attributes"].get(name, EMPTY) for contact in self.people]


def _in_one_piece(bodies: pl.Series) -> tuple[memoryview, Any]:
    """Give the bytes of texts, one after the other, and the length of each: as Arrow lays them out."""
    _, offsets, data = bodies.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()
    ends = np.frombuffer(offsets, np.int64)[: len(bodies) + 1]
    return memoryview(data)[ends[0] : ends[-1]], np.diff(ends)


def identifiers_of(validator: ContactValidator) -> tuple[str, ...]:
    """Name the identifiers that contacts of a binding can have, in the order of the columns."""
    return tuple(column.attribute for column in validator.binding.columns if column.attribute in IDENTIFIERS)


def marked(places: Mapping[int, object], count: int) -> Any:
    """Mark places among so many."""
    marks = np.zeros(count, bool)
    marks[list(places)] = True
    return marks
