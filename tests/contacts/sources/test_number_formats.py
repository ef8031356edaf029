"""Numbers that a spreadsheet shows as codes."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.errors import SourceUnreadable
from email_contacts.contacts.sources.number_formats import as_shown
from email_contacts.contacts.sources.opening import open_rows
from email_contacts.contacts.sources.reading_options import ReadingOptions
from tests.contacts.sources.reading import rows_of

openpyxl = pytest.importorskip("openpyxl")


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (1234, "00000", "01234"),
        (0, "0000", "0000"),
        (12345, "00000", 12345),
        (123456, "00000", 123456),
        (12345678, "00000\\-0000", "01234-5678"),
        (1234567890, "00000-0000", "123456-7890"),
        (1, "0\\ 000", "0 001"),
        (600001, '000"."000"."000"-"00', "000.006.000-01"),
        (600001, "000\\-0000", "060-0001"),
        (600001, '"D-"00000', "D-600001"),
        (123, '"D-"00000', "D-00123"),
        (60, '"0-"0000', "0-0060"),
        (600001, "[$-411]000\\-0000", "060-0001"),
        (1234, "00000;@", "01234"),
        (1234, "[Red]00000;;", "01234"),
        (0, "00000;;0000", "0000"),
        (1234.0, "00000", "01234"),
        (60, "[<=999]000;[<=9999]000\\-00;000\\-0000", "060"),
        (6001, "[<=999]000;[<=9999]000\\-00;000\\-0000", "060-01"),
        (600001, "[<=999]000;[<=9999]000\\-00;000\\-0000", "060-0001"),
        (60, '[<10]General;[>=10]"<"00000', "<00060"),
        (612345678, '0#" "##" "##" "##" "##', "06 12 34 56 78"),
        (612345678, "0#########", "0612345678"),
        (2025550101, "(###) ###-####", "(202) 555-0101"),
        (2025550101, "[<=9999999]###-####;(###) ###-####", "(202) 555-0101"),
        (5550101, "[<=9999999]###-####;(###) ###-####", "555-0101"),
        (12025550101, "(###) ###-####", "(1202) 555-0101"),
        (2025550101, "###\\.###\\.####", "202.555.0101"),
        (2025550101.0, "###-###-####", "202-555-0101"),
        # What is dialled before the digits.
        (15123456789, '"+49 "0', "+49 15123456789"),
        (15123456789, '"(+49) "#', "(+49) 15123456789"),
        (15123456789, '"0"0', "015123456789"),
        (4915123456789, '"00"0', "004915123456789"),
        (447700900123, "+0", "+447700900123"),
        (447700900123.0, '"+"#', "+447700900123"),
        (447700900123, "\\+##\\ ####\\ ######", "+44 7700 900123"),
        # A quantity, however it is shown.
        (15, "+0", 15),
        (1234567, "+0;-0;0", 1234567),
        (1234567, '"CO2 "0', 1234567),
        (5, "0#########", 5),
        (0, "(###) ###-####", 0),
        (1234567, "#\\ ###\\ ###", 1234567),
        (1234567, "##\\.###\\.###", 1234567),
        (12345678, "[>=100000]##\\,##\\,##0;##,##0", 12345678),
        (1234567, "##-##", 1234567),
        (1234567, "#######", 1234567),
        (1234567, "(#######)", 1234567),
        (1234567, "-#######", 1234567),
        (1234567, "#,##0_);(#,##0)", 1234567),
        (7, "0", 7),
        (7, "General", 7),
        (7, "0.00", 7),
        (1234, "#,##0", 1234),
        (7, "00", 7),
        (7, "000", 7),
        (7, "0000%", 7),
        (7, '0000" km"', 7),
        (7, "0000;-0000", 7),
        (7, "0000;\\-0000", 7),
        (7, "0000;[Red](0000)", 7),
        (7, "[$€-407]0000", 7),
        (7, "#,0000", 7),
        (0, "00000;;", 0),
        (0, "00000;;;", 0),
        (5, "[<10]General;00000", 5),
        (60, "[>100]0000;0000;0000", 60),
        (7, "[DBNum1]0000", 7),
        (1e300, "0000", 1e300),
        (-7.0, "0000", -7.0),
        (-7, "0000", -7),
        (7.5, "0000", 7.5),
        (True, "0000", True),
        ("7", "0000", "7"),
        (None, None, None),
    ],
)
def test_a_code_is_read_as_it_is_shown(value: Any, number_format: str | None, shown: Any) -> None:
    found = as_shown(value, number_format)
    assert (found, type(found)) == (shown, type(shown))


def people(folder: Path, number_format: str) -> Path:
    book = openpyxl.Workbook()
    for row in (["ext_id", "ZIP", "Points"], ["C-1", 1234, 7], ["C-2", 98765, 8], ["C-3", None, None]):
        book.active.append(row)
    for cell in book.active["B"][1:]:
        cell.number_format = number_format
    path = folder / "people.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize(
    "number_format", ["00000", "000\\-00", "0\\ 0000", "[$-411]000\\-0000", "00000;@", "###-####"]
)
def test_a_column_of_a_workbook(tmp_path: Path, number_format: str) -> None:
    path = people(tmp_path, number_format)
    expected = [as_shown(value, number_format) for value in (1234, 98765)]
    assert expected[0] != 1234
    rows = rows_of(open_rows(path, ReadingOptions(), longest_row=1_000_000))
    assert rows == [["C-1", expected[0], 7], ["C-2", expected[1], 8], ["C-3", "", ""]]


def test_a_style_that_is_not_there_is_damage(tmp_path: Path) -> None:
    source, damaged = people(tmp_path, "00000"), tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(damaged, "w") as copy:
        for name in whole.namelist():
            content = whole.read(name)
            if name.startswith("xl/worksheets/"):
                assert b' s="1"' in content
                content = content.replace(b' s="1"', b' s="99"')
            copy.writestr(name, content)
    with pytest.raises(SourceUnreadable, match="damaged"):
        rows_of(open_rows(damaged, ReadingOptions(), longest_row=1_000_000))
