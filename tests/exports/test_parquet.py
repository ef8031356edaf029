"""Contacts as columns: typed where they fit, and nothing lost where they do not."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import timestamps
from email_contacts.contacts.mapping.attributes import AccountAttribute
from email_contacts.exports.tables import contacts_table, opt_outs_table

ATTRIBUTES = [
    AccountAttribute("FIRSTNAME"),
    AccountAttribute("COUNTRY", "category"),
    AccountAttribute("BIRTHDAY", "date"),
    AccountAttribute("POINTS", "number"),
    AccountAttribute("NEWSLETTER", "boolean"),
    AccountAttribute("INTERESTS", "multiple_choice"),
]
CONTACT: dict[str, Any] = {
    "id": 5,
    "email": "ada@example.com",
    "emailBlacklisted": False,
    "smsBlacklisted": True,
    "createdAt": "2026-05-01T17:05:03Z",
    "modifiedAt": "2026-05-01T19:05:03.777+02:00",
    "listIds": [2, 3],
    "listUnsubscribed": None,
    "attributes": {
        "FIRSTNAME": "Ada",
        "COUNTRY": "GB",
        "BIRTHDAY": "1815-12-10",
        "POINTS": 7,
        "NEWSLETTER": True,
        "INTERESTS": ["books"],
        "SMS": "4915112345678",
    },
}


def written(*contacts: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a file of contacts."""
    file = io.BytesIO()
    table = contacts_table(file, "parquet", ATTRIBUTES)
    table.add(contacts)
    table.close()
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(file.getvalue())).to_pylist()
    return rows


def test_each_value_has_the_type_of_its_column() -> None:
    (row,) = written(CONTACT)
    assert row["createdAt"] == datetime(2026, 5, 1, 17, 5, 3, tzinfo=timezone.utc)
    assert row["modifiedAt"] == datetime(2026, 5, 1, 17, 5, 3, 777_000, tzinfo=timezone.utc)
    assert (row["listIds"], row["listUnsubscribed"], row["smsBlacklisted"]) == ([2, 3], None, True)
    assert {name: value for name, value in row["attributes"].items() if value is not None} == {
        "FIRSTNAME": "Ada",
        "COUNTRY": "GB",
        "BIRTHDAY": date(1815, 12, 10),
        "POINTS": 7.0,
        "NEWSLETTER": True,
        "INTERESTS": ["books"],
        "SMS": "4915112345678",
    }
    assert row["otherFields"] is None


@pytest.mark.parametrize(
    ("facts", "other"),
    [
        ({"subscriptions": {"email": True}}, {"subscriptions": {"email": True}}),
        ({"createdAt": "yesterday"}, {"createdAt": "yesterday"}),
        ({"listIds": "all"}, {"listIds": "all"}),
        ({"attributes": {"LATER": 1}}, {"attributes": {"LATER": 1}}),
        ({"attributes": {"BIRTHDAY": "10/12/1815"}}, {"attributes": {"BIRTHDAY": "10/12/1815"}}),
        ({"attributes": {"POINTS": "many"}}, {"attributes": {"POINTS": "many"}}),
        ({"attributes": {"NEWSLETTER": "yes"}}, {"attributes": {"NEWSLETTER": "yes"}}),
        ({"attributes": {"INTERESTS": "books"}}, {"attributes": {"INTERESTS": "books"}}),
    ],
)
def test_what_fits_no_column_is_kept_beside_them(facts: dict[str, Any], other: dict[str, Any]) -> None:
    first, second, third = written(CONTACT, {**CONTACT, "id": 6, **facts}, {**CONTACT, "id": 7})
    assert json.loads(second["otherFields"]) == other
    assert {**first, "id": 0} == {**third, "id": 0}


def test_a_number_in_a_column_of_text_is_text() -> None:
    (row,) = written({"id": 5, "attributes": {"FIRSTNAME": 7, "SMS": 4915112345678}})
    assert (row["attributes"]["FIRSTNAME"], row["attributes"]["SMS"]) == ("7", "4915112345678")


