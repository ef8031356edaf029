"""The first half of a preparation: source rows become contacts, rejects, or nothing at all.

Knows the order of things; each step is its own room. Frames are judged at once, and while one is, the
rows of the frame before it that were not plainly good are decided one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl

from email_contacts.contacts.batches.contact_bytes import Contacts
from email_contacts.contacts.batches.forms import Form, NotWritable
from email_contacts.contacts.batches.identity import Records, records_of
from email_contacts.contacts.batches.parts import PartWriter
from email_contacts.contacts.checks.fast_path_rejects import FastPathRejects
from email_contacts.contacts.checks.fast_path_rows import BODY, FastPathRows, Judged
from email_contacts.contacts.checks.rejected_identifiers import Identifiers, RejectedIdentifiers
from email_contacts.contacts.checks.validation import ContactValidator
from email_contacts.contacts.column_names import IDENTIFIERS
from email_contacts.contacts.decided_rows import DecidedRows, OptedOut, opted_out_by
from email_contacts.contacts.passed_over_rows import PassedOverRows
from email_contacts.contacts.read_ahead import ahead
from email_contacts.contacts.sources.narrow_floats import lose_digits, with_lost_digits
from email_contacts.contacts.sources.row_frames import frame_of
from email_contacts.contacts.sources.rows import (
    EMPTY,
    Block,
    Frame,
    RefusedRow,
    Row,
    RowFault,
    Rows,
)
from email_contacts.contacts.sources.selection import RowSelection, numbered
from email_contacts.contacts.sources.typed import frame_rows, rows_at
from email_contacts.contacts.staging.rejects import Reject, RejectsFile, frame_of_rejects
from email_contacts.contacts.text_views import bytes_of

_HALF = ("type", "A text of the row holds half a character (a lone surrogate): correct it in the source.")
_LONGEST_KEY = 1_000


class RowValidation:
    """Sifts the rows of a source.

    :param rows: the opened source.
    :param validator: what a valid contact is.
    :param form: how contacts are written.
    :param part: where valid contacts go.
    :param rejects: where the other rows go.
    :param only: the rows that are read; None: all. Of the others those are kept that say who has opted out,
        which counts for all rows of the person.
    :param said_no: the numbers of rows without consent, as far as the source was read.
    """

    def __init__(
        self,
        rows: Rows,
        validator: ContactValidator,
        form: Form,
        part: PartWriter,
        rejects: RejectsFile,
        only: RowSelection | None = None,
        said_no: Sequence[int] = (),
    ) -> None:
        self._rows = rows
        self._validator = validator
        self._form = form
        self._part = part
        self._rejects = rejects
        self._only = only
        self._passed_over = PassedOverRows(said_no, self._with_exact_digits)
        self.last_row = only.last if only is not None else 0
        self._key_place = validator.binding.key_place
        self._identifiers = identifiers_of(validator)
        self._places_of_identifiers = [
            column.place for column in validator.binding.columns if column.attribute in IDENTIFIERS
        ]
        self._narrow = [
            place for place in self._places_of_identifiers if rows.columns[place] in rows.narrow_columns
        ]
        self._plain = FastPathRows(validator.binding, form)
        self._certain = FastPathRejects(validator)
        self._contact_of = validator.binding.reader(text_only=rows.text_only)
        self.read = 0

    @cached_property
    def _rejected_identifiers(self) -> RejectedIdentifiers:
        """What reads who rejected rows are about; made for the first of which that is asked."""
        return RejectedIdentifiers(self._validator)

    def blocks(self) -> Iterator[int]:
        """Sift block by block; gives the rows read so far after each."""
        blocks = numbered(self._rows.blocks(), self._only, self._passed_over.look_at)
        # Four stages, each on a block of its own: cut into cells, judged, sorted, kept.
        ahead_of = ahead if self._rows.reads_ahead else iter
        judged = map(self._judge, ahead_of(blocks))
        for block in ahead_of(map(self._sort, ahead_of(judged))):
            self._keep(block)
            self.read += len(block.rows)
            self._keep_passed_over()
            yield self.read
        self._keep_passed_over()

    def _keep_passed_over(self) -> None:
        if people := self._passed_over.people(lambda: self._rejected_identifiers):
            self._keep_opted_out(people)
            self.last_row = max(self.last_row, people[-1].row)

    def _with_exact_digits(self, rows: Block) -> Block:
        """Make identifiers of which a float has lost digits such as nobody has."""
        if isinstance(rows, Frame):
            if self._rows.text_only:
                return rows
            return replace(rows, cells=with_lost_digits(rows.cells, self._places_of_identifiers))
        if self._narrow:
            lose_digits(rows, self._narrow)
        return rows

    def _judge(self, block: tuple[Block, Any]) -> _JudgedBlock:
        rows, numbers = self._with_exact_digits(block[0]), block[1]
        frame = rows if isinstance(rows, Frame) else frame_of(rows, len(self._rows.columns))
        return _JudgedBlock(rows, numbers, frame, self._plain.judge(frame))

    def _sort(self, block: _JudgedBlock) -> _SortedBlock:
        frame, judged, numbers = block.frame, block.judged, block.numbers
        is_good = judged.is_good & ~marked(frame.faults, len(frame))
        found = judged.rows if is_good.all() else judged.rows.filter(pl.Series(is_good))
        rejects = self._rejected(frame, judged, numbers)
        others = ~is_good
        places = rejects.drop_in_place("place").to_numpy()
        others[places] = False
        rejected = []
        if self._part.names_rejects and len(places):
            rejected = list(self._rejected_identifiers.of_frame(frame.cells[places]))
        good = Contacts(*bytes_of(found.get_column(BODY)), numbers[is_good])
        records = list(records_of(found, good.rows))
        return _SortedBlock(block.rows, numbers, good, records, rejects, rejected, np.flatnonzero(others))

    def _rejected(self, frame: Frame, judged: Judged, numbers: Any) -> pl.DataFrame:
        """Reject the rows that are certainly wrong; the fields of ``Reject`` as columns, and the place."""
        places = np.flatnonzero(~judged.is_good)
        is_read = ~marked(frame.faults, len(frame))[places]
        found = self._certain.of(frame, places[is_read], judged.first[is_read])
        places = found.get_column("place").to_numpy()
        rows = numbers[places]
        if self._key_place is None:
            keys = [self._rows.place(number) for number in rows.tolist()]
        else:
            cells = frame.cells[places].select(frame.cells.columns[self._key_place])
            keys = [_as_key(row[0]) for row in cast("list[Row]", frame_rows(cells))]
        return found.select(
            pl.Series("row", rows, pl.Int64), pl.Series("key", keys, pl.String), *found.columns
        )

    def _keep(self, block: _SortedBlock) -> None:
        kept, good = self._kept(_cells_of(block)), block.good
        # Polars' threads are busy with the blocks that follow: nothing is asked of them without need.
        rejects = block.rejects
        if kept.rejects:
            rejects = pl.concat([rejects, frame_of_rejects(kept.rejects)]).sort("row")
        self._rejects.add_all(rejects)
        self._part.reject([*block.rejected, *kept.rejected])
        self._part.know(block.records)
        if kept.numbers:
            good = good.merged(kept.contacts())
            self._part.know(records_of(kept.identifiers(self._identifiers), kept.numbers))
        if kept.opted_out:
            self._keep_opted_out(kept.opted_out)
        self._part.add(good)

    def _keep_opted_out(self, people: Sequence[OptedOut]) -> None:
        """Keep who has opted out, for other rows about the same person."""
        values = {name: [one.who.get(name) or EMPTY for one in people] for name in self._identifiers}
        identifiers = pl.DataFrame(values, dict.fromkeys(values, pl.String))
        self._part.know(records_of(identifiers, [one.row for one in people]))
        for what in sorted({what for one in people for what in one.opted_out}):
            self._part.opt_out(what, [one.row for one in people if what in one.opted_out])

    def _kept(self, rows: Iterable[tuple[int, Row | RowFault]]) -> DecidedRows:
        """Decide rows one by one.

        This loop runs for every such row, so what it calls is looked up before it.
        """
        contact_of, is_valid = self._contact_of, self._validator.is_valid
        kept = DecidedRows()
        keep_number, keep_body, keep_contact = kept.numbers.append, kept.bodies.append, kept.people.append
        write = self._form.row

        names_rejects = self._part.names_rejects

        def keep_reject(reject: Reject, cells: Row | None, opted_out: tuple[str, ...] = ()) -> None:
            kept.rejects.append(reject)
            if names_rejects or opted_out:
                who = {} if cells is None else self._rejected_identifiers.of(cells)
                kept.rejected += [who] if names_rejects else []
                kept.opted_out += opted_out_by(reject.row, opted_out, who)

        for number, cells in rows:
            if isinstance(cells, RowFault):
                reject = Reject(number, self._rows.place(number), "", cells.rule, cells.message)
                refused = cells if isinstance(cells, RefusedRow) else RefusedRow(cells.rule, cells.message)
                keep_reject(reject, refused.cells, refused.opted_out)
                continue
            try:
                is_good = is_valid(contact := contact_of(cells))
            except UnicodeEncodeError:  # so may be its key
                keep_reject(Reject(number, self._rows.place(number), "", *_HALF), None)
                continue
            if is_good:
                try:
                    keep_body(write(contact))
                except NotWritable as why:
                    key = self._key(number, cells)
                    keep_reject(self._validator.unwritable(number, key, cells, contact, str(why)), cells)
                    continue
                keep_number(number)
                keep_contact(contact)
            else:
                keep_reject(self._validator.reject(number, self._key(number, cells), cells, contact), cells)
        return kept

    def _key(self, number: int, cells: Row) -> str:
        if self._key_place is None:
            return self._rows.place(number)
        return _as_key(cells[self._key_place])


def _as_key(cell: Any) -> str:
    # Readers of CSV take cells up to a limit; a key that names a row is far below it.
    return str(cell)[:_LONGEST_KEY]


class _JudgedBlock(NamedTuple):
    """A block of the source with what the fast path says of its rows."""

    rows: Block
    numbers: Any
    frame: Frame
    judged: Judged


@dataclass(frozen=True)
class _SortedBlock:
    """A block of the source, its rows sorted: good ones, rejects, and others.

    :param rows: the block.
    :param numbers: of its rows.
    :param good: the contacts of the rows that are plainly good.
    :param records: who they are.
    :param rejects: the rows that are certainly wrong; the fields of ``Reject`` as columns.
    :param rejected: the identifiers of those rows, where they are kept.
    :param others: the places of the other rows.
    """

    rows: Block
    numbers: Any
    good: Contacts
    records: Sequence[tuple[str, Records]]
    rejects: pl.DataFrame
    rejected: Sequence[Identifiers]
    others: Any


def _cells_of(block: _SortedBlock) -> Iterator[tuple[int, Row | RowFault]]:
    """Yield the rows of a block that one by one has to decide, with their numbers."""
    rows, places = block.rows, block.others.tolist()
    if not places:
        return iter(())
    some = rows_at(rows, places) if isinstance(rows, Frame) else map(rows.__getitem__, places)
    return zip(block.numbers[block.others].tolist(), some, strict=True)


def identifiers_of(validator: ContactValidator) -> tuple[str, ...]:
    """Name the identifiers that contacts of a binding can have, in the order of the columns."""
    return tuple(column.attribute for column in validator.binding.columns if column.attribute in IDENTIFIERS)


def marked(places: Iterable[int], count: int) -> Any:
    """Mark places among so many."""
    marks = np.zeros(count, bool)
    marks[list(places)] = True
    return marks
