"""The quick way past the validator, on the typed cells of databases and Parquet: it gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import polars as pl
import pytest

from email_contacts.contacts import AccountAttribute, Mapping
from email_contacts.contacts.mapping.binding import Binding
from email_contacts.contacts.sources.row_frames import BYTES, frame_of
from email_contacts.contacts.sources.rows import Day, Frame
from tests.amount import amount
from tests.contacts.checks.agreement import Agreement
from tests.contacts.checks.generated_cells import odd_cells, usual_cells
from tests.contacts.checks.generated_rows import bound


def typed_frame(random: Random, rows: int) -> Frame:
    """Generate cells of a database or of Parquet, for the columns of ``TYPED``."""
    email, text, country = (
        [*usual_cells(kind, random, 30), *odd_cells(kind, random, 60)[:60], None]
        for kind in ("email", "text", "category")
    )
    wholes = (0, 1, -1, 7, 10, 2**53 - 1, 2**53, -(2**53), 2**63 - 1, None, 491512345678, 10**15 - 1, 10**15)
    # fmt: off
    floats = (0.0, -0.0, 5.0, 12.5, 100.0, 0.1 + 0.2, 1e-5, 1e-4, 1e15, 1e16, 1e22, 1e300, 123456789.123456,
              5e-324, float("nan"), float("inf"), float("-inf"), None, -2.25, 1 / 3, 2.0**53, 1234567.0)
    # fmt: on
    days = (date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31), date(1990, 1, 5), None)
    moments = (datetime(2024, 2, 29, 12, 30), datetime(1, 1, 1), datetime(2020, 1, 1, 1, 2, 3, 456_789), None)
    decimals = (Decimal("1.50"), Decimal("2.00"), Decimal("0.00"), Decimal("-7.25"), None)
    choices: Sequence[Any] = (["books"], ["books", "music", "books"], [], ["chess"], [None], None)
    columns: dict[str, tuple[Any, Sequence[Any]]] = {
        "email": (pl.String, email),
        "ext_id": (pl.Int64, wholes),
        "sms": (pl.Int64, (*wholes, 447700900123, 491512345678)),
        "text": (pl.String, text),
        "country": (pl.String, country),
        "small": (pl.UInt8, (0, 1, 255, None)),
        "float": (pl.Float64, floats),
        "single": (pl.Float32, (0.1, 5.0, -0.0, 1e10, 1e-7, None, 16777216.0, float("nan"))),
        "yes": (pl.Boolean, (True, False, None)),
        "day": (pl.Date, days),
        "moment": (pl.Datetime("us"), moments),
        "decimal": (pl.Decimal(12, 2), decimals),
        "list": (pl.List(pl.String), choices),
        "nothing": (pl.Null, (None,)),
        "span": (pl.Duration, (None, None, None, None, timedelta(1))),
    }
    return Frame(
        pl.DataFrame(
            {
                name: pl.Series(name, random.choices(some, k=rows), kind)
                for name, (kind, some) in columns.items()
            }
        )
    )


TYPED_COLUMNS = "email,ext_id,sms,text,country,small,float,single,yes,day,moment,decimal,list,nothing,span"
KINDS_OF_TYPED = {
    "usual": "text,category,number,number,number,boolean,date,date,number,multiple_choice,text,text",
    "others": "number,text,boolean,text,boolean,text,text,category,text,number,multiple_choice,number",
    "strange": "date,boolean,category,boolean,category,number,number,number,boolean,date,number,date",
    "as text": "text,text,text,date,multiple_choice,category,category,boolean,category,text,text,text",
}
DEFAULTS = {
    "text": "é",
    "category": "DE",
    "number": 5,
    "boolean": True,
    "date": "1999-12-31",
    "multiple_choice": ["music"],
}
# Those of which a float, a decimal or a list has none, and others that are nearly one of them, among them.
NULLS = (
    *("-1", "0", "7", "255", "5.0", "12.5", "-7.25", "1.50", "0.1", "2", "true", "-0", "nan", "1e15", "007"),
    *("999999999999999", "1000000000000000", "9007199254740992", "0.30000000000000004", "0.1000000000000000"),
    *("1990-01-05", "2024-02-29", "2024-02-29T12:30:00"),
)


def typed_binding(kinds: Sequence[str], *, defaults: bool, nulls: Sequence[str]) -> Binding:
    columns = TYPED_COLUMNS.split(",")
    kind_of = dict(zip(columns[3:], kinds, strict=True))
    account = [
        AccountAttribute(name.upper(), kind, ("DE", "FR", "1", "255") if kind == "category" else ())
        for name, kind in kind_of.items()
    ]
    rules: dict[str, Any] = {name: name.upper() for name in columns[:3]}
    rules |= {
        name: {"attribute": name.upper()} | ({"default": DEFAULTS[kind]} if defaults else {})
        for name, kind in kind_of.items()
    }
    mapping = Mapping.from_json({"columns": rules, "nulls": list(nulls)})
    return bound(TYPED_COLUMNS, account_attributes=account, mapping=mapping)


@pytest.mark.parametrize(
    ("defaults", "nulls"),
    [(False, ()), (True, ()), (False, ("NaN",)), (False, NULLS), (True, NULLS)],
    ids=["", "defaults", "NaN is nothing", "numbers are nothing", "numbers are nothing, defaults"],
)
@pytest.mark.parametrize("name", [*KINDS_OF_TYPED, "no account"])
def test_typed_rows(name: str, defaults: bool, nulls: Sequence[str]) -> None:
    if name == "no account":
        binding = bound(TYPED_COLUMNS)
    else:
        binding = typed_binding(KINDS_OF_TYPED[name].split(","), defaults=defaults, nulls=nulls)
    rows, seen = amount(1_500, quick=120), 0
    for columns in (TYPED_COLUMNS.split(","), *([column] for column in TYPED_COLUMNS.split(",")[1:])):
        kept = {*columns, "email"}
        some = [column for column in binding.columns if column.name in kept]
        narrow = Binding(tuple(replace(column, place=place) for place, column in enumerate(some)))
        agreement = Agreement(narrow)
        frame = typed_frame(Random(name), rows)
        agreement.check(Frame(frame.cells.select(column.name for column in some)), text_only=False)
        seen += agreement.plain
    assert seen > 0.6 * rows


@pytest.mark.parametrize("nulls", [[], ["nan"]])
def test_identifiers_that_are_floats(nulls: Sequence[str]) -> None:
    """As data frames have them where some are missing."""
    mapping = Mapping.from_json({"columns": {"ext_id": "EXT_ID", "sms": "SMS"}, "nulls": nulls})
    agreement = Agreement(bound("ext_id,sms", mapping=mapping))
    ids = (1001.0, 1001.5, 2.0**53, float("nan"), float("inf"), None)
    phones = (33612345678.0, 7.0, float("nan"), None)
    pairs = [(one, phone) for one in ids for phone in phones]
    cells = pl.DataFrame(pairs, schema={"ext_id": pl.Float64, "sms": pl.Float64}, orient="row")
    agreement.check(Frame(cells), text_only=False)
    # Nobody's number is missing, or it is no phone number: then 1001.0 by itself is somebody.
    assert agreement.plain == (5 if nulls else 4)


def test_words_for_yes_and_no_are_those_of_typed_cells_too() -> None:
    rule = {
        "attribute": "YES",
        "type": "boolean",
        "booleans": {"true": ["0", "7"], "false": ["true", "1", "8.0"]},
    }
    mapping = Mapping.from_json({"columns": {"email": "EMAIL", "yes": rule}})
    agreement = Agreement(bound("email,yes", mapping=mapping))
    emails = ["a@example.com"] * 6
    columns: Sequence[Sequence[Any]] = (
        [True, False, None, True, False, None],
        [1, 0, None, 7, 8, 2],
        [1.0, 0.0, None, 7.0, 8.0, 1.5],
        ["true", "0", "false", "1", "1.0", "8.0"],
    )
    for cells in columns:
        frame = Frame(pl.DataFrame({"email": emails, "yes": cells}))
        agreement.check(frame, text_only=isinstance(cells[0], str))
    assert agreement.plain == 6 + 4 + 1 + 6  # those of floats go one by one


@pytest.mark.parametrize("nulls", [["-999", "0.5", "NaN"], ["-999"]])
def test_numbers_that_stand_for_nothing_among_whole_ones_and_decimals(nulls: Sequence[str]) -> None:
    cells: Sequence[Any] = [1, -999, 0.5, None, 1.0, -999.0, 2**60, 10**15, 0.1 + 0.2]
    rows: list[Any] = [
        [f"p{place}@example.com", "" if cell is None else cell] for place, cell in enumerate(cells)
    ]
    mapping = Mapping.from_json({"columns": {"email": "EMAIL", "points": "POINTS"}, "nulls": nulls})
    for account in (None, (AccountAttribute("POINTS", "number"),)):
        agreement = Agreement(bound("email,points", mapping=mapping, account_attributes=account))
        agreement.check(frame_of(rows, 2), text_only=False)
        assert agreement.plain > 5


@pytest.mark.parametrize("formats", [["%Y-%d-%m"], ["%d.%m.%Y", "iso"], ["%d %b %Y"], ["excel"]], ids=str)
def test_formats_are_those_of_text_and_a_day_is_the_day_that_it_is(formats: Sequence[str]) -> None:
    columns = "email,day,moment,mixed,born"
    rules = {
        name: {"attribute": name.upper(), "type": "date", "format": formats, "nulls": ["1985-11-02"]}
        for name in columns.split(",")[1:]
    }
    agreement = Agreement(bound(columns, mapping=Mapping.from_json({"columns": {"email": "EMAIL", **rules}})))
    days = (*(date(1985, 11, 2), date(1985, 2, 11), date(2024, 2, 29), date(9999, 12, 31)), None)
    random = Random(1)
    rows = [[day, None if day is None else datetime(day.year, day.month, day.day, 1)] for day in days]
    texts = ["1985-11-02", "11.02.1985", "1985-02-11T01:00:00", "2 Nov 1985", "45302", "", "2024-30-01"]
    frame = pl.DataFrame(
        [("a@example.com", *random.choice(rows), text, text) for text in texts * 5],
        schema=dict(
            zip(columns.split(","), (pl.String, pl.Date, pl.Datetime, pl.String, pl.String), strict=True)
        ),
        orient="row",
    )
    agreement.check(Frame(frame), text_only=False)
    of_days = bound(
        "email,day", mapping=Mapping.from_json({"columns": {"email": "EMAIL", "day": rules["day"]}})
    )
    agreement = Agreement(of_days)
    cells = [[f"a{place}@example.com", Day(day) if place % 3 else day] for place, day in enumerate(texts * 5)]
    agreement.check(frame_of([*cells], 2), text_only=False)
    agreement.check(frame_of(list(reversed(cells)), 2), text_only=False)
    assert agreement.plain > 20


@pytest.mark.parametrize("nulls", [[], ["books", "5"]])
def test_bytes_of_which_some_are_no_text(nulls: Sequence[str]) -> None:
    likely = {
        "email": ("a@example.com", "EMAIL"),
        "no": ("5", "EXT_ID"),
        "name": ("x", {"type": "text"}),
        "country": ("de", {"type": "category", "categories": ["DE"]}),
        "born": ("05.01.1990", {"type": "date", "format": "%d.%m.%Y"}),
        "points": ("5,5", {"type": "number", "decimal": ","}),
        "yes": ("ja", {"type": "boolean", "booleans": {"true": ["ja"], "false": ["nein"]}}),
        "likes": ("books|music", {"type": "multiple_choice"}),
        "any": ("x", "ANY"),
    }
    rules: dict[str, Any] = {
        name: {"attribute": name.upper(), **rule} if isinstance(rule, dict) else rule
        for name, (_, rule) in likely.items()
    }
    agreement = Agreement(
        bound(",".join(rules), mapping=Mapping.from_json({"columns": rules, "nulls": nulls}))
    )
    random = Random(1)
    odd = (None, b"\xff", b"a\xff", b"5", b"books", b" ", b'a "b"', "é".encode(), b"0", b"true")
    columns = {
        name: [usual.encode() if random.random() < 0.9 else random.choice(odd) for _ in range(300)]
        for name, (usual, _) in likely.items()
    }
    marked = pl.DataFrame(columns, dict.fromkeys(columns, pl.Binary)).select(
        pl.when(pl.col(name).is_not_null()).then(pl.struct(pl.col(name).alias("bytes"))).alias(name)
        for name in columns
    )
    assert set(marked.dtypes) == {BYTES}
    agreement.check(Frame(marked), text_only=False)
    assert 300 > agreement.valid >= agreement.plain > 100
