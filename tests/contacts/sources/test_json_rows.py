"""NDJSON as rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.errors import (
    HeaderError,
    InvalidOption,
    RowTooLong,
    SourceEmpty,
    SourceUndecodable,
    SourceUnreadable,
    UnknownColumns,
)
from email_contacts.contacts.sources.json_rows import ROWS_LOOKED_AT, JsonRows
from email_contacts.contacts.sources.rows import RowFault
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import ACCOUNT, prepared
from tests.contacts.sources.reading import opened as opened_source
from tests.contacts.sources.reading import rows_of


def opened(source: Path, **options: Any) -> JsonRows:
    return JsonRows(source, **{"encoding": None, "longest_row": 1_000_000} | options)


def test_keys_are_columns_in_order_of_appearance(write: WriteSource) -> None:
    rows = opened(write('{"a": 1}\n\n{"b": [true], "a": null}\n'))
    assert rows.columns == ("a", "b")
    assert rows_of(rows) == [[1, ""], ["", [True]]]


def test_lines_longer_than_a_block(write: WriteSource) -> None:
    text = "x" * 300_000
    rows = opened(write(f'{{"a": "{text}"}}\n{{"a": 2}}'))
    assert rows_of(rows) == [[text], [2]]


def test_lines_that_are_no_objects_are_faults(write: WriteSource) -> None:
    rows = rows_of(opened(write('{"a": 1}\n{"a": \n[1]\n{"a": NaNs}\n{"a": 2}\n')))
    assert [row.rule if isinstance(row, RowFault) else row for row in rows] == [
        [1],
        "json",
        "json",
        "json",
        [2],
    ]
    assert isinstance(rows[1], RowFault)
    assert rows[1].message.startswith("Line 2 is not JSON: ")


def test_a_byte_order_mark_is_no_part_of_the_first_line(write: WriteSource) -> None:
    assert rows_of(opened(write(b'\xef\xbb\xbf{"a": 1}'))) == [[1]]


def late(write: WriteSource, line: str) -> Path:
    return write('{"a": 1}\n' * ROWS_LOOKED_AT + line + "\n")


def test_a_key_that_comes_late_is_an_error_by_default(write: WriteSource) -> None:
    with pytest.raises(
        UnknownColumns, match=r'line 1001: "b" is a key that none of the first 1,000 rows has'
    ) as caught:
        rows_of(opened(late(write, '{"b": 2}')))
    assert caught.value.columns == ("b",)


def test_a_key_that_comes_late_is_dropped_by_choice_and_named(write: WriteSource) -> None:
    rows = opened(late(write, '{"a": 3, "b": 2}'), drop_late_columns=True)
    found = rows_of(rows)
    assert len(found) == ROWS_LOOKED_AT + 1
    assert found[-1] == [3]
    assert rows.late_columns == ("b",)


def test_a_key_that_is_expected_may_come_late(write: WriteSource) -> None:
    rows = opened(late(write, '{"b-c": 2}'), expected=["B_C"])
    assert rows.columns == ("a", "B_C")
    assert rows_of(rows)[-1] == ["", 2]


def test_a_second_spelling_of_a_key(write: WriteSource) -> None:
    with pytest.raises(HeaderError, match='"A" is a second spelling'):
        rows_of(opened(late(write, '{"A": 2}')))


def test_a_second_spelling_of_a_key_that_is_expected(write: WriteSource) -> None:
    with pytest.raises(HeaderError, match='"B" is a second spelling'):
        rows_of(opened(late(write, '{"a": 1, "b": 2}\n{"a": 1, "B": 2}'), expected=["b"]))


def test_a_line_with_all_keys_in_their_order_may_lack_values(write: WriteSource) -> None:
    assert rows_of(opened(write('{"a": 1, "b": null}\n{"b": 2, "a": null}\n{}\n'))) == [
        [1, ""],
        ["", 2],
        ["", ""],
    ]


def test_a_file_that_is_none(write: WriteSource) -> None:
    with pytest.raises(SourceUnreadable, match=r'none of the first rows is one.*source_format="csv"'):
        opened(write("email,name\na@example.com,x\n"))


def test_an_empty_file(write: WriteSource) -> None:
    with pytest.raises(SourceEmpty, match="there is no JSON object in it"):
        opened(write("\n"))


def test_a_byte_that_is_not_utf_8(write: WriteSource) -> None:
    with pytest.raises(SourceUndecodable, match="line 2 holds the byte 0xFC at its position 8"):
        opened(write('{"a": 1}\n{"a": "ü"}'.encode("cp1252")))


@pytest.mark.parametrize("content", ['{"a": "%s"}\n', '{"a": 1}\n{"a": "%s"}'])
def test_a_line_that_is_too_long(write: WriteSource, content: str) -> None:
    with pytest.raises(RowTooLong, match=r"line \d is longer than 1,000,000 bytes"):
        opened(write(content % ("x" * 1_100_000)))


@pytest.mark.parametrize("name", ["x.json", "x"])
@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    ['{"a": "Zoë 😀"}\r\n{"a": 2}\r\n', '[{"a": "Zoë 😀"},\n {"a": 2}]', ' [{"a": "Zoë 😀"},{"a": 2}]'],
)
def test_utf_16_is_told_by_the_first_bytes(write: WriteSource, text: str, codec: str, name: str) -> None:
    rows = opened_source(write(text.encode(codec), name))
    assert f"encoding: {codec}" in rows.notes
    assert rows_of(rows) == [["Zoë 😀"], [2]]


def test_utf_16_that_is_longer_than_a_block(write: WriteSource) -> None:
    text = "".join(f'{{"a": "é{row}"}}\n' for row in range(50_000))
    assert rows_of(opened(write(text.encode("utf-16")))) == [[f"é{row}"] for row in range(50_000)]


def test_utf_16_with_half_a_character(write: WriteSource) -> None:
    with pytest.raises(SourceUndecodable, match="is not utf-16: line 2 holds the byte"):
        rows_of(opened(write('{"a": 1}\n{"a": "'.encode("utf-16") + b"\x00\xd8\n\0")))


def test_a_line_that_ends_with_a_comma(write: WriteSource) -> None:
    rows = rows_of(opened(write('{"a": 1}\n{"a": 2},\n{"a": 3}\n')))
    assert rows[::2] == [[1], [3]]
    assert isinstance(rows[1], RowFault)
    assert rows[1].message == "Line 2 ends with a comma, which is not JSON: remove it."


def test_another_encoding_is_refused(write: WriteSource) -> None:
    with pytest.raises(InvalidOption, match="is cp1252, but JSON is UTF-8, or UTF-16"):
        opened(write('{"a": 1}'), encoding="cp1252")


def test_values_of_json_become_attributes(write: WriteSource) -> None:
    record = {
        "email": "a@example.com",
        "ext_id": 17,
        "birthday": "1990-01-05",
        "points": 1.5,
        "newsletter": False,
        "interests": ["Books", "books"],
    }
    found = prepared(write(json.dumps(record), "people.ndjson"), account_attributes=ACCOUNT)
    assert found.contacts[0]["attributes"] == {
        "EXT_ID": "17",
        "BIRTHDAY": "1990-01-05",
        "POINTS": 1.5,
        "NEWSLETTER": False,
        "INTERESTS": ["books"],
    }


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        ({"firstname": True}, "text"),
        ({"firstname": {"a": 1}}, "text"),
        ({"firstname": "a\0b"}, "text"),
        ({"points": True}, "number"),
        ({"points": 2**60}, "number"),
        ({"newsletter": 2}, "boolean"),
        ({"birthday": 19901305}, "date"),
        ({"country": 1.5}, "category"),
        ({"interests": ["books", 1]}, "multiple_choice"),
        ({"interests": [["books"]]}, "multiple_choice"),
        ({"email": ["a@example.com"]}, "email"),
        ({"sms": 1.5}, "phone"),
    ],
)
def test_values_of_another_type_are_rejected(
    write: WriteSource, record: dict[str, object], rule: str
) -> None:
    source = write(json.dumps({"email": "a@example.com"} | record), "people.jsonl")
    found = prepared(source, account_attributes=ACCOUNT)
    assert [line["rule"] for line in found.rejects] == [rule]


def test_without_an_account_json_says_the_types(write: WriteSource) -> None:
    found = prepared(
        write('{"email": "a@example.com", "n": 1, "b": true, "t": " x ", "l": ["a", "a"]}', "x.ndjson")
    )
    assert found.contacts[0]["attributes"] == {"N": 1, "B": True, "T": "x", "L": ["a"]}


@pytest.mark.parametrize(
    "text",
    [
        '{"email": "b"}, {"email": "c"}, {"email": "d"}',
        '{"email": "b"}, {"email": "c"}',
        '{"email": ["b"\n"c"]}\n{"email": "d"}, {"email": "e"}',
        '{"email": [{"x": 1}\n{"x": 2}]}\n{"email": "d"}, {"email": "e"}',
        '["b"]',
        '{"email": "b"},',
        ',{"email": "b"}',
    ],
)
def test_a_line_is_an_object_by_itself_whatever_the_lines_beside_it(write: WriteSource, text: str) -> None:
    around = '{"email": "a"}'
    rows = rows_of(opened(write(f"{around}\n{text}\n{around}\n", "x.ndjson")))
    assert [row for row in rows if not isinstance(row, RowFault)] == [["a"], ["a"]]
    assert len(rows) == 2 + len(text.splitlines())


def test_a_byte_order_mark_before_a_line_within_is_no_part_of_it(write: WriteSource) -> None:
    joined = '\ufeff{"a":1}\n\ufeff{"a":2}\n\ufeff\n{"a":3}\n'
    assert rows_of(opened(write(joined, "a.ndjson"))) == [[1], [2], [3]]
