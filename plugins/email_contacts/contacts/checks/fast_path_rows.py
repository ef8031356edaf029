"""Frames judged at once: which rows are plainly good, and what is sent for them.

Knows a binding and a form. The rules are ``plain_values``'; rows that are not plainly good are not refused
here, but left to the validator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import polars as pl

from email_contacts.contacts.batches.forms import Form, Values
from email_contacts.contacts.checks import fast_path_values
from email_contacts.contacts.checks.cell_memory import CellMemory
from email_contacts.contacts.checks.cell_text import CHOICES, are_days, text_of
from email_contacts.contacts.checks.fast_path_values import Cells, Plain, PlainRule
from email_contacts.contacts.checks.fast_path_written import is_quick, rule_for
from email_contacts.contacts.column_names import IDENTIFIERS
from email_contacts.contacts.mapping.binding import Binding
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.sources.row_frames import BYTES, JOINT
from email_contacts.contacts.sources.rows import EMPTY, Frame
from email_contacts.contacts.values.normalising import NULLS

_FREE_TEXT = ("text", "value", "category", "ext_id")
BODY = "body"
BACKSLASH, NULL = "\\", NULLS[0]


@dataclass(frozen=True)
class Judged:
    """What is sent for the rows of a frame.

    :param rows: the column ``body`` and one for each identifier that is bound, named by its attribute; what
        they say of rows that are not plainly good is void. An identifier that a row lacks is empty.
    :param is_good: for each row whether it is plainly good (a NumPy array).
    :param first: for each row that is not, in their order, the index of the first bound column that is not (a
        NumPy array): the columns before it are valid. The number of columns where nothing but an identifier
        is missing; -1 where nothing is known.
    """

    rows: pl.DataFrame
    is_good: Any
    first: Any


class FastPathRows:
    """Judges frames.

    :param binding: what the columns are.
    :param form: how contacts are written.
    """

    def __init__(self, binding: Binding, form: Form) -> None:
        self._columns = [_PlainColumn(column, form) for column in binding.columns]
        self._form = form

    def judge(self, frame: Frame) -> Judged:
        """Judge the rows of a frame.

        :param frame: its cells are the columns of the source, in their order.
        """
        reads = [column.read(frame) for column in self._columns]
        texts = self._texts(frame, reads)
        cells = self._cells(texts, frame, reads)
        plain = [read.plain(some) for read, some in zip(reads, cells, strict=True)]
        values = [
            Values(read.attribute, one.text, one.is_literal, some.may_be_empty)
            for read, some, one in zip(reads, cells, plain, strict=True)
        ]
        identifiers = [value for value in values if value.attribute in IDENTIFIERS]
        verdicts = [
            one.where(some.cell.is_not_null()).is_good if some.texts.null_count() else one.is_good
            for some, one in zip(cells, plain, strict=True)
        ]
        if all(value.may_be_empty for value in identifiers):
            verdicts.append(pl.any_horizontal(value.text != "" for value in identifiers))
        # Where all cells of a column are good, nothing is asked of single ones.
        asked = {place: verdict for place, verdict in enumerate(verdicts) if verdict is not None}
        body = self._form.rows(values)
        made = texts.select(
            *body.columns,
            *(value.text.alias(value.attribute) for value in identifiers),
            *(verdict.fill_null(value=False).alias(f"{place} is good") for place, verdict in asked.items()),
        ).get_columns()
        place = len(body.columns)
        rows = [body.of(made[:place]).alias(BODY), *made[place : place + len(identifiers)]]
        found = pl.DataFrame(made[place + len(identifiers) :])
        is_good = found.select(pl.all_horizontal(pl.all())).to_series().to_numpy()
        if frame.is_odd is not None:
            is_good = is_good & ~frame.is_odd
        return Judged(pl.DataFrame(rows), is_good, _first(found, frame, is_good, places=list(asked)))

    def _cells(self, texts: pl.DataFrame, frame: Frame, reads: Sequence[_Read]) -> list[Cells]:
        """Give the columns, and what is known of them."""
        special = self._form.own_special if frame.is_unescaped else self._form.special
        special = "" if special in frame.lacks else special
        # All is asked in one go: a question by itself costs more than its answer.
        known = texts.select(
            (pl.all() == "").any(),
            *(
                read.changing.any().alias(f"{read.name} changes")
                for read in reads
                if read.changing is not None
            ),
            *(
                pl.col(read.name).str.contains(special).any().alias(f"{read.name} is special")
                for read in reads
                if special and read.is_free_text
            ),
        ).row(0, named=True)
        marked = fast_path_values.APOSTROPHE not in frame.lacks
        return [
            Cells(
                texts.get_column(read.name),
                known[read.name],
                known.get(f"{read.name} changes", False),
                special if known.get(f"{read.name} is special") else "",
                marked,
                self._form.escaped,
            )
            for read in reads
        ]

    def _texts(self, frame: Frame, reads: Sequence[_Read]) -> pl.DataFrame:
        """Give each column's text, or what is sent where that is remembered cell by cell."""
        made = frame.cells.select(read.looked_up.alias(read.name) for read in reads if not read.is_as_it_is)
        # A column that needs nothing done to it is taken without asking: there may be hundreds.
        texts = pl.DataFrame(
            [
                frame.cells.to_series(column.place).alias(read.name) if read.is_as_it_is else made[read.name]
                for column, read in zip(self._columns, reads, strict=True)
            ]
        )
        for place, read in enumerate(reads):
            if read.memory is None:
                continue
            numbers = texts.to_series(place)
            if numbers.null_count() and read.memory.learn(frame.cells.select(read.text).to_series()):
                numbers = frame.cells.select(read.looked_up).to_series()
            texts.replace_column(place, read.memory.written(numbers).alias(read.name))
        return texts


