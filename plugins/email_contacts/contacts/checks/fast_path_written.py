"""Which values are plainly good of columns that are written as the mapping says: numbers and dates.

Knows rules of columns. It brings text to the form that ``fast_path_values`` judges, where row by row would.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date as day_of
from functools import partial

import polars as pl

from email_contacts.contacts.checks import fast_path_phones, fast_path_values
from email_contacts.contacts.checks.fast_path_values import DATE, DATE_TIME, Cells, Plain, PlainRule
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.mapping.rules import ColumnRule
from email_contacts.contacts.values import numerals
from email_contacts.contacts.values.dates import EXCEL, ISO, TIME_OF_DAY, DayFormat, without_time

_SERIAL = r"^[1-9][0-9]{1,6}(?:\.[0-9]+)?$"
_FIRST_SERIAL, _LAST_SERIAL = 61, 2_958_465
_EPOCH_OF_EXCEL = day_of(1899, 12, 30)


def rule_for(column: BoundColumn, kind: str, *, is_text: bool) -> PlainRule:
    """Return the rule that judges cells of a column.

    :param kind: of their text; it may be another one than the column's.
    :param is_text: whether the cells are text; separators and formats are for text, and 1.5 of a database is
        not 15.
    """
    rule = column.rule
    if kind == "phone":
        return partial(fast_path_phones.phone, region=rule.region, nulls=column.nulls)
    if is_text and kind == "number" and (rule.decimal or rule.thousands):
        return partial(number, rule=rule)
    if is_text and kind == "date" and rule.formats:
        return partial(date, formats=rule.formats)
    return fast_path_values.RULES[kind]


def is_quick(formats: tuple[str, ...]) -> bool:
    """Return whether dates in these formats are judged many at once."""
    return all(said in (ISO, EXCEL) or DayFormat(without_time(said)).plain_directives for said in formats)


def number(cells: Cells, rule: ColumnRule) -> Plain:
    """Accept numbers with separators of their own."""
    decimal = rule.decimal or numerals.POINT
    cell = cells.cell
    bare = cell
    for separator in numerals.alike(rule.thousands):
        bare = bare.str.replace_all(separator, "", literal=True)
    if decimal != numerals.POINT:
        bare = bare.str.replace(decimal, numerals.POINT, literal=True)
    frame = pl.DataFrame(cells.texts).select(
        bare.alias(cells.texts.name),
        cell.str.contains(f"^(?:{numerals.grammar(decimal, rule.thousands)})$").alias("is written"),
    )
    texts, is_written = frame.to_series(0), frame.to_series(1)
    changing = frame.select(fast_path_values.CHANGING["number"](pl.col(texts.name)).any()).item()
    plain = fast_path_values.number(replace(cells, texts=texts, may_change=bool(changing)))
    text, good = frame.select(plain.text.alias("text"), plain.good.alias("good"))
    return Plain(pl.lit(text), cells.or_empty(pl.lit(good & is_written)), is_literal=True)


def date(cells: Cells, formats: tuple[str, ...]) -> Plain:
    """Accept days of the calendar in formats of digits; a time of day goes."""
    cell = cells.cell
    day = cell
    if cells.texts.str.contains(":", literal=True).any():
        day = pl.when(cell.str.contains(":", literal=True)).then(cell.str.replace(f"{TIME_OF_DAY}$", ""))
        day = day.otherwise(cell)
    read = pl.coalesce(_day_in(said, cell, day) for said in formats)
    texts = cells.texts.to_frame().select(read.fill_null("")).to_series()
    good = texts.str.contains(DATE)
    return Plain(pl.lit(texts), cells.or_empty(pl.lit(good)))


def _day_in(said: str, cell: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Return the day in a format; null where a cell is not in it."""
    if said == ISO:
        read = pl.when(cell.str.contains(DATE)).then(cell)
        return read.when(cell.str.contains(DATE_TIME)).then(
            cell.str.slice(0, fast_path_values.LENGTH_OF_A_DAY)
        )
    if said == EXCEL:
        serial = pl.when(cell.str.contains(_SERIAL)).then(cell.str.extract(r"^([0-9]+)")).cast(pl.Int32)
        is_serial = serial.is_between(_FIRST_SERIAL, _LAST_SERIAL)
        return pl.when(is_serial).then(pl.lit(_EPOCH_OF_EXCEL) + pl.duration(days=serial)).cast(pl.String)
    day_format = DayFormat(without_time(said))
    shape = re.sub(r"\(\?P<[a-z]+>", "(?:", day_format.pattern)
    found = pl.when(day.str.contains(f"^(?:{shape})$")).then(day)
    return found.str.to_date(day_format.plain_directives, strict=False, exact=True).cast(pl.String)
