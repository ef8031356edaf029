"""Queries as rows where connections differ: rows as objects, several statements, days that Python lacks."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from psycopg.rows import dict_row, namedtuple_row

from email_contacts.contacts import AccountAttribute, Options, prepare
from email_contacts.contacts.errors import SourceBroken, SourceUnreadable
from email_contacts.contacts.mapping.document import Mapping
from email_contacts.contacts.sources.consent_column import ConsentColumn
from email_contacts.contacts.sources.rows import Day
from email_contacts.contacts.sources.sql_rows import ROWS_IN_A_BLOCK, Query, SqlRows
from tests.contacts.sources.conftest import Connect
from tests.contacts.sources.reading import rows_of

COUNT = ROWS_IN_A_BLOCK + 1
PEOPLE = f"SELECT i AS ext_id, 'Ada' AS firstname FROM generate_series(1, {COUNT}) AS i"
READ = [[number, "Ada"] for number in range(1, COUNT + 1)]


@pytest.mark.parametrize("kind", ["RealDictCursor", "DictCursor", "NamedTupleCursor"])
def test_rows_as_objects_of_psycopg2(kind: str, postgres_address: dict[str, Any]) -> None:
    psycopg2, extras = pytest.importorskip("psycopg2"), pytest.importorskip("psycopg2.extras")

    def connect() -> Any:
        return psycopg2.connect(**postgres_address, cursor_factory=getattr(extras, kind))

    assert rows_of(SqlRows(Query(connect, PEOPLE))) == READ


@pytest.mark.parametrize("make", [dict_row, namedtuple_row])
def test_rows_as_objects_of_psycopg(make: Any, postgres_address: dict[str, Any]) -> None:
    query = Query(lambda: psycopg.connect(**postgres_address, row_factory=make), PEOPLE)
    assert rows_of(SqlRows(query)) == READ


def test_rows_that_a_connection_makes_objects() -> None:
    def connect() -> sqlite3.Connection:
        crm = sqlite3.connect(":memory:")
        crm.row_factory = lambda cursor, row: {
            column[0]: cell for column, cell in zip(cursor.description, row, strict=True)
        }
        return crm

    assert rows_of(SqlRows(Query(connect, "SELECT 1 AS b, 2 AS a"))) == [[1, 2]]


def test_several_statements_are_refused(connect: Connect) -> None:
    with pytest.raises((SourceUnreadable, SourceBroken), match=r"several statements|SyntaxError"):
        SqlRows(Query(connect, "SELECT 1 AS a; SELECT 2 AS a"))


def test_several_statements_are_refused_by_duckdb_too() -> None:
    with pytest.raises(SourceUnreadable, match="several statements"):
        SqlRows(Query(duckdb.connect, "SELECT 1 AS a; SELECT 2 AS a"))
    assert rows_of(SqlRows(Query(duckdb.connect, "SELECT 1 AS a; -- all"))) == [[1]]


@pytest.mark.parametrize("sql", ["SELECT 'a' LIKE '%a' AS a WHERE 1 = %s", "SELECT %s AS a, %s AS b"])
def test_parameters_that_do_not_fit(connect: Connect, sql: str) -> None:
    with pytest.raises(SourceBroken, match="its parameters do not fit its placeholders"):
        SqlRows(Query(connect, sql, [1]))
    with pytest.raises(SourceBroken, match=r"See the database's log, then run it again\.$"):
        rows_of(
            SqlRows(Query(connect, "SELECT 1 / (i - %s) AS a FROM generate_series(1, 9000) AS i", [9000]))
        )


@pytest.mark.parametrize("end", [";", "; -- of it; all", " /* ; */ ;;\n"])
def test_the_end_of_a_statement_is_none(connect: Connect, end: str) -> None:
    assert rows_of(SqlRows(Query(connect, f"SELECT 1 AS a{end}"))) == [[1]]


def test_a_cursor_without_a_size_to_set() -> None:
    rows = SqlRows(Query(duckdb.connect, f"SELECT i AS a FROM range({ROWS_IN_A_BLOCK + 1}) AS t(i)"))
    assert rows_of(rows) == [[number] for number in range(ROWS_IN_A_BLOCK + 1)]


def test_days_that_python_lacks(connect: Connect) -> None:
    days = ("infinity", "-infinity", "0044-03-15 BC", "12345-01-01")
    cells = ", ".join(f"date '{day}', timestamp '{day}', timestamptz '{day}'" for day in days)
    names = ", ".join(f"c{place}" for place in range(3 * len(days) + 1))
    sql = f"SELECT * FROM (VALUES ({cells}, date '1815-12-10')) AS days({names})"
    (row,) = rows_of(SqlRows(Query(connect, sql)))
    assert isinstance(row, list)
    assert type(row.pop()) is Day
    for place, day in enumerate(days):
        assert {type(cell) for cell in row} == {str}
        assert all(cell.startswith(day.split()[0]) for cell in row[3 * place : 3 * place + 3])


def test_a_day_that_python_lacks_costs_its_row(connect: Connect, tmp_path: Path) -> None:
    sql = (
        "SELECT 'a@example.com' AS email, date 'infinity' AS birthday UNION ALL "
        "SELECT 'b@example.com', date '1815-12-10' UNION ALL SELECT 'c@example.com', NULL"
    )
    birthday = AccountAttribute("BIRTHDAY", "date")
    prepared = prepare(Query(connect, sql), tmp_path / "stage", Options(account_attributes=(birthday,)))
    assert (prepared.rows.accepted, prepared.rows.rejected) == (2, 1)


NARROW = """
    SELECT CAST(447700900123 AS REAL) AS {attribute}, 'a@example.com' AS email, CAST(0.1 AS REAL) AS points
    UNION ALL SELECT 16777216, 'b@example.com', 16777216 UNION ALL SELECT 4915123, 'c@example.com', NULL
