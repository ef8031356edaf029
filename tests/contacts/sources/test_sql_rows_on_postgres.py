"""Queries as rows, on a PostgreSQL with both of its drivers."""

from __future__ import annotations

import datetime
from contextlib import closing
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from email_contacts.contacts.errors import PreparationError, SourceBroken
from email_contacts.contacts.sources.sql_rows import ROWS_IN_A_BLOCK, Query, SqlRows, table_query
from tests.contacts.sources.conftest import Connect
from tests.contacts.sources.reading import rows_of
from tests.contacts.sources.test_read_only import WRITES


def test_types(connect: Connect) -> None:
    sql = """
        SELECT 'a' AS text, 1::bigint AS whole, 1.50::numeric AS money, 17::numeric(10, 0) AS id,
               1.5::float8 AS x, true AS truth, date '1990-01-05' AS day,
               timestamptz '2024-07-01 12:00+02' AS moment,
               '00000000-0000-0000-0000-000000000001'::uuid AS uuid, array['a', null] AS list,
               '{"a": 1}'::jsonb AS object, null AS nothing
    """
    rows = SqlRows(Query(connect, sql))
    assert rows.columns[:3] == ("text", "whole", "money")
    (cells,) = rows_of(rows)
    assert isinstance(cells, list)
    moment = cells.pop(7)
    assert datetime.datetime.fromisoformat(moment) == datetime.datetime(
        2024, 7, 1, 10, tzinfo=datetime.timezone.utc
    )
    assert cells == [
        "a", 1, 1.5, 17, 1.5, True, "1990-01-05",
        "00000000-0000-0000-0000-000000000001", ["a", None], {"a": 1}, "",
    ]  # fmt: skip


def test_no_rows_but_columns(connect: Connect) -> None:
    rows = SqlRows(Query(connect, "SELECT 1 AS a WHERE false"))
    assert rows.columns == ("a",)
    assert rows_of(rows) == []


def test_parameters_and_signs_of_parameters(connect: Connect) -> None:
    assert rows_of(SqlRows(Query(connect, "SELECT %s::int AS a", [7]))) == [[7]]
    assert rows_of(SqlRows(Query(connect, "SELECT %(a)s::int AS a", {"a": 7}))) == [[7]]
    assert rows_of(SqlRows(Query(connect, "SELECT 'x' LIKE 'x%' AS a;"))) == [[True]]


def test_a_table_in_a_schema(connect: Connect, postgres_address: dict[str, Any]) -> None:
    admin = psycopg.connect(**postgres_address)
    with admin, admin.cursor() as cursor:
        cursor.execute('CREATE SCHEMA IF NOT EXISTS "Sales"; DROP TABLE IF EXISTS "Sales"."order"')
        cursor.execute('CREATE TABLE "Sales"."order" AS SELECT 1 AS "user", 2 AS b')
    admin.close()
    assert rows_of(SqlRows(Query(connect, table_query("Sales.order", ["user"])))) == [[1]]


def test_the_result_stays_on_the_server(connect: Connect) -> None:
    """Row 20,000 of 50 million fails, so whoever asks for the result as a whole never has a row."""
    sql = "SELECT 1 / (20000 - generate_series(1, 50000000)) AS a"
    rows = SqlRows(Query(connect, sql))
    blocks = rows.blocks()
    assert [len(next(blocks)) for _ in range(3)] == [ROWS_IN_A_BLOCK] * 3
    with pytest.raises(SourceBroken, match=r"after 15,000 rows: DivisionByZero \(SQLSTATE 22012\)"):
        next(blocks)
    rows.close()


def test_a_connection_that_commits_by_itself(connect: Connect) -> None:
    def connect_with_autocommit() -> Any:
        connection = connect()
        connection.autocommit = True
        return connection

    assert rows_of(SqlRows(Query(connect_with_autocommit, "SELECT 1 AS a"))) == [[1]]


def test_a_connection_that_is_in_a_transaction_already(connect: Connect) -> None:
    def connect_and_choose() -> Any:
        connection = connect()
        connection.cursor().execute("SET application_name = 'chosen'")
        return connection

    query = Query(connect_and_choose, "SELECT current_setting('application_name') AS a")
    assert rows_of(SqlRows(query)) == [["chosen"]]


