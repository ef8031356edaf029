"""Texts and columns joined row by row."""

from __future__ import annotations

from functools import cache
from random import Random

import polars as pl
import pytest

from email_contacts.contacts.batches import joining
from email_contacts.contacts.batches.joining import Joined, Part, in_one
from tests.contacts.checks.agreement import Agreement
from tests.contacts.checks.generated_rows import CASES

COLUMNS, ROWS = 60, 700
TEXTS = ["", "", "a", "é" * 6, "twelve bytes", "thirteen byte", "a longer text, and 12 of them"]


@cache
def frame(seed: int) -> pl.DataFrame:
    random = Random(seed)
    made = {
        str(place): [f"{random.choice(TEXTS)}{random.choice(('', row))}" for row in range(ROWS)]
        for place in range(COLUMNS)
    }
    return pl.DataFrame(made)


def joined_of(rows: pl.DataFrame, parts: list[Part], separator: str = "") -> pl.Series:
    joined = Joined(parts, separator=separator)
    return joined.of(rows.select(joined.columns).get_columns())


def parts_of(rows: pl.DataFrame, seed: int) -> list[Part]:
    """Put texts among the columns: none, one or several side by side."""
    random = Random(seed)
    parts: list[Part] = []
    for name in rows.columns:
        parts += (random.choice(TEXTS) for _ in range(random.randrange(3)))
        parts.append(pl.col(name))
    return [*parts, "the end"]


@cache
def joined_by_python(seed: int, separator: str) -> list[str]:
    rows = frame(seed)
    parts = parts_of(rows, seed)
    return [
        separator.join(part if isinstance(part, str) else row[int(part.meta.output_name())] for part in parts)
        for row in rows.rows()
    ]


@pytest.mark.parametrize("separator", ["", ";"])
@pytest.mark.parametrize("views", [1, 100, 5_000, 1 << 17])
@pytest.mark.parametrize("seed", range(4))
def test_many_columns_are_joined_as_few_are(
    monkeypatch: pytest.MonkeyPatch, seed: int, views: int, separator: str
) -> None:
    monkeypatch.setattr(joining, "_VIEWS_AT_ONCE", views)
    rows = frame(seed)
    parts = parts_of(rows, seed)
    expected = joined_by_python(seed, separator)
    assert rows.select(in_one(parts, separator=separator)).to_series().to_list() == expected
    assert len(Joined(parts, separator=separator).columns) == COLUMNS
    assert joined_of(rows, parts, separator).to_list() == expected


@pytest.mark.parametrize(
    "rows",
    [
        frame(5)[100:],
        frame(5)[::-1],
        frame(5)[:1],
        frame(5)[:0],
        frame(5).filter(pl.Series([row % 3 > 0 for row in range(ROWS)])),
        pl.concat([frame(5), frame(6)], rechunk=False),
    ],
    ids=["tail", "reversed", "one", "none", "filtered", "two chunks"],
)
def test_wherever_the_texts_are(rows: pl.DataFrame) -> None:
    parts = parts_of(rows, 5)
    assert joined_of(rows, parts).to_list() == rows.select(in_one(parts)).to_series().to_list()


def test_a_null_voids_its_row_and_no_other() -> None:
    whole = frame(7)
    rows = whole.with_columns(pl.when(pl.int_range(pl.len()) % 2 > 0).then(pl.col("7")).alias("7"))
    parts = parts_of(rows, 7)
    expected = whole.select(in_one(parts)).to_series()
    assert joined_of(rows, parts)[1::2].to_list() == expected[1::2].to_list()


@pytest.mark.parametrize("name", CASES)
def test_rows_of_many_columns_are_those_of_the_reference(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(joining, "_FEW", 1)
    agreement = Agreement(CASES[name].binding)
    for some in CASES[name].frames(4_000, seed=7):
        agreement.check(some)
    assert agreement.plain > 500
