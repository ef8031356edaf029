"""What a reject says beside the rule, where the shape of the cell tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.values.reasons import reason
from tests.contacts.cells import ACCOUNT, of
from tests.contacts.prepared import prepared

UNIX, MONTH, CENTURY = "Unix time", 'A month in words needs a "format"', "Two digits of a year"
SERIAL, OBJECT, LIST = "format: excel", "It is an object", "It is a list"


@pytest.mark.parametrize(
    ("kind", "cell", "says"),
    [
        ("email", "Ada Lovelace <ada@example.com>", "Give the address alone"),
        ("email", "<ada@example.com>", "Give the address alone"),
        ("email", "ada@example.com; bob@example.com", "several addresses"),
        ("email", "ada@@example.com", "several @"),
        ("date", "504835200", UNIX),
        ("date", 1704931200, UNIX),
        ("date", 1704931200000, UNIX),
        ("date", "1704931200.123", UNIX),
        ("date", "31 Dec 1985", MONTH),
        ("date", "December 31, 1985", MONTH),
        ("date", "31. März 1985", MONTH),
        ("date", "31-DEC-85", CENTURY),
        ("date", "31/12/85", CENTURY),
        ("date", 31048, SERIAL),
        ("date", 31048.0, SERIAL),
        ("date", {"$date": "1985-12-31"}, OBJECT),
        ("text", {"a": 1}, OBJECT),
        ("text", ["a"], LIST),
        ("text", 12.5, "a number with a decimal point, not text"),
        ("text", True, "true or false, not text"),
        ("ext_id", 1e21, "more digits than a float keeps"),
        ("ext_id", 42.5, "a number with a decimal point, not text"),
    ],
)
def test_the_reason_names_what_the_cell_is_and_nothing_of_it(kind: str, cell: Any, says: str) -> None:
    said = reason(kind, cell)
    assert said is not None
    assert says in said
    assert str(cell) not in said


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("email", "ada"),
        ("email", "ada@example"),
        ("date", "1985-13-31"),
        ("date", "20249999"),
        ("date", "12345678901"),
        ("date", "someday"),
        ("date", "Tue Dec 31 1985 00:00:00"),
        ("text", 12),
        ("multiple_choice", ["a"]),
        ("value", None),
    ],
)
def test_where_the_shape_does_not_tell_nothing_is_said(kind: str, cell: Any) -> None:
    assert reason(kind, cell) is None


def test_many_addresses_that_are_rejected_at_once_have_their_reasons(tmp_path: Path) -> None:
    rows = "".join(
        f"bad{n},A\nAda <a{n}@example.com>,A\na{n}@example.com/b@example.com,A\n" for n in range(9)
    )
    found = of(tmp_path, f"email,FIRSTNAME\n{rows}z@example.com,Z\n")
    said = [reject["message"].rpartition(". ")[2] for reject in found.rejects]
    assert said[1::3] == ["Give the address alone, without the name and < > around it."] * 9
    assert said[2::3] == ["There are several addresses in it, or several @: give one address."] * 9
    assert len(set(said[::3])) == 1


def test_a_unix_time_of_json_says_what_it_is(tmp_path: Path) -> None:
    source = tmp_path / "a.ndjson"
    source.write_text('{"email": "a@example.com", "BIRTHDAY": 1704931200000}\n', encoding="utf-8")
    assert UNIX in prepared(source, account_attributes=ACCOUNT).rejects[0]["message"]
