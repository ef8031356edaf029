"""Queries as rows where connections differ: rows as objects, several statements, days that Python lacks."""

from __future__ import annotations

import sqlite3
from typing import Any

import duckdb
import psycopg
import pytest
from psycopg.rows import dict_row, namedtuple_row

from email_contacts.contacts.errors import SourceBroken, SourceUnreadable
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


@pytest.mark.parametrize("end", [";", "; -- of it; all", " /* ; */ ;;\n"])
def test_the_end_of_a_statement_is_none(connect: Connect, end: str) -> None:
    assert rows_of(SqlRows(Query(connect, f"SELECT 1 AS a{end}"))) == [[1]]


def test_a_cursor_without_a_size_to_set() -> None:
    rows = SqlRows(Query(duckdb.connect, f"SELECT i AS a FROM range({ROWS_IN_A_BLOCK + 1}) AS t(i)"))
    assert rows_of(rows) == [[number] for number in range(ROWS_IN_A_BLOCK + 1)]