def test_a_query_that_would_write(connect: Connect, postgres_address: dict[str, Any]) -> None:
    with psycopg.connect(**postgres_address) as admin:
        admin.execute("CREATE SEQUENCE IF NOT EXISTS seen")
    with pytest.raises(SourceBroken, match=r"ReadOnlySqlTransaction \(SQLSTATE 25006\)"):
        SqlRows(Query(connect, "SELECT nextval('seen')"))


def test_a_backend_that_dies_midway(
    connect: Connect, connections: list[Any], postgres_address: dict[str, Any]
) -> None:
    rows = SqlRows(Query(connect, "SELECT generate_series(1, 50000000) AS a", name="customers"))
    blocks = rows.blocks()
    next(blocks)
    killer = psycopg.connect(**postgres_address)
    with killer.cursor() as cursor:
        # It waits until the backend is gone, for at most ten seconds.
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [connections[0].info.backend_pid])
        assert cursor.fetchall() == [(True,)]
    killer.close()
    with pytest.raises(SourceBroken, match=r"^customers failed after 5,000 rows: \w+") as caught:
        next(blocks)
    assert caught.value.rows == 5000
    rows.close()
    assert [bool(connection.closed) for connection in connections] == [True]


@pytest.mark.parametrize("sql", ["SELECT * FROM nowhere", "DELETE FROM pg_class"])
def test_a_statement_that_cannot_be_run_leaves_no_connection(
    connect: Connect, connections: list[Any], sql: str
) -> None:
    with pytest.raises(SourceBroken, match=r"failed after 0 rows: \w+ \(SQLSTATE 42\w{3}\)"):
        SqlRows(Query(connect, sql))
    assert [bool(connection.closed) for connection in connections] == [True]


def test_an_errors_words_are_not_shown(connect: Connect) -> None:
    with pytest.raises(SourceBroken) as caught:
        rows_of(SqlRows(Query(connect, "SELECT 'a@example.com'::text::int AS a")))
    assert "example.com" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_server_that_is_not_there(postgres_address: dict[str, Any]) -> None:
    def connect() -> Any:
        return psycopg.connect(**(postgres_address | {"password": "wrong"}))

    with pytest.raises(SourceBroken, match="failed after 0 rows: OperationalError"):
        SqlRows(Query(connect, "SELECT 1"))


def test_a_reader_that_stops_leaves_nothing(connect: Connect, connections: list[Any]) -> None:
    rows = SqlRows(Query(connect, "SELECT generate_series(1, 50000000) AS a"))
    next(rows.blocks())
    assert [bool(connection.closed) for connection in connections] == [False]
    rows.close()
    assert [bool(connection.closed) for connection in connections] == [True]


def test_decimals_of_any_size(connect: Connect) -> None:
    value = Decimal("1" * 30)
    assert rows_of(SqlRows(Query(connect, f"SELECT {value}::numeric AS a"))) == [["1" * 30]]


@pytest.mark.parametrize("state", ["idle", "autocommit", "in a transaction"])
@pytest.mark.parametrize(
    "sql", [*WRITES, "SELECT setval('numbers', 7)", "SELECT email INTO copy FROM people"]
)
def test_a_query_that_is_only_to_read_writes_nothing(
    connect: Connect, postgres_address: dict[str, Any], sql: str, state: str
) -> None:
    with closing(psycopg.connect(**postgres_address, autocommit=True)) as admin:
        admin.execute("DROP TABLE IF EXISTS people; DROP SEQUENCE IF EXISTS numbers; CREATE SEQUENCE numbers")
        admin.execute("CREATE TABLE people AS SELECT 'a@example.com' AS email")

        def connect_in_a_state() -> Any:
            connection = connect()
            connection.autocommit = state == "autocommit"
            if state == "in a transaction":
                connection.cursor().execute("SELECT 1")
            return connection

        with pytest.raises(PreparationError) as refused:
            rows_of(SqlRows(Query(connect_in_a_state, sql, read_only=True)))
        assert "example.com" not in str(refused.value)
        query = Query(connect_in_a_state, "SELECT email FROM people", read_only=True)
        assert rows_of(SqlRows(query)) == [["a@example.com"]]
        assert admin.execute("SELECT last_value FROM numbers").fetchone() == (1,)
