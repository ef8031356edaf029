"""Frames judged at once: which rows are plainly good, and what is sent for them.

Knows a binding and a form. The rules are ``plain_values``'; rows that are not plainly good are not refused
here, but left to the validator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import polars as pl

from email_contacts.contacts.batches.forms import Form, Values
from email_contacts.contacts.checks import fast_path_values
from email_contacts.contacts.checks.cell_memory import CellMemory
from email_contacts.contacts.checks.cell_text import CHOICES, text_of
from email_contacts.contacts.checks.fast_path_values import Cells, Plain, PlainRule
from email_contacts.contacts.checks.fast_path_written import is_quick, rule_for
from email_contacts.contacts.column_names import IDENTIFIERS
from email_contacts.contacts.mapping.binding import Binding
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.sources.row_frames import JOINT
from email_contacts.contacts.sources.rows import EMPTY, Frame
from email_contacts.contacts.values.normalising import NULLS

_FREE_TEXT = ("text", "value", "category", "ext_id")
BODY, _GOOD = "body", "good"
BACKSLASH, NULL = "\\", NULLS[0]


@dataclass(frozen=True)
class Judged:
    """What is sent for the rows of a frame.

    :param rows: the column ``body`` and one for each identifier that is bound, named by its attribute; what
        they say of rows that are not plainly good is void. An identifier that a row lacks is empty.
    :param is_good: for each row whether it is plainly good (a NumPy array).
    """

    rows: pl.DataFrame
    is_good: Any


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
        good = [one.is_good for one in plain]
        good += [some.cell.is_not_null() for some in cells if some.texts.null_count()]
        if all(value.may_be_empty for value in identifiers):
            good.append(pl.any_horizontal(value.text != "" for value in identifiers))
        if frame.is_odd is not None:
            good.append(pl.lit(pl.Series(~frame.is_odd)))
        rows = texts.select(
            pl.all_horizontal(good).fill_null(value=False).alias(_GOOD),
            self._form.rows(values).alias(BODY),
            *(value.text.alias(value.attribute) for value in identifiers),
        )
        return Judged(rows, rows.drop_in_place(_GOOD).to_numpy())

    def _cells(self, texts: pl.DataFrame, frame: Frame, reads: Sequence[_Read]) -> list[Cells]:
        """Give the columns, and what is known of them."""
        special = self._form.own_special if frame.is_unescaped else self._form.special
        special = "" if special in frame.lacks else special
        # All is asked in one go: a question by itself costs more than its answer.
        known = texts.select(
            *((pl.col(read.name) == "").any() for read in reads),
            *(read.changing.any().alias(f"{read.name} changes") for read in reads),
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
                known[f"{read.name} changes"],
                special if known.get(f"{read.name} is special") else "",
                marked,
                self._form.escaped,
            )
            for read in reads
        ]

    def _texts(self, frame: Frame, reads: Sequence[_Read]) -> pl.DataFrame:
        """Give each column's text, or what is sent where that is remembered cell by cell."""
        texts = frame.cells.select(read.looked_up.alias(read.name) for read in reads)
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
    """

    attribute: str
    name: str
    text: pl.Expr
    kind: str | None = None
    rule: PlainRule | None = None
    memory: CellMemory | None = None
    is_good: pl.Series | None = None
    is_filled: bool = False

    @property
    def looked_up(self) -> pl.Expr:
        """The text, or the number under which it is remembered."""
        return self.text if self.memory is None else self.memory.numbers(self.text)

    @property
    def is_free_text(self) -> bool:
        """Whether it may hold what the form has to escape."""
        return self.rule is not None and self.kind in _FREE_TEXT

    @property
    def changing(self) -> pl.Expr:
        """Which cells may have to be written otherwise than they stand."""
        changing = fast_path_values.CHANGING.get(self.kind or "")
        return pl.lit(value=False) if changing is None else changing(pl.col(self.name))

    def plain(self, cells: Cells) -> Plain:
        """Give what is sent, and where it may be."""
        if self.is_good is not None:
            return Plain(cells.cell, pl.lit(self.is_good))
        if self.rule is None:
            return Plain(cells.cell, cells.cell.is_not_null(), is_literal=True)
        plain = self.rule(cells)
        return replace(plain, is_good=plain.is_good & (cells.cell != "")) if self.is_filled else plain


class _PlainColumn:
    """A bound column, as its frames are judged."""

    def __init__(self, column: BoundColumn, form: Form) -> None:
        self._column = column
        self._memory = CellMemory(column, form) if _has_few_cells(column) else None
        self._memory_of_lists = (
            CellMemory(column, form, joined_by=JOINT) if column.kind == "multiple_choice" else None
        )
        self._default = _text_of_default(column)

    def read(self, frame: Frame) -> _Read:
        """Say how it is judged in a frame."""
        column, name = self._column, str(self._column.place)
        cells = frame.cells.to_series(column.place)
        may_have_nulls = not (frame.is_unescaped and BACKSLASH in frame.lacks)
        nulls = tuple(word for word in column.nulls if may_have_nulls or BACKSLASH not in word)
        found = text_of(
            pl.col(cells.name), cells.dtype, column.kind, is_trimmed=frame.is_trimmed, nulls=nulls
        )
        if found is not None and may_have_nulls and NULL not in nulls:
            # The only backslash that a cell of such a frame may hold; row by row writes it.
            found = (pl.when(found[0] != NULL).then(found[0]), found[1])
        # Words for yes and no are for text: "true" may be one of them.
        if found is None or (cells.dtype == pl.Boolean and column.rule.booleans):
            # Row by row decides whatever there is, and writes what is sent where nothing is.
            is_good = cells.is_null() & (column.default == EMPTY)
            return _Read(column.attribute, name, pl.repeat("", pl.len()), is_good=is_good)
        text, kind = found
        memory = self._memory_of_lists if kind == CHOICES else self._memory
        if memory is not None:
            return _Read(column.attribute, name, text, memory=memory)
        if self._default is not None:
            text = text.replace("", self._default)
        is_filled = column.default != EMPTY and self._default is None
        return _Read(
            column.attribute,
            name,
            text,
            kind,
            rule_for(column, kind, is_text=cells.dtype == pl.String),
            is_filled=is_filled,
        )


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
