"""Frames judged at once: which rows are plainly good, and what is sent for them.

Knows a binding and a form. The rules are ``plain_values``'; rows that are not plainly good are not refused
here, but left to the validator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson
import polars as pl

from email_contacts.contacts.checks import plain_values
from email_contacts.contacts.checks.cell_memory import CellMemory
from email_contacts.contacts.checks.cell_text import CHOICES, text_of
from email_contacts.contacts.checks.plain_values import Cells, Plain
from email_contacts.contacts.mapping.binding import Binding
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.mapping.column_names import IDENTIFIERS
from email_contacts.contacts.sources.framing import JOINT
from email_contacts.contacts.sources.rows import EMPTY, Frame
from email_contacts.contacts.staging.forms import Form, Values

BODY, _GOOD = "body", "good"


@dataclass(frozen=True)
class Judged:
    """What is sent for the rows of a frame.

    :param rows: the column ``body`` and one for each identifier that is bound, named by its attribute; what
        they say of rows that are not plainly good is void. An identifier that a row lacks is empty.
    :param is_good: for each row whether it is plainly good (a NumPy array).
    """

    rows: pl.DataFrame
    is_good: Any


class PlainRows:
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
        texts = frame.cells.select(column.text(frame) for column in self._columns)
        changed = [
            column.looked_up(texts.get_column(column.name), frame)
            for column in self._columns
            if column.is_looked_up
        ]
        texts = texts.with_columns(changed) if changed else texts
        may_be_empty = texts.select((pl.all() == "").any()).row(0)
        special = self._form.own_special if frame.is_unescaped else self._form.special
        special = "" if special in frame.lacks else special
        plain = [
            column.plain(Cells(texts.get_column(column.name), bool(empty), special), frame)
            for column, empty in zip(self._columns, may_be_empty, strict=True)
        ]
        values = [
            Values(column.attribute, one.text, one.is_literal, bool(empty))
            for column, one, empty in zip(self._columns, plain, may_be_empty, strict=True)
        ]
        identifiers = [value for value in values if value.attribute in IDENTIFIERS]
        good = [one.is_good for one in plain]
        if all(value.may_be_empty for value in identifiers):
            good.append(pl.any_horizontal(value.text != "" for value in identifiers))
        if frame.is_odd is not None:
            good.append(pl.lit(pl.Series(~frame.is_odd)))
        rows = texts.select(
            pl.all_horizontal(good).alias(_GOOD),
            self._form.rows(values).alias(BODY),
            *(value.text.alias(value.attribute) for value in identifiers),
        )
        return Judged(rows.drop(_GOOD), rows.get_column(_GOOD).fill_null(value=False).to_numpy())


class _PlainColumn:
    """A bound column, as its frames are judged."""

    def __init__(self, column: BoundColumn, form: Form) -> None:
        self.attribute = column.attribute
        self.name = str(column.place)
        self._column = column
        self._form = form
        self._memory = CellMemory(column, form) if _has_few_cells(column) else None
        self._memory_of_lists = (
            CellMemory(column, form, joined_by=JOINT) if column.kind == "multiple_choice" else None
        )
        self._default = self._default_text()
        self.is_looked_up = self._memory is not None or self._default is not None

    def text(self, frame: Frame) -> pl.Expr:
        """Give its trimmed text; empty too where only row by row can read it."""
        found = self._read(frame)
        return (pl.repeat("", pl.len()) if found is None else found[0]).alias(self.name)

    def looked_up(self, texts: pl.Series, frame: Frame) -> pl.Series:
        """Give what is sent, where that is remembered cell by cell; else the text."""
        found = self._read(frame)
        memory = self._memory_of_lists if found is not None and found[1] == CHOICES else self._memory
        if memory is not None:
            texts = memory.written(texts)
        return (texts if self._default is None else texts.replace("", self._default)).alias(self.name)

    def plain(self, cells: Cells, frame: Frame) -> Plain:
        """Give the rule by which it is judged."""
        found = self._read(frame)
        if found is None:
            # Row by row decides whatever there is, and writes what is sent where nothing is.
            is_nothing = frame.cells.to_series(self._column.place).is_null()
            return Plain(cells.cell, pl.lit(is_nothing) & (self._column.default == EMPTY))
        if self._memory is not None:
            return Plain(cells.cell, cells.cell.is_not_null(), is_literal=True)
        plain = plain_values.RULES[found[1]](cells)
        if self._column.default != EMPTY and self._default is None:
            return replace(plain, is_good=plain.is_good & (cells.cell != ""))
        return plain

    def _read(self, frame: Frame) -> tuple[pl.Expr, str] | None:
        cells = frame.cells.to_series(self._column.place)
        if cells.dtype == pl.Boolean and self._column.rule.booleans:
            return None  # words for yes and no are for text: "true" may be one of them
        return text_of(pl.col(cells.name), cells.dtype, self._column.kind, is_trimmed=frame.is_trimmed)

    def _default_text(self) -> str | None:
        """Give the text by which the default is judged as a cell is; None where there is none."""
        default = self._column.default
        if default == EMPTY:
            return None
        if self._memory is not None:
            return self._form.literal(default)
        if isinstance(default, str):
            return default
        return orjson.dumps(default).decode() if self._column.kind == "number" else None


def _has_few_cells(column: BoundColumn) -> bool:
    """Say whether the cells of a column are worth remembering, or have no rule of their own."""
    if column.kind in ("boolean", "multiple_choice") or column.rule.spellings:
        return True
    return bool(column.labels) or (column.kind == "date" and column.rule.format is not None)