"""


def sent(query: Query, folder: Path, **options: Any) -> tuple[Any, list[dict[str, Any]]]:
    prepared = prepare(query, folder, Options(**options))
    (batch,) = folder.glob("batch-*.json")
    return prepared.rows, [contact["attributes"] for contact in json.loads(batch.read_bytes())]


def test_an_identifier_of_which_a_real_lost_digits_is_nobodys(connect: Connect, tmp_path: Path) -> None:
    rows, contacts = sent(Query(connect, NARROW.format(attribute="ext_id")), tmp_path / "stage")
    assert (rows.accepted, rows.rejected, contacts) == (1, 2, [{"EXT_ID": "4915123"}])
    mapping = Mapping.from_json({"columns": {"attributes.id": "EXT_ID", "id": "SCORE", "points": "POINTS"}})
    sql = (
        "SELECT 16777216::real AS id, 0.1::real AS points, '{\"id\": 7}'::jsonb AS attributes, "
        "false AS emailblacklisted"
    )
    assert sent(Query(connect, sql), tmp_path / "other", mapping=mapping)[1] == [
        {"EXT_ID": "7", "SCORE": 16777216.0, "POINTS": 0.1}
    ]


@pytest.mark.parametrize("beside", ["false AS emailblacklisted", "true AS agreed", "'{}'::jsonb AS more"])
def test_nor_beside_columns_that_are_left_out(connect: Connect, tmp_path: Path, beside: str) -> None:
    sql = f"SELECT 'a@example.com' AS email, {beside}, 447700900123::real AS sms"
    consent = ConsentColumn("agreed") if "agreed" in beside else None
    prepared = prepare(Query(connect, sql), tmp_path / "stage", Options(consent_column=consent))
    assert prepared.rows.rejected == 1


def test_floats_of_duckdb(tmp_path: Path) -> None:
    rows, contacts = sent(Query(duckdb.connect, NARROW.format(attribute="score")), tmp_path / "stage")
    assert rows.accepted == 3
    assert contacts[0] == {"SCORE": 447700893696.0, "POINTS": 0.1}
    query = Query(duckdb.connect, NARROW.format(attribute="ext_id"))
    assert sent(query, tmp_path / "other")[1] == [{"EXT_ID": "4915123"}]


def test_addresses_of_the_internet_are_text(connect: Connect) -> None:
    sql = "SELECT inet '10.0.0.1' AS a, inet '10.0.0.1/8' AS b, cidr '10.0.0.0/8' AS c, inet '::1' AS d"
    assert rows_of(SqlRows(Query(connect, sql))) == [["10.0.0.1", "10.0.0.1/8", "10.0.0.0/8", "::1"]]
