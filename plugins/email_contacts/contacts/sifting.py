"""The first half of a preparation: source rows become contacts, rejects, or nothing at all.

Knows the order of things; each step is a room of its own. Frames are judged at once, and while one is, the
rows of the frame before it that were not plainly good are decided one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import polars as pl

from email_contacts.contacts.ahead import ahead
from email_contacts.contacts.checks.plain_rows import BODY, Judged, PlainRows
from email_contacts.contacts.checks.validation import ContactValidator
from email_contacts.contacts.mapping.binding import Contact
from email_contacts.contacts.mapping.column_names import EMAIL, IDENTIFIERS
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
        self._contact_of = {only: validator.binding.reader(text_only=only) for only in (True, False)}
        self.read = 0

    def blocks(self) -> Iterator[int]:
        """Sift block by block; gives the rows read so far after each."""
        blocks = self._rows.blocks()
        # Three stages, each on a block of its own: cut into cells, judged, kept.
        judged = map(self._judged, ahead(blocks) if self._rows.reads_ahead else blocks)
        for block, verdict in ahead(judged) if self._rows.reads_ahead else judged:
            if isinstance(block, Frame):
                self._sift_frame(block, cast("Judged", verdict))
            else:
                kept = self._kept(enumerate(block, start=self.read + 1), text_only=self._rows.text_only)
                self._part.add(kept.contacts(), kept.identifiers(self._identifiers))
            self.read += len(block)
            yield self.read

    def _judged(self, block: Block) -> tuple[Block, Judged | None]:
        return block, self._plain.judge(block) if isinstance(block, Frame) else None

    def _sift_frame(self, frame: Frame, judged: Judged) -> None:
        is_good = judged.is_good.to_numpy().copy()
        is_good[list(frame.faults)] = False
        others = np.flatnonzero(~is_good)
        text_only = all(dtype == pl.String for dtype in frame.cells.dtypes)
        kept = self._kept(self._cells_of(frame, others), text_only=text_only)
        rows = np.flatnonzero(is_good)
        found = judged.rows.filter(pl.Series(is_good)) if len(others) else judged.rows
        numbers = rows + self.read + 1
        if kept.numbers:
            found = pl.concat([found, kept.frame(self._identifiers)])
            numbers = np.concatenate((numbers, kept.numbers))
            order = np.argsort(numbers, kind="stable")
            numbers, found = numbers[order], found[order]
        bodies = found.get_column(BODY)
        data = cast("bytes", bodies.str.join("").cast(pl.Binary).item()) if len(bodies) else b""
        lengths = bodies.str.len_bytes().to_numpy()
        self._part.add(Contacts(data, lengths, numbers), found.drop(BODY))

    def _cells_of(self, frame: Frame, places: Any) -> Iterator[tuple[int, Row | RowFault]]:
        """Give the rows of a frame that one by one has to decide."""
        some = frame.cells[places] if len(places) < len(frame) else frame.cells
        for place, cells in zip(places.tolist(), frame_rows(some), strict=True):
            yield self.read + 1 + place, frame.faults.get(place) or cells

    def _kept(self, rows: Any, *, text_only: bool) -> _Kept:
        """Decide rows one by one; lists those that are rejected.

        This loop runs for every such row, so what it calls is looked up before it.
        """
        contact_of, is_valid = self._contact_of[text_only], self._validator.is_valid
        kept = _Kept()
        keep_number, keep_body, keep_contact = kept.numbers.append, kept.bodies.append, kept.contacts_.append
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
        self.contacts_: list[Contact] = []

    def contacts(self) -> Contacts:
        lengths = np.fromiter(map(len, self.bodies), np.uint32, len(self.bodies))
        return Contacts(b"".join(self.bodies), lengths, np.array(self.numbers, np.uint64))

    def identifiers(self, names: Sequence[str]) -> pl.DataFrame:
        return pl.DataFrame({name: self._values(name) for name in names}, dict.fromkeys(names, pl.String))

    def frame(self, names: Sequence[str]) -> pl.DataFrame:
        bodies = pl.Series(BODY, [body.decode() for body in self.bodies], pl.String)
        return self.identifiers(names).insert_column(0, bodies)

    def _values(self, name: str) -> list[str]:
        if name == EMAIL:
            return [contact.get("email", EMPTY) for contact in self.contacts_]
        return [contact["attributes"].get(name, EMPTY) for contact in self.contacts_]


def identifiers_of(validator: ContactValidator) -> tuple[str, ...]:
    """Name the identifiers that contacts of a binding can have, in the order of the columns."""
    return tuple(column.attribute for column in validator.binding.columns if column.attribute in IDENTIFIERS)
