"""What a mapping says of cells means the same, whether a source gives types or text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from email_contacts.contacts import Mapping
from email_contacts.contacts.sources.consent_column import ConsentColumn
from tests.contacts.cells import values
from tests.contacts.prepared import prepared
from tests.contacts.typed_sources import SOURCES, TYPED, sent

TURNED = {"true": ["false"], "false": ["true"]}  # of "unsubscribed" to who may be written to
CODES = {"true": ["2"], "false": ["1"]}


@pytest.mark.parametrize(
    ("rule", "cells", "expected"),
    [
        ({"type": "boolean", "booleans": TURNED}, [True, False, None, True], [False, True, None, False]),
        ({"type": "boolean", "booleans": CODES}, [1, 2, None, 1], [False, True, None, False]),
        ({"type": "boolean", "booleans": CODES}, [1.0, 2.0, None], [False, True, None]),
        ({"type": "boolean", "booleans": CODES}, [0, 3], [False, "!boolean"]),
        ({"type": "number", "nulls": ["-999", "0"]}, [-999, 0, 7, None], [None, None, 7, None]),
        ({"type": "number", "nulls": ["-999", "-99.5"]}, [-99.5, 1.5, None], [None, 1.5, None]),
        ({"type": "number", "nulls": ["1"]}, [1, 2], [None, 2]),
        ({"type": "boolean", "nulls": ["1"]}, [True, False, None], [True, False, None]),
        ({"type": "boolean", "nulls": ["false"]}, [True, False, None], [True, None, None]),
        ({"type": "text", "nulls": ["0"]}, [0, 7], [None, "7"]),
        ({"attribute": "SMS", "nulls": ["0"]}, [0, 4915123456789], [None, "4915123456789"]),
        ({"attribute": "EXT_ID", "nulls": ["-1"]}, [-1, 1001], [None, "1001"]),
        (
            {"type": "category", "categories": {"true": "Y", "false": "N"}},
            [True, False, None],
            ["Y", "N", None],
        ),
        ({"type": "category", "categories": {"1": "Y"}}, [1, 2], ["Y", "!category"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", SOURCES)
def test_cells_of_each_source(
    kind: str, tmp_path: Path, rule: dict[str, Any], cells: list[Any], expected: list[Any]
) -> None:
    assert sent(kind, tmp_path, cells, rule) == expected


@pytest.mark.parametrize("kind", TYPED)
def test_a_number_that_stands_for_nothing_is_that_whether_it_is_whole_or_not(
    kind: str, tmp_path: Path
) -> None:
    """A column of whole numbers with gaps is one of floats to a data frame, and its CSV has ``-999.0``."""
    rule = {"type": "number", "nulls": ["-999"]}
    assert sent(kind, tmp_path, [-999.0, 12.5, -999.5], rule) == [None, 12.5, -999.5]


def test_a_boolean_is_no_choice_that_was_not_named(tmp_path: Path) -> None:
    rule = {"type": "category", "categories": {"1": "Y", "0": "N"}}
    assert sent("NDJSON", tmp_path, [True, False], rule) == ["!category", "!category"]


def test_a_float_of_32_bits_is_the_decimal_that_is_written_for_it(tmp_path: Path) -> None:
    cells = [0.1, 12.5, 16777216.0, -0.3, 1e-7, None, 7.0]
    mails = [f"p{place}@example.com" for place in range(len(cells))]
    table = pa.table({"email": mails, "POINTS": pa.array(cells, pa.float32()), "LEVEL": pa.array(cells)})
    pq.write_table(table, tmp_path / "a.parquet")
    found = prepared(tmp_path / "a.parquet")
    assert values(found, "POINTS") == values(found, "LEVEL") == cells


@pytest.mark.parametrize("attribute", ["EXT_ID", "SMS", "WHATSAPP"])
def test_an_identifier_of_which_a_float_of_32_bits_lost_digits_is_nobodys(
    tmp_path: Path, attribute: str
) -> None:
    """It keeps every whole number below 2**24; of 447700900123 it makes the number of somebody else."""
    mails = [f"p{place}@example.com" for place in range(4)]
    cells = pa.array([447700900123.0, 4915123456789.0, 16777216.0, None], pa.float32())
    pq.write_table(pa.table({"email": mails, attribute: cells}), tmp_path / "a.parquet")
    found = prepared(tmp_path / "a.parquet")
    rule = "ext_id" if attribute == "EXT_ID" else "phone"
    assert found.rules == [(row, attribute, rule) for row in (1, 2, 3)]
    assert values(found, attribute) == [None]
    assert all("more digits than a float keeps" in reject["message"] for reject in found.rejects)


def test_a_float_of_16_bits_keeps_fewer_digits(tmp_path: Path) -> None:
    cells = pa.array([2049.0, 2047.0], pa.float32()).cast(pa.float16())
    pq.write_table(pa.table({"EXT_ID": cells}), tmp_path / "a.parquet")
    found = prepared(tmp_path / "a.parquet")
    assert (found.rules, values(found, "EXT_ID")) == ([(1, "EXT_ID", "ext_id")], ["2047"])


SECOND_OF_NOVEMBER, NOON = date(1985, 11, 2), datetime(1985, 11, 2, 12)


@pytest.mark.parametrize(
    "formats", ["%Y-%d-%m", "%d.%m.%Y", "%d %b %Y", "excel", ["%d.%m.%Y", "iso"]], ids=str
)
@pytest.mark.parametrize("kind", ["Parquet", "workbook", "query"])
def test_a_day_is_the_day_that_it_is_and_formats_are_those_of_text(
    kind: str, tmp_path: Path, formats: Any
) -> None:
    rule = {"type": "date", "format": formats}
    for cells in ([SECOND_OF_NOVEMBER, None], [NOON, datetime(2024, 2, 29, 23, 59), None]):
        expected = [None if cell is None else cell.isoformat()[:10] for cell in cells]
        folder = tmp_path / str(len(cells))
        folder.mkdir()
        assert sent(kind, folder, cells, rule) == expected


@pytest.mark.parametrize("kind", ["workbook", "query"])
def test_a_column_that_mixes_days_with_text(kind: str, tmp_path: Path) -> None:
    """As Excel makes it of a CSV whose days it could not all read."""
    cells = [SECOND_OF_NOVEMBER, "31.12.1985", "1985-11-02", "n/a", None, NOON]
    rule = {"type": "date", "format": "%d.%m.%Y", "nulls": ["n/a"]}
    expected = ["1985-11-02", "1985-12-31", "!date", None, None, "1985-11-02"]
    assert sent(kind, tmp_path, cells, rule) == expected


@pytest.mark.parametrize("kind", SOURCES)
def test_a_day_that_is_text_is_what_the_format_says(kind: str, tmp_path: Path) -> None:
    assert sent(kind, tmp_path, ["1985-11-02"], {"type": "date", "format": "%Y-%d-%m"}) == ["1985-02-11"]


@pytest.mark.parametrize("kind", ["CSV", "Parquet", "workbook", "query"])
def test_days_that_stand_for_nothing(kind: str, tmp_path: Path) -> None:
    rule = {"type": "date", "nulls": ["1900-01-05"]}
    assert sent(kind, tmp_path, [date(1900, 1, 5), SECOND_OF_NOVEMBER], rule) == [None, "1985-11-02"]


def test_days_with_a_zone_stay_the_ones_that_are_written(tmp_path: Path) -> None:
    cell = datetime(1985, 11, 2, 23, tzinfo=timezone.utc)
    assert sent("query", tmp_path, [cell], {"type": "date", "format": "%d.%m.%Y"}) == ["1985-11-02"]


@pytest.mark.parametrize("kind", ["Parquet", "workbook", "query"])
def test_days_are_text_where_text_is_sent(kind: str, tmp_path: Path) -> None:
    assert sent(kind, tmp_path, [SECOND_OF_NOVEMBER, NOON], {"type": "text"})[0][:10] == "1985-11-02"


@pytest.mark.parametrize("kind", ["Parquet", "workbook", "query"])
def test_a_day_is_nobody_s_identifier(kind: str, tmp_path: Path) -> None:
    """A spreadsheet makes one of the code 3-1, and many people share a birthday."""
    codes: list[Any] = [SECOND_OF_NOVEMBER, NOON, time(1, 2)]
    for place, code in enumerate(codes):
        folder = tmp_path / str(place)
        folder.mkdir()
        assert sent(kind, folder, [code, None], {"attribute": "EXT_ID"}) == ["!ext_id", None]


def from_1904(folder: Path, *cells: Any) -> Path:
    """Give a workbook that counts days from 1904; its numbers have the format General."""
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in [
        ("email", "x", "points"),
        *((f"p{place}@example.com", cell, 29950) for place, cell in enumerate(cells)),
    ]:
        book.active.append(row)
    path = folder / "mac.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("formats", ["excel", ["iso", "excel"], ["%d.%m.%Y", "excel"]], ids=str)
def test_serial_days_of_a_workbook_that_counts_from_1904(tmp_path: Path, formats: Any) -> None:
    day = date(1985, 12, 31)  # 29950 days after the first of 1904
    source = from_1904(tmp_path, day, 29950, 29950.75, "29950", 99999, 20240111, -1, None, 2957003, 2957004)
    rule = {"attribute": "X", "type": "date", "format": formats, "nulls": ["99999"]}
    columns = {"email": "EMAIL", " X ": rule, "points": {"attribute": "POINTS", "type": "number"}}
    found = prepared(source, mapping=Mapping.from_json({"columns": columns}))
    read = [contact["attributes"].get("X") for contact in found.contacts]
    eight_digits = ["2024-01-11"] if "iso" in formats else []
    assert read == ["1985-12-31"] * 4 + [None, *eight_digits, None, "9999-12-31"]
    assert found.rules == [(row, "x", "date") for row in ([7, 10] if eight_digits else [6, 7, 10])]
    assert set(values(found, "POINTS")) == {29950}


def test_serial_days_of_other_workbooks_count_as_they_did(tmp_path: Path) -> None:
    assert sent("workbook", tmp_path, [29950, 31412], {"type": "date", "format": "excel"}) == [
        "1981-12-30",
        "1985-12-31",
    ]


def test_workbooks_of_both_kinds_in_one_folder(tmp_path: Path) -> None:
    from_1904(tmp_path, 29950)
    book = openpyxl.Workbook()
    for row in [("email", "x", "points"), ("z@example.com", 31412, 1)]:
        book.active.append(row)
    book.save(tmp_path / "windows.xlsx")
    columns = {"email": "EMAIL", "x": {"attribute": "X", "type": "date", "format": "excel"}}
    mapping = Mapping.from_json({"columns": columns, "unknown_columns": "drop"})
    found = prepared(tmp_path, tmp_path.with_name("stage"), mapping=mapping)
    assert values(found, "X") == ["1985-12-31", "1985-12-31"]


def strange(kind: str, folder: Path, mails: Sequence[str]) -> Any:
    """Give a source whose column ``x`` has durations, which no contact can have, but for the last cell."""
    cells = [*[timedelta(days=1)] * (len(mails) - 1), None]
    return SOURCES[kind](folder, list(zip(mails, cells, strict=True)))


@pytest.mark.parametrize("kind", ["Parquet", "workbook", "query"])
def test_only_a_column_that_is_sent_refuses_a_row(kind: str, tmp_path: Path) -> None:
    mails = ["a@example.com", "mailto:b@example.com", "no address", "d@example.com"]
    source = strange(kind, tmp_path, mails)
    mapping = Mapping.from_json({"columns": {"email": "EMAIL"}, "unknown_columns": "drop"})
    found = prepared(source, tmp_path / "stage", mapping=mapping)
    assert found.rules == [(3, "email", "email")]
    assert [contact["email"] for contact in found.contacts] == [
        "a@example.com",
        "b@example.com",
        "d@example.com",
    ]
    sent_too = Mapping.from_json({"columns": {"email": "EMAIL", "x": {"attribute": "X", "type": "text"}}})
    found = prepared(source, tmp_path / "stage of both", mapping=sent_too)
    assert found.rules == [(1, "x", "type"), (2, "x", "type"), (3, "email", "email")]
    assert found.rejects[0]["value"] == ""
    assert found.rejects[0]["message"] == (
        "It is a value of the type timedelta, which no contact can have. Leave the column out, or convert it "
        "in the source."
    )


@pytest.mark.parametrize("kind", ["workbook", "query"])
def test_a_strange_cell_that_decides_rejects_its_row(kind: str, tmp_path: Path) -> None:
    source = strange(kind, tmp_path, ["a@example.com", "b@example.com"])
    mapping = Mapping.from_json({"columns": {"email": "EMAIL"}, "unknown_columns": "drop"})
    found = prepared(source, tmp_path / "stage", mapping=mapping, consent_column=ConsentColumn("x"))
    assert [reject["rule"] for reject in found.rejects] == ["consent", "consent"]


def test_a_strange_cell_names_its_row_by_its_kind(tmp_path: Path) -> None:
    source = strange("query", tmp_path, ["no address", "b@example.com"])
    mapping = Mapping.from_json({"columns": {"email": "EMAIL"}, "key": "x", "unknown_columns": "drop"})
    found = prepared(source, tmp_path / "stage", mapping=mapping)
    assert [reject["key"] for reject in found.rejects] == ["<timedelta>"]


@pytest.mark.parametrize("used", [True, False])
def test_one_value_that_is_not_utf_8_costs_its_own_row_where_it_is_sent(tmp_path: Path, used: bool) -> None:
    mails = [f"p{place}@example.com".encode() for place in range(3_000)]
    column = [*mails[:17], b"\xff", *mails[18:]]
    lists = pa.array([[mail, b"\xff"] for mail in mails])
    texts = pa.array([mail.decode() for mail in mails])
    table = pa.table({"email": column if used else texts, "x": column, "y": lists})
    pq.write_table(table, tmp_path / "a.parquet")
    mapping = Mapping.from_json({"columns": {"email": "EMAIL"}, "unknown_columns": "drop"})
    found = prepared(tmp_path / "a.parquet", mapping=mapping)
    assert found.rules == ([(18, "email", "type")] if used else [])
    assert len(found.contacts) == 3_000 - used


def test_rows_whose_lists_of_bytes_are_no_text_are_rejected_where_these_are_sent(tmp_path: Path) -> None:
    lists = pa.array([[b"books", b"music"], [b"books", b"\xff"], None])
    pq.write_table(
        pa.table({"email": [f"p{n}@example.com" for n in range(3)], "x": lists}), tmp_path / "a.parquet"
    )
    rule = {"attribute": "X", "type": "multiple_choice"}
    found = prepared(
        tmp_path / "a.parquet", mapping=Mapping.from_json({"columns": {"email": "EMAIL", "x": rule}})
    )
    assert found.rules == [(2, "x", "type")]
    assert values(found, "X") == [["books", "music"], None]
