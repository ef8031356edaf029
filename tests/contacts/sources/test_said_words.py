"""What cells of every type say in a column that decides: many at once, and row by row."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts import Options, prepare
from email_contacts.contacts.sources.consent_column import ConsentColumn
from email_contacts.contacts.sources.said_words import word_of, words_in
from tests.contacts.prepared import Prepared

MANY = 3_000  # objects: enough that JSON is read as columns
WORDS = ConsentColumn("ok", yes=("t",), no=("f", ""))


def decided(source: Path, consent: ConsentColumn | None = None) -> Prepared:
    return Prepared(prepare(source, source.parent / "stage", Options(consent_column=consent)))


def parquet(folder: Path, column: str, cells: Any) -> Path:
    path = folder / "people.parquet"
    emails = [f"p{number}@example.com" for number in range(len(cells))]
    pq.write_table(pa.table({"email": emails, column: cells}), path)
    return path


def ndjson(folder: Path, column: str, cells: list[Any]) -> Path:
    path = folder / "people.ndjson"
    lines = (
        json.dumps({"email": f"p{number}@example.com", column: cell}) for number, cell in enumerate(cells)
    )
    path.write_text("\n".join(lines))
    return path


ODD = {
    "list": pa.array([["email", "sms"]]),
    "empty list": pa.array([[]], pa.list_(pa.string())),
    "map": pa.array([[("email", True)]], pa.map_(pa.string(), pa.bool_())),
    "bytes": pa.array([b"\xff\xfe"], pa.binary()),
    "duration": pa.array([5], pa.duration("s")),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize(
    ("column", "consent", "rule"),
    [("ok", WORDS, "consent"), ("emailBlacklisted", None, "opted_out_unclear")],
)
def test_a_cell_that_is_no_word_rejects_its_row(
    tmp_path: Path, column: str, consent: ConsentColumn | None, rule: str, kind: str
) -> None:
    found = decided(parquet(tmp_path, column, ODD[kind]), consent)
    assert found.rules == [(1, "", rule)]


@pytest.mark.parametrize("times", [1, MANY])
@pytest.mark.parametrize("cell", [["email", "sms"], [], [1, None], ["t"]])
@pytest.mark.parametrize(
    ("column", "consent", "rule"),
    [("ok", WORDS, "consent"), ("emailBlacklisted", None, "opted_out_unclear")],
)
def test_so_does_one_of_json(
    tmp_path: Path, column: str, consent: ConsentColumn | None, rule: str, cell: Any, times: int
) -> None:
    found = decided(ndjson(tmp_path, column, [cell] * times), consent)
    assert found.manifest.reject_reasons == {rule: times}


@pytest.mark.parametrize("name", ["people.csv", "people.ndjson", "people.parquet"])
def test_backslash_n_is_a_cell_without_a_value(tmp_path: Path, name: str) -> None:
    cells = ["t", "\\N", "f", "", " \\N "]
    source = tmp_path / name
    if name.endswith("csv"):
        lines = (f"p{number}@example.com,{cell}" for number, cell in enumerate(cells))
        source.write_text("\n".join(["email,ok", *lines]))
    else:
        source = (ndjson if name.endswith("ndjson") else parquet)(tmp_path, "ok", cells)
    found = decided(source, WORDS)
    assert (found.manifest.rows.accepted, found.manifest.rows.held_back) == (1, {"no_consent": 4})
    assert found.manifest.rows.rejected == 0


@pytest.mark.parametrize("name", ["people.ndjson", "people.parquet"])
def test_a_flag_that_is_backslash_n_says_nothing(tmp_path: Path, name: str) -> None:
    write = ndjson if name.endswith("ndjson") else parquet
    assert decided(write(tmp_path, "emailBlacklisted", ["\\N", "true"])).rules == [(2, "", "opted_out")]


NUMBERS = {
    "decimals": pa.array([Decimal("1.00"), Decimal("0.00"), None, Decimal("0.50")]),
    "floats": pa.array([1.0, 0.0, None, 0.5]),
    "small floats": pa.array([1.0, 0.0, None, 0.5], pa.float32()),
    "integers": pa.array([1, 0, None, 2]),
    "texts": pa.array(["1.00", "0.0", None, "0.50"]),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_one_and_nought_of_any_type(tmp_path: Path, kind: str) -> None:
    consent = ConsentColumn("ok", yes=("1",), no=("0", ""))
    found = decided(parquet(tmp_path, "ok", NUMBERS[kind]), consent)
    assert (found.manifest.rows.accepted, found.manifest.rows.held_back) == (1, {"no_consent": 2})
    assert found.rules == [(4, "", "consent")]
    flagged = decided(parquet(tmp_path, "emailBlacklisted", NUMBERS[kind]))
    assert flagged.rules == [(1, "", "opted_out"), (4, "", "opted_out_unclear")]


CELLS = [
    *(True, False, None, 1, 0, 2, -1, 1.0, 0.0, 0.5, float("nan"), Decimal("1.0"), Decimal("0.0000")),
    *("Yes", " no ", "'1", '="0"', "\\N", "1.00", "1.", "JA\u200b", "yes\x1a", "", ["yes"], [], {"a": 1}),
]


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_many_at_once_say_what_each_says(cell: Any) -> None:
    texts, words = words_in(pl.Series("x", [cell]))
    assert words[texts[0]] == word_of(cell)
    assert words_in(pl.Series("x", [cell, None]))[1][""] == ""


def test_a_letter_and_its_accent_may_be_two_characters() -> None:
    assert word_of("Best\u00e4tigt") == word_of("besta\u0308tigt") == "best\u00e4tigt"
