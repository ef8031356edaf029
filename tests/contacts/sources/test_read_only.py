"""A query that is only to read changes nothing: on SQLite, and on drivers that are not known."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.errors import InvalidOption, PreparationError
from email_contacts.contacts.sources.sql_rows import Query, SqlRows
from tests.contacts.sources.reading import rows_of

WRITES = [
    "DELETE FROM people RETURNING email",
    "INSERT INTO people VALUES ('b@example.com') RETURNING email",
    "UPDATE people SET email = '' RETURNING email",
    "DROP TABLE people",
    "SELECT 1; DELETE FROM people",
    "SELECT 1;; DELETE FROM people; SELECT 1",
    "SELECT 1; COMMIT; DELETE FROM people;",
    "WITH gone AS (SELECT 1) DELETE FROM people RETURNING email",
    "COMMIT",
    "",
]


def read_only(connect: Callable[[], Any], sql: str) -> list[Any]:
    return rows_of(SqlRows(Query(connect, sql, read_only=True)))


@pytest.fixture(params=["", None], ids=["transaction", "autocommit"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], sqlite3.Connection]:
    """A database with a row, opened with and without transactions of its own."""
    path = tmp_path / "people.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE people (email TEXT)")
        connection.execute("INSERT INTO people VALUES ('a@example.com')")
    return lambda: sqlite3.connect(path, isolation_level=request.param)


def test_reading(database: Callable[[], sqlite3.Connection]) -> None:
    for sql in (
        "SELECT email FROM people",
        "\n select email FROM people ;\n",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 3) "
        "SELECT email FROM people WHERE 3 = (SELECT max(i) FROM n)",
        "VALUES (lower('A@EXAMPLE.COM'))",
    ):
        assert read_only(database, sql) == [["a@example.com"]]


@pytest.mark.parametrize(
    "sql",
    [
        *WRITES,
        "VACUUM INTO 'copy.db'",
        "ATTACH DATABASE 'other.db' AS other",
        "PRAGMA query_only = OFF",
        "SELECT load_extension('evil')",
        "SELECT * FROM pragma_table_info('people')",
    ],
)
def test_nothing_is_written(database: Callable[[], sqlite3.Connection], sql: str) -> None:
    with pytest.raises(PreparationError) as refused:
        read_only(database, sql)
    assert "example.com" not in str(refused.value)
    with closing(database()) as connection:
        assert connection.execute("SELECT email FROM people").fetchall() == [("a@example.com",)]


def test_without_the_limit_a_statement_is_the_authors_own_business(
    database: Callable[[], sqlite3.Connection],
) -> None:
    assert rows_of(SqlRows(Query(database, "PRAGMA user_version"))) == [[0]]


def test_a_driver_that_is_not_known_is_refused_with_advice() -> None:
    class Connection:
        def cursor(self) -> Any:
            raise AssertionError("it is refused before")

        def rollback(self) -> None: ...

        def close(self) -> None: ...

    with pytest.raises(InvalidOption, match=r"driver tests has no read-only .* connection to PostgreSQL"):
        read_only(Connection, "SELECT 1")
