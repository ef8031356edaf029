"""Queries as rows, on SQLite and with drivers' errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from email_contacts.contacts import prepare
from email_contacts.contacts.errors import InvalidOption, SourceBroken, SourceUnreadable
from email_contacts.contacts.sources.rows import RowFault
from email_contacts.contacts.sources.sql_rows import ROWS_IN_A_BLOCK, Query, SqlRows, table_query
from tests.contacts.prepared import Prepared
from tests.contacts.sources.reading import rows_of

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT {} FROM n"


class Recorded(sqlite3.Connection):
    """A connection that can be asked whether it was closed."""

    closed = False

    def close(self) -> None:
        super().close()
        self.closed = True


@pytest.fixture
def connections() -> list[Recorded]:
    return []


@pytest.fixture
def connect(tmp_path: Path, connections: list[Recorded]) -> Callable[[], Recorded]:
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute('CREATE TABLE "order" ("E Mail" TEXT, points INTEGER, photo BLOB)')
        rows = [("a@example.com", 1, None), (None, None, b"x"), ("c@example.com", 3, None)]
        database.executemany('INSERT INTO "order" VALUES (?, ?, ?)', rows)
    database.close()

    def make() -> Recorded:
        connections.append(sqlite3.connect(tmp_path / "crm.db", factory=Recorded))
        return connections[-1]

    return make


def test_rows_and_columns(connect: Callable[[], Recorded], connections: list[Recorded]) -> None:
    rows = SqlRows(Query(connect, table_query("order")))
    assert rows.columns == ("E Mail", "points", "photo")
    first, second, last = rows_of(rows)
    assert (first, last) == (["a@example.com", 1, ""], ["c@example.com", 3, ""])
    assert not isinstance(second, RowFault)
    assert (second[:2], str(second[2])) == (["", ""], "<bytes>")
    assert rows.place(1) == ""
    assert [connection.closed for connection in connections] == [True]


def test_parameters(connect: Callable[[], Recorded]) -> None:
    sql = 'SELECT points FROM "order" WHERE points > '
    assert rows_of(SqlRows(Query(connect, f"{sql} ?", [1]))) == [[3]]
    assert rows_of(SqlRows(Query(connect, f"{sql} :least", {"least": 2}))) == [[3]]


def test_no_rows_but_columns(connect: Callable[[], Recorded]) -> None:
    rows = SqlRows(Query(connect, "SELECT 1 AS a WHERE 0"))
    assert rows.columns == ("a",)
    assert rows_of(rows) == []


def test_blocks_are_read_one_by_one(connect: Callable[[], Recorded]) -> None:
    """The statement never ends by itself, so whoever reads all of it first never has a row."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    rows = SqlRows(Query(connect, endless))
    blocks = rows.blocks()
    for block in (next(blocks), next(blocks)):
        assert len(block) == ROWS_IN_A_BLOCK
    rows.close()


def test_a_statement_that_fails_at_the_start(
    connect: Callable[[], Recorded], connections: list[Recorded]
) -> None:
    with pytest.raises(SourceBroken) as caught:
        SqlRows(Query(connect, "SELECT 'secret' FROM nowhere", name="customers"))
    assert str(caught.value).startswith("customers failed after 0 rows: OperationalError")
    assert "nowhere" not in str(caught.value)
    assert caught.value.rows == 0
    assert connections[0].closed


def test_a_cursor_that_dies_midway(connect: Callable[[], Recorded], connections: list[Recorded]) -> None:
    sql = NUMBERS.format(20_000, "CASE WHEN i < 12000 THEN i ELSE json('secret') END")
    rows = SqlRows(Query(connect, sql))
    with pytest.raises(SourceBroken, match=r"^query failed after 10,000 rows: OperationalError") as caught:
        rows_of(rows)
    assert caught.value.rows == 10_000
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.__suppress_context__
    assert connections[0].closed


def test_an_error_says_its_code_and_none_of_its_words() -> None:
    class Error(Exception):
        sqlstate = "57P01"

    def connect() -> sqlite3.Connection:
        raise Error("Key (email)=(a@example.com)")

    with pytest.raises(SourceBroken, match=r"failed after 0 rows: Error \(SQLSTATE 57P01\)\.") as caught:
        SqlRows(Query(connect, "SELECT 1"))
    assert "example.com" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (type("Error", (Exception,), {})(2006, "a@example.com"), r"Error \(2006\)\."),
        (type("Error", (Exception,), {"pgcode": "a@example.com"})("x"), r"Error\."),
    ],
)
def test_codes_of_other_drivers(error: Exception, said: str) -> None:
    def connect() -> sqlite3.Connection:
        raise error

    with pytest.raises(SourceBroken, match=said):
        SqlRows(Query(connect, "SELECT 1"))


