"""JSON columns of a query: columns named by their path, as in NDJSON and Parquet."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Mapping, Options, Query, prepare
from email_contacts.contacts.errors import MappingError, UnknownColumns
from email_contacts.contacts.sources.opening import open_rows
from email_contacts.contacts.sources.rows import RowFault, Rows
from email_contacts.contacts.sources.sql_rows import ROWS_IN_A_BLOCK
from tests.contacts.prepared import read_csv
from tests.contacts.sources.conftest import Connect
from tests.contacts.sources.reading import rows_of

QueryOf = Callable[[Sequence[tuple[Any, ...]]], Query]


@pytest.fixture
def people(tmp_path: Path) -> QueryOf:
    """Makes a query of rows of an address and a text."""

    def make(rows: Sequence[tuple[Any, ...]]) -> Query:
        with sqlite3.connect(tmp_path / "crm.db") as database:
            database.execute("CREATE TABLE people (email TEXT, address)")
            database.executemany("INSERT INTO people VALUES (?, ?)", rows)
        database.close()
        connect = lambda: sqlite3.connect(tmp_path / "crm.db")  # noqa: E731
        return Query(connect, "SELECT email, address FROM people ORDER BY email", name="people")

    return make


def opened(query: Query, *expected: str, drop: bool = False) -> Rows:
    return open_rows(query, longest_row=1_000, expected=expected, drop_late_columns=drop)


def test_json_and_jsonb_of_postgresql(connect: Connect) -> None:
    sql = """
    SELECT * FROM (VALUES
        ('a@example.com', '{"city": "Bonn", "geo": {"lat": 1.5}}'::jsonb, '["x", "y"]'::json),
        ('b@example.com', NULL, NULL),
        ('c@example.com', '{"zip": "53111", "city": null}', '[]')
    ) AS people (email, address, tags)
    """
    rows = opened(Query(connect, sql))
    assert rows.columns == ("email", "tags", "address.geo.lat", "address.city", "address.zip")
    assert rows_of(rows) == [
        ["a@example.com", ["x", "y"], 1.5, "Bonn", ""],
        ["b@example.com", "", "", "", ""],
        ["c@example.com", [], "", "", "53111"],
    ]


def test_a_contact_of_the_platform_in_jsonb(connect: Connect) -> None:
    sql = """SELECT 'a@example.com' AS email, '{"FIRSTNAME": "Ada"}'::jsonb AS attributes"""
    assert opened(Query(connect, sql)).columns == ("email", "FIRSTNAME")


def test_a_column_that_also_holds_other_values_stays_one(connect: Connect) -> None:
    sql = """SELECT * FROM (VALUES ('{"a": 1}'::jsonb), ('[1]')) AS t (payload)"""
    rows = opened(Query(connect, sql))
    assert rows.columns == ("payload",)
    assert rows_of(rows) == [[{"a": 1}], [[1]]]


def test_text_is_json_only_where_a_mapping_says_so(people: QueryOf) -> None:
    query = people([("a@example.com", '{"city": "Bonn"}'), ("b@example.com", None), ("c@example.com", "")])
    assert opened(query).columns == ("email", "address")
    rows = opened(query, "email", "address.city")
    assert rows.columns == ("email", "address.city")
    assert rows_of(rows) == [["a@example.com", "Bonn"], ["b@example.com", ""], ["c@example.com", ""]]


@pytest.mark.parametrize("cell", ["{'city': 'Bonn'}", "{", '["Bonn"]', "Bonn", "7", 7, b"{}"])
def test_what_is_no_object_costs_its_row(cell: Any, people: QueryOf) -> None:
    rows = rows_of(
        opened(people([("a@example.com", '{"city": "Bonn"}'), ("b@example.com", cell)]), "address.city")
    )
    assert rows[0] == ["a@example.com", "Bonn"]
    assert isinstance(rows[1], RowFault)
    assert "Bonn" not in rows[1].message


def test_a_field_that_comes_up_late(people: QueryOf) -> None:
    many = [(f"a{number:05}@example.com", '{"city": "Bonn"}') for number in range(ROWS_IN_A_BLOCK)]
    query = people([*many, ("b@example.com", '{"zip": "53111", "city": "Ulm"}')])
    assert rows_of(opened(query, "address.zip", "address.city"))[-1] == ["b@example.com", "Ulm", "53111"]
    rows = opened(query, "address.city", drop=True)
    assert rows_of(rows)[-1] == ["b@example.com", "Ulm"]
    assert rows.late_columns == ("address.zip",)
    with pytest.raises(UnknownColumns, match=r'Row 5,001 of the query has the field "address\.zip"'):
        rows_of(opened(query, "address.city"))


def test_a_late_field_that_says_who_opted_out_is_never_dropped(people: QueryOf) -> None:
    many = [(f"a{number:05}@example.com", '{"city": "Bonn"}') for number in range(ROWS_IN_A_BLOCK)]
    query = people([*many, ("b@example.com", '{"emailBlacklisted": true}')])
    with pytest.raises(UnknownColumns, match="who opted out"):
        rows_of(opened(query, "address.city", drop=True))


def test_fields_are_prepared_as_columns(people: QueryOf, tmp_path: Path) -> None:
    query = people([("a@example.com", '{"city": "Bonn", "zip": 53111}'), ("b@example.com", "oops")])
    mapping = {"columns": {"email": "EMAIL", "address.city": "CITY"}, "unknown_columns": "drop"}
    manifest = prepare(query, tmp_path / "stage", Options(mapping=Mapping.from_json(mapping)))
    (batch,) = manifest.batches
    assert json.loads(Path(batch.uri).read_text()) == [
        {"email": "a@example.com", "attributes": {"CITY": "Bonn"}}
    ]
    assert [line["rule"] for line in read_csv(tmp_path / "stage" / "rejects.csv")] == ["json"]


def test_a_path_in_a_column_that_is_not_there(people: QueryOf, tmp_path: Path) -> None:
    mapping = Mapping.from_json({"columns": {"email": "EMAIL", "adress.city": "CITY"}})
    with pytest.raises(MappingError, match=r"does not have: adress\.city"):
        prepare(people([("a@example.com", None)]), tmp_path / "stage", Options(mapping=mapping))


def test_a_path_below_attributes_is_told_the_name_that_it_has(people: QueryOf, tmp_path: Path) -> None:
    query = people([("a@example.com", '{"FIRSTNAME": "Ada"}')])
    query = Query(query.connect, "SELECT email, address AS attributes FROM people", name="people")
    mapping = Mapping.from_json({"columns": {"email": "EMAIL", "attributes.FIRSTNAME": "FIRSTNAME"}})
    with pytest.raises(MappingError, match=r"does not have: attributes\.FIRSTNAME\. It has email, FIRSTNAME"):
        prepare(query, tmp_path / "stage", Options(mapping=mapping))


def test_a_path_that_no_row_has_is_an_empty_column(people: QueryOf, tmp_path: Path) -> None:
    mapping = Mapping.from_json({"columns": {"email": "EMAIL", "address.city": "CITY"}})
    manifest = prepare(people([("a@example.com", None)]), tmp_path / "stage", Options(mapping=mapping))
    assert manifest.rows.accepted == 1


def test_two_columns_of_one_name_are_told_as_before(people: QueryOf) -> None:
    query = people([("a@example.com", '{"city": "Bonn"}')])
    twice = Query(query.connect, "SELECT email, email, address FROM people")
    assert opened(twice, "address.city").columns == ("email", "email", "address")


FLAG = """'{"emailBlacklisted": true}'::jsonb"""
LATE = (
    f"SELECT i || '@example.com' AS email, CASE WHEN i > {ROWS_IN_A_BLOCK + 1} THEN {{}} END AS profile{{}} "
    f"FROM generate_series(1, {ROWS_IN_A_BLOCK + 2}) AS i ORDER BY i"
)


@pytest.mark.parametrize("beside", ["", """, '{"a": 1}'::jsonb AS more"""])
@pytest.mark.parametrize("value", [FLAG, f"jsonb_build_object('person', {FLAG})"])
def test_an_opt_out_in_a_column_whose_first_rows_are_empty_is_not_overlooked(
    connect: Connect, value: str, beside: str
) -> None:
    rows = opened(Query(connect, LATE.format(value, beside)), drop=True)
    with pytest.raises(UnknownColumns, match=r"Row 5,002 .* emailBlacklisted .* column of its own"):
        rows_of(rows)


def test_other_objects_that_come_up_late_are_cells(connect: Connect) -> None:
    rows = opened(Query(connect, LATE.format("""'{"a": true}'::jsonb""", "")), drop=True)
    assert rows_of(rows)[-2:] == [["5001@example.com", ""], ["5002@example.com", {"a": True}]]


def test_an_opt_out_beside_other_values_of_json_is_not_overlooked(connect: Connect) -> None:
    query = Query(connect, f"SELECT 'a' AS email, '[1]'::jsonb AS profile UNION ALL SELECT 'b', {FLAG}")
    with pytest.raises(UnknownColumns, match=r"Row 2 .* emailBlacklisted .* other values"):
        rows_of(opened(query, drop=True))