def test_a_contact_without_anything_is_a_row() -> None:
    (row, _) = written({"id": 5}, {"id": 6, "attributes": None})
    assert (row["id"], row["email"], row["otherFields"]) == (5, None, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = st.sampled_from(["FIRSTNAME", "BIRTHDAY", "POINTS", "NEWSLETTER", "INTERESTS", "SMS", "NEW"])


@given(st.lists(st.dictionaries(NAMES, JSON), min_size=1, max_size=5))
def test_no_value_is_lost(attributes: list[dict[str, Any]]) -> None:
    rows = written(*({"id": number, "attributes": some} for number, some in enumerate(attributes)))
    for some, row in zip(attributes, rows, strict=True):
        other = json.loads(row["otherFields"] or "{}").get("attributes", {})
        for name, value in some.items():
            kept = other[name] if name in other else row["attributes"].get(name)
            assert kept == value or str(kept) == str(value) or str(kept) == json.dumps(value), name


def test_opt_outs_have_the_columns_that_are_documented() -> None:
    file = io.BytesIO()
    table = opt_outs_table(file, "parquet")
    table.add([{"email": None, "ext_id": None, "list": 3, "opted_out_at": None, "how": "x", "contact_id": 1}])
    table.close()
    read = pq.read_table(io.BytesIO(file.getvalue()))
    assert read.schema.names == ["email", "ext_id", "list", "opted_out_at", "how", "contact_id"]
    assert str(read.schema.field("opted_out_at").type) == "timestamp[us, tz=UTC]"


def test_many_rows_are_few_row_groups() -> None:
    file = io.BytesIO()
    table = contacts_table(file, "parquet", ATTRIBUTES)
    for start in range(0, 60_000, 1_000):
        table.add([{"id": one} for one in range(start, start + 1_000)])
    table.close()
    metadata = pq.ParquetFile(io.BytesIO(file.getvalue())).metadata
    assert (metadata.num_rows, metadata.num_row_groups) == (60_000, 2)


# How an instant may be written, or nearly: the first of each is right, and one at a time is another.
PARTS = (
    ("2026", "1600", "0001", "9999", "26", "02026"),
    ("-02", "-12", "-13", "-2", ""),
    ("-01", "-28", "-29", "-00", "-1", ""),
    ("T", "t", " ", "T ", ""),
    ("23", "00", "24", "7", ""),
    (":00:00", ":59:59", ":00:60", ":60:00", ":00", "0000", ""),
    ("", ".1", ".777", ".123456", ".1234567", ".1234567891", ".", ",5"),
    ("Z", "z", "", "+02:00", "-0330", "+24:00", "+23:60", "+99:99", "+2", "Z\n", " Z"),
)
RIGHT = tuple(part[0] for part in PARTS)
INSTANTS = ["".join((*RIGHT[:at], one, *RIGHT[at + 1 :])) for at, part in enumerate(PARTS) for one in part]
DAYS = [
    "2026-02-28",
    "2026-02-29",
    "2028-02-29",
    "0001-01-01",
    "2026-2-28",
    "20260228",
    "2026-W09-1",
    "2026-02",
    "",
]


@pytest.mark.parametrize("company", [[], ["2026-02-01T23:00:00Z"], ["yesterday"]])
def test_instants_of_a_page_are_read_as_one_by_one(company: list[str]) -> None:
    for text in INSTANTS:
        row, *_ = written(*({"id": 1, "createdAt": one} for one in (text, *company, None)))
        kept = json.loads(row["otherFields"] or "{}").get("createdAt")
        assert row["createdAt"] == _read(timestamps.parse, text, kept), text


@pytest.mark.parametrize("company", [[], ["2026-02-01"], ["yesterday"]])
def test_days_of_a_page_are_read_as_one_by_one(company: list[str]) -> None:
    for text in DAYS:
        row, *_ = written(*({"id": 1, "attributes": {"BIRTHDAY": one}} for one in (text, *company, None)))
        kept = json.loads(row["otherFields"] or "{}").get("attributes", {}).get("BIRTHDAY")
        assert row["attributes"]["BIRTHDAY"] == _read(date.fromisoformat, text, kept), text


def _read(read: Callable[[str], Any], text: str, kept: str | None) -> Any:
    """Read a text; what cannot be read must be kept as it is."""
    try:
        made = read(text)
    except ValueError:
        made = None
    assert kept == (None if made else text)
    return made