@dataclass(frozen=True)
class _Read:
    """A column of a frame, as it is to be judged.

    :param attribute: what it becomes.
    :param name: its name among others.
    :param text: its trimmed text.
    :param kind: of the text, where a rule judges it.
    :param rule: which one.
    :param memory: what its cells become, where that is remembered.
    :param is_good: which rows are good, where no rule of text says so.
    :param is_filled: whether empty cells are left to row by row.
    :param is_as_it_is: whether the text is the cells themselves.
    """

    attribute: str
    name: str
    text: pl.Expr
    kind: str | None = None
    rule: PlainRule | None = None
    memory: CellMemory | None = None
    is_good: pl.Series | None = None
    is_filled: bool = False
    is_as_it_is: bool = False

    @property
    def looked_up(self) -> pl.Expr:
        """The text, or the number under which it is remembered."""
        return self.text if self.memory is None else self.memory.numbers(self.text)

    @property
    def is_free_text(self) -> bool:
        """Whether it may hold what the form has to escape."""
        return self.rule is not None and self.kind in _FREE_TEXT

    @property
    def changing(self) -> pl.Expr | None:
        """Which cells may have to be written otherwise than they stand; None where none has."""
        changing = fast_path_values.CHANGING.get(self.kind or "")
        return None if changing is None else changing(pl.col(self.name))

    def plain(self, cells: Cells) -> Plain:
        """Give what is sent, and where it may be."""
        if self.is_good is not None:
            return Plain(cells.cell, pl.lit(self.is_good))
        if self.rule is None:
            return Plain(cells.cell, is_literal=True)
        plain = self.rule(cells)
        return plain.where(cells.cell != "") if self.is_filled else plain


class _PlainColumn:
    """A bound column, as its frames are judged."""

    def __init__(self, column: BoundColumn, form: Form) -> None:
        self._column = column
        self._memory = CellMemory(column, form) if _has_few_cells(column) else None
        self._memory_of_lists = (
            CellMemory(column, form, joined_by=JOINT) if column.kind == "multiple_choice" else None
        )
        self._default = _text_of_default(column)
        self._name = str(column.place)
        self._said: tuple[Any, ...] = ()
        self._read: _Read | None = None
        self.place = column.place

    def read(self, frame: Frame) -> _Read:
        """Say how it is judged in a frame."""
        cells = frame.cells.to_series(self.place)
        may_have_nulls = not (frame.is_unescaped and BACKSLASH in frame.lacks)
        said = (cells.name, cells.dtype, frame.is_trimmed, not cells.null_count(), may_have_nulls)
        if said != self._said:  # most frames are like the one before
            self._said, self._read = said, self._read_as(*said)
        if self._read is None:
            # Row by row decides whatever there is, and writes what is sent where nothing is.
            is_good = cells.is_null() & (self._column.default == EMPTY)
            return _Read(self._column.attribute, self._name, pl.repeat("", pl.len()), is_good=is_good)
        return self._read

    def _read_as(
        self, source: str, dtype: pl.DataType, is_trimmed: bool, is_filled: bool, may_have_nulls: bool
    ) -> _Read | None:
        """Say how cells of a type are judged; None where row by row has to."""
        column = self._column
        nulls = tuple(word for word in column.nulls if may_have_nulls or BACKSLASH not in word)
        cell = pl.col(source)
        found = text_of(cell, dtype, column.kind, is_trimmed=is_trimmed, is_filled=is_filled, nulls=nulls)
        if found is None:
            return None
        text, kind = found
        if may_have_nulls and NULL not in nulls:
            # The only backslash that a cell of such a frame may hold; row by row writes it.
            text = pl.when(text != NULL).then(text)
        memory = self._memory_of_lists if kind == CHOICES else self._memory
        if kind == "date" and are_days(dtype):
            memory = None  # which is of text, and of its formats
        if memory is not None:
            return _Read(column.attribute, self._name, text, memory=memory)
        if self._default is not None:
            text = text.replace("", self._default)
        return _Read(
            column.attribute,
            self._name,
            text,
            kind,
            rule_for(column, kind, is_text=dtype in (pl.String, BYTES)),
            is_filled=column.default != EMPTY and self._default is None,
            is_as_it_is=text is cell,
        )


def _first(verdicts: pl.DataFrame, frame: Frame, is_good: Any, *, places: Sequence[int]) -> Any:
    """Return the first verdict that is not good, of each row that is not; of odd rows none is known.

    :param places: of the verdicts, among those of all columns.
    """
    if is_good.all():
        return np.empty(0, np.int64)
    first = np.array(places)[np.argmin(verdicts.filter(pl.Series(~is_good)).to_numpy(), axis=1)]
    if frame.is_odd is not None:
        first[frame.is_odd[~is_good]] = -1
    return first


def _has_few_cells(column: BoundColumn) -> bool:
    """Say whether the cells of a column are worth remembering, or have no rule of their own."""
    if column.kind in ("boolean", "multiple_choice") or column.rule.spellings:
        return True
    return bool(column.labels) or (column.kind == "date" and not is_quick(column.rule.formats))


def _text_of_default(column: BoundColumn) -> str | None:
    """Give the text by which a default is judged as a cell is; None where there is none."""
    if column.default == EMPTY or isinstance(column.default, str):
        return column.default or None
    return orjson.dumps(column.default).decode() if column.kind == "number" else None