def test_a_connection_that_is_not_known_is_no_fault_of_the_database() -> None:
    def connect() -> sqlite3.Connection:
        raise LookupError("The conn_id `crm` isn't defined")

    with pytest.raises(LookupError, match="crm"):
        SqlRows(Query(connect, "SELECT 1"))


@pytest.mark.parametrize("sql", ['DELETE FROM "order"', ""])
def test_a_statement_that_gives_no_rows_is_refused_and_undone(
    connect: Callable[[], Recorded], connections: list[Recorded], sql: str
) -> None:
    with pytest.raises(SourceUnreadable, match="must be one statement that returns rows"):
        SqlRows(Query(connect, sql))
    assert connections[0].closed
    assert len(rows_of(SqlRows(Query(connect, table_query("order", ["points"]))))) == 3


def test_a_query_shows_neither_its_statement_nor_its_parameters(connect: Callable[[], Recorded]) -> None:
    query = Query(connect, "SELECT 'a@example.com'", ["b@example.com"], name="customers")
    assert str(query) == "customers"
    assert repr(query) == "Query(name='customers')"


@pytest.mark.parametrize(
    ("table", "columns", "sql"),
    [
        ("customers", None, 'SELECT * FROM "customers"'),
        ("crm.Customers", ["email", "größe"], 'SELECT "email", "größe" FROM "crm"."Customers"'),
        ("db.crm.order", ["select"], 'SELECT "select" FROM "db"."crm"."order"'),
    ],
)
def test_statements_of_tables(table: str, columns: list[str] | None, sql: str) -> None:
    assert table_query(table, columns) == sql


def test_statements_for_mysql() -> None:
    assert table_query("crm.order", ["key"], quote="`") == "SELECT `key` FROM `crm`.`order`"


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("", None),
        ("crm.", None),
        ("a.b.c.d", None),
        ('x"; DROP TABLE y; --', None),
        ("x y", None),
        ("1x", None),
        ("x\n", None),
        ("x", []),
        ("x", ["a, b"]),
        ("x", ['a"']),
    ],
)
def test_what_is_no_name(table: str, columns: list[str] | None) -> None:
    with pytest.raises(InvalidOption):
        table_query(table, columns)


class OneRow(sqlite3.Connection):
    """A connection of a driver that gives half a character as text."""

    def cursor(self, *_: Any, **__: Any) -> Any:
        rows = [("a@example.com", "\ud83d"), ("b@example.com", "ok")]
        taken = iter([rows, []])
        return SimpleNamespace(
            description=[("email", *[None] * 6), ("x", *[None] * 6)],
            execute=lambda *_: None,
            fetchmany=lambda *_: next(taken),
            close=lambda: None,
            arraysize=1,
        )


class OptedOut(sqlite3.Connection):
    """A connection of a driver that gives half a character in the rows of people who have opted out."""

    def cursor(self, *_: Any, **__: Any) -> Any:
        rows = [("\ud83d", "a@example.com", True), ("C-2", "a@example.com", False), ("C-3", "", False)]
        taken = iter([rows, []])
        names = ("ext_id", "email", "emailBlacklisted")
        return SimpleNamespace(
            description=[(name, *[None] * 6) for name in names],
            execute=lambda *_: None,
            fetchmany=lambda *_: next(taken),
            close=lambda: None,
            arraysize=1,
        )


def test_an_opt_out_counts_by_what_can_be_read_beside_half_a_character(tmp_path: Path) -> None:
    people = Query(lambda: OptedOut(":memory:"), "SELECT 1", name="people")
    found = Prepared(prepare(people, tmp_path / "stage"))
    assert [contact.get("ext_id") or contact["attributes"] for contact in found.contacts] == [
        {"EXT_ID": "C-3"}
    ]
    assert found.manifest.rows.held_back == {"opted_out": 1}


def test_half_a_character_costs_its_row(tmp_path: Path) -> None:
    people = Query(lambda: OneRow(":memory:"), "SELECT 1", name="people")
    found = Prepared(prepare(people, tmp_path / "stage"))
    assert [contact["email"] for contact in found.contacts] == ["b@example.com"]
    assert found.rules == [(1, "", "type")]
