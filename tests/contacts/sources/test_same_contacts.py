"""The same data from every kind of source gives the same contacts."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts.checks.validation import ContactValidator
from email_contacts.contacts.mapping.binding import Contact, bind
from email_contacts.contacts.mapping.rules import DEFAULT_SEPARATOR
from email_contacts.contacts.sources.rows import RowFault
from email_contacts.contacts.sources.sql_rows import Query, table_query
from tests.contacts.prepared import ACCOUNT
from tests.contacts.sources.reading import opened, rows_of

COLUMNS = ("email", "ext_id", "firstname", "country", "birthday", "points", "newsletter", "interests")
BIRTHDAY = datetime.date(1990, 1, 5)
DATA: list[tuple[Any, ...]] = [
    ("A@Example.com", 17, "  Jürgen ", "de", BIRTHDAY, 1.5, True, ["Books", "music"]),
    ("b@example.com", None, None, None, None, None, None, None),
    ("c@example.com", 2**40, 'say "hi"\n', "FR", datetime.date(2024, 2, 29), -3.0, False, ["music"]),
    (None, 18, "x", "GB", None, 0.1, None, []),
    ("broken", 19, "y", "ES", BIRTHDAY, 1e300, True, ["chess"]),
]
TYPES = "email text, ext_id bigint, firstname text, country text, birthday date, points double precision"


def as_csv(folder: Path) -> Path:
    def text(value: Any) -> Any:
        return DEFAULT_SEPARATOR.join(value) if isinstance(value, list) else "" if value is None else value

    lines = io.StringIO(newline="")
    csv.writer(lines).writerows([COLUMNS, *(map(text, row) for row in DATA)])
    (folder / "people.csv.gz").write_bytes(gzip.compress(lines.getvalue().encode()))
    return folder / "people.csv.gz"


def as_csv_files(folder: Path) -> Path:
    whole = gzip.decompress(as_csv(folder).read_bytes()).decode()
    (folder / "people.csv.gz").unlink()
    header, *rows = list(csv.reader(io.StringIO(whole, newline="")))
    for number, row in enumerate(rows):
        with (folder / f"part-{number}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header[::-1], row[::-1]] if number % 2 else [header, row])
    return folder


def as_ndjson(folder: Path) -> Path:
    records = [dict(zip(COLUMNS, row, strict=True)) for row in DATA]
    (folder / "people.ndjson").write_text("\n".join(json.dumps(record, default=str) for record in records))
    return folder / "people.ndjson"


def as_parquet(folder: Path) -> Path:
    columns = dict(zip(COLUMNS, map(list, zip(*DATA, strict=True)), strict=True))
    table = pa.table(columns | {"country": pa.array(columns["country"]).dictionary_encode()})
    pq.write_table(table, folder / "people.parquet")
    return folder / "people.parquet"


def as_sqlite(folder: Path) -> Query:
    """SQLite has neither days nor truth nor lists; they are text and numbers there."""

    def stored(value: Any) -> Any:
        return (
            DEFAULT_SEPARATOR.join(value)
            if isinstance(value, list)
            else str(value)
            if type(value) is datetime.date
            else value
        )

    database = sqlite3.connect(folder / "crm.db")
    database.execute(f"CREATE TABLE people ({TYPES}, newsletter integer, interests text)")
    database.executemany(
        f"INSERT INTO people VALUES ({', '.join('?' * len(COLUMNS))})",
        [tuple(map(stored, row)) for row in DATA],
    )
    database.commit()
    database.close()
    return Query(lambda: sqlite3.connect(folder / "crm.db"), table_query("people"))


FILES: dict[str, Callable[[Path], Any]] = {
    "files of CSV": as_csv_files,
    "NDJSON": as_ndjson,
    "Parquet": as_parquet,
    "SQLite": as_sqlite,
}


def contacts_of(source: Any) -> Iterator[tuple[Contact, bool]]:
    rows = opened(source)
    binding = bind(rows.columns, source="people", account_attributes=ACCOUNT)
    contact_of = binding.reader(text_only=rows.text_only)
    validator = ContactValidator(binding)
    for cells in rows_of(rows):
        assert not isinstance(cells, RowFault)
        contact = contact_of(cells)
        yield contact, validator.is_valid(contact)


@pytest.fixture
def expected(tmp_path: Path) -> list[tuple[Contact, bool]]:
    folder = tmp_path / "reference"
    folder.mkdir()
    return list(contacts_of(as_csv(folder)))


def test_the_reference_itself(expected: list[tuple[Contact, bool]]) -> None:
    assert expected[0] == (
        {
            "email": "a@example.com",
            "attributes": {
                "EXT_ID": "17",
                "FIRSTNAME": "Jürgen",
                "COUNTRY": "DE",
                "BIRTHDAY": "1990-01-05",
                "POINTS": 1.5,
                "NEWSLETTER": True,
                "INTERESTS": ["books", "music"],
            },
        },
        True,
    )
    assert [valid for _, valid in expected] == [True, True, True, True, False]


@pytest.mark.parametrize("kind", FILES)
def test_files(kind: str, tmp_path: Path, expected: list[tuple[Contact, bool]]) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    assert list(contacts_of(FILES[kind](folder))) == expected


def test_postgres(postgres_address: dict[str, Any], expected: list[tuple[Contact, bool]]) -> None:
    admin = psycopg.connect(**postgres_address)
    with admin, admin.cursor() as cursor:
        cursor.execute(
            f"DROP TABLE IF EXISTS people;CREATE TABLE people ({TYPES}, newsletter boolean, interests text[])"
        )
        cursor.executemany(f"INSERT INTO people VALUES ({', '.join(['%s'] * len(COLUMNS))})", DATA)
    admin.close()
    query = Query(lambda: psycopg.connect(**postgres_address), table_query("people"))
    assert list(contacts_of(query)) == expected


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused_and_not_sent_as_null(tmp_path: Path, number: float) -> None:
    pq.write_table(pa.table({"email": ["a@example.com"], "points": [number]}), tmp_path / "x.parquet")
    ((_, valid),) = contacts_of(tmp_path / "x.parquet")
    assert not valid
