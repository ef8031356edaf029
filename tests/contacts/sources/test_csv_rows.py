"""Cutting a CSV into rows."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from email_contacts.contacts.errors import HeaderError, RowTooLong, SourceUndecodable
from email_contacts.contacts.sources import csv_rows, line_feed
from email_contacts.contacts.sources.csv_rows import CsvRows
from email_contacts.contacts.sources.rows import Row, RowFault
from tests.amount import amount
from tests.contacts.conftest import WriteSource
from tests.contacts.sources.reading import rows_in
from tests.contacts.sources.reading import rows_of as listed


def rows_of(
    source: Path, *, longest_row: int = 8_000_000, encoding: str | None = None
) -> list[Row | RowFault]:
    return listed(CsvRows(source, delimiter=None, encoding=encoding, longest_row=longest_row))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_rows_with_any_line_end(write: WriteSource, line_end: str) -> None:
    assert rows_of(write(line_end.join(["a,b", "1,2", "", "3,4", ""]))) == [["1", "2"], ["3", "4"]]


def test_quoted_cells_keep_delimiters_quotes_and_line_ends(write: WriteSource) -> None:
    assert rows_of(write('a,b\n"1, ""one""","two\r\nlines"\n')) == [['1, "one"', "two\r\nlines"]]


def test_blank_lines_before_the_header_are_skipped(write: WriteSource) -> None:
    assert rows_of(write("\n\na,b\n1,2\n")) == [["1", "2"]]


def test_a_header_may_span_lines(write: WriteSource) -> None:
    rows = CsvRows(write('"a\nb";c\n1;2\n'), delimiter=None, encoding=None, longest_row=100)
    assert (rows.columns, rows.delimiter, listed(rows)) == (("a\nb", "c"), ";", [["1", "2"]])
    rows.close()


def test_ragged_rows_are_faults_and_the_rest_goes_on(write: WriteSource) -> None:
    assert rows_of(write("a,b\n1\n1,2,3\n1,2\n")) == [
        RowFault("columns", "The row has 1 cell, the header has 2."),
        RowFault("columns", "The row has 3 cells, the header has 2."),
        ["1", "2"],
    ]


def test_malformed_quotes_cost_their_row_only(write: WriteSource) -> None:
    first, second, good = rows_of(write('a,b\n"x"y,2\n"un\nclosed" ,2\n3,4\n'))
    assert first == RowFault(
        "quoting", "Malformed quotes in line 2: double the quotes that belong to the text."
    )
    assert isinstance(second, RowFault)
    assert "lines 3 to 4" in second.message
    assert good == ["3", "4"]


def test_null_bytes_cost_their_row_only(write: WriteSource) -> None:
    assert rows_of(write("a,b\n\0,2\n3,4\n")) == [
        RowFault("null_byte", "The row holds a null byte."),
        ["3", "4"],
    ]


def test_null_bytes_in_the_header_are_utf_16_without_a_mark(write: WriteSource) -> None:
    with pytest.raises(HeaderError, match='encoding="utf-16-le"'):
        rows_of(write("a,b\n1,2\n".encode("utf-16-le")))


def test_a_quote_that_is_never_closed_is_named_by_its_line(write: WriteSource) -> None:
    with pytest.raises(RowTooLong, match=r"contacts\.csv, line 3: a quote .* is never closed"):
        rows_of(write('a,b\n1,2\n"3,4\n5,6\n'))


def test_a_quote_that_swallows_the_file_is_named_before_memory_is_full(write: WriteSource) -> None:
    with pytest.raises(RowTooLong, match=r"line 2: a cell .* longer than .*usually an unclosed quote"):
        rows_of(write('a,b\n"1,2\n' + "3,4\n" * 100_000))


def test_a_single_row_of_nine_megabytes(write: WriteSource) -> None:
    with pytest.raises(RowTooLong, match=r"reaches line 2 is longer than 8,000,000 .*unclosed quote"):
        rows_of(write("a,b\n" + "x," * 4_500_000 + "\n"))


def test_a_cell_of_nine_megabytes(write: WriteSource) -> None:
    with pytest.raises(RowTooLong, match="line 2"):
        rows_of(write("a,b\n1," + "x" * 9_000_000 + "\n"))


def test_the_limit_of_cells_is_left_as_it_is(write: WriteSource) -> None:
    before = csv.field_size_limit()
    rows_of(write("a,b\n1,2\n"))
    assert csv.field_size_limit() == before


def test_a_byte_that_is_not_utf_8_is_named(write: WriteSource) -> None:
    content = b"a,b\n" + b"1,2\n" * 200_000 + "3,Jürgen\n".encode("cp1252")
    with pytest.raises(SourceUndecodable) as caught:
        rows_of(write(content))
    assert str(caught.value) == (
        "contacts.csv is not UTF-8 in 1 of its 200,002 lines (line 200,002). If it was saved by "
        'Excel or on Windows in Western Europe, give encoding="cp1252".'
    )
    assert caught.value.__cause__ is None


def test_a_byte_that_is_not_utf_16_is_named(write: WriteSource) -> None:
    with pytest.raises(SourceUndecodable, match="line 2 holds the byte 0x00 at offset 10"):
        rows_of(write("a,b\n".encode("utf-16") + b"\x00\xd8" + "1,2\n".encode("utf-16-le")))


def test_a_truncated_last_character_is_named(write: WriteSource) -> None:
    with pytest.raises(SourceUndecodable, match=r"in 1 of its 2 lines \(line 2\)"):
        rows_of(write(b"a,b\n1,\xc3"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(write: WriteSource, encoding: str) -> None:
    source = write("a,b\nJürgen,2\n".encode(encoding))
    assert rows_of(source, encoding="cp1252" if encoding == "cp1252" else None) == [["Jürgen", "2"]]


table = st.lists(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), min_size=2, max_size=2
    ),
    max_size=6,
)


@settings(
    max_examples=amount(200, quick=20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=table, quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_csv_writes_is_read_again(tmp_path: Path, rows: list[list[str]], quoting: int) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting)  # type: ignore[arg-type]  # one of csv's own constants
    writer.writerows([["a", "b"], *rows])
    source = tmp_path / "generated.csv"
    source.write_bytes(text.getvalue().encode())
    expected = [row for row in rows if any(map(str.strip, row))]
    assert [[cell.strip() for cell in cast("Row", row)] for row in rows_of(source)] == [
        [cell.strip() for cell in row] for row in expected
    ]


def test_of_many_columns_more_is_cut_at_once(write: WriteSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_feed, "BLOCK_BYTES", 1_000)
    expected = [[f"{row}-{column}" for column in range(40)] for row in range(1_000)]
    text = "".join(",".join(cells) + "\n" for cells in [[f"c{column}" for column in range(40)], *expected])
    with closing(CsvRows(write(text), delimiter=None, encoding=None, longest_row=10_000)) as rows:
        blocks = list(rows.blocks())
    assert [row for block in blocks for row in rows_in(block)] == expected
    # The first one is what was read for the header; a row has some 280 bytes.
    assert max(map(len, blocks[1:])) * 280 > 2 * 1_000


@pytest.mark.parametrize("line", [",", "   ", "\t", "\u00a0", '""', '"",', " , "])
@pytest.mark.parametrize("quoted", ["x", '"x ""y"""'])
def test_a_row_of_nothing_is_none_however_many_cells_it_has(
    write: WriteSource, line: str, quoted: str
) -> None:
    rows = rows_of(write(f"a,b,c\n1,2,{quoted}\n{line}\n4,5,6\n{line}\n"))
    assert [row if isinstance(row, RowFault) else row[0] for row in rows] == ["1", "4"]


@pytest.mark.parametrize("line", ['","', "-", "x,", ";;", '""","""'])
def test_a_row_of_something_is_one(write: WriteSource, line: str) -> None:
    *rows, short = rows_of(write(f"a,b,c\n1,2,3\n{line}\n"))
    assert isinstance(short, RowFault)
    assert rows == [["1", "2", "3"]]


@pytest.mark.parametrize("blank", ["\t", "\u00a0", "\u200b", "\u3000", "\ufeff", " \t"])
def test_a_quote_behind_another_blank_than_a_space_is_no_letter(write: WriteSource, blank: str) -> None:
    first, second, good = rows_of(write(f'a,b\n1,{blank}"Jane"\n2,{blank}"Doe, Jr."\n3," ""x"""\n'))
    assert isinstance(first, RowFault)
    assert isinstance(second, RowFault)
    assert {first.rule, second.rule} == {"quoting"}
    assert good == ["3", ' "x"']
    with pytest.raises(HeaderError, match="has a quote behind a tab"):
        rows_of(write(f'a,c,{blank}"b"\n1,2,3\n'))


@pytest.mark.parametrize(
    ("line", "is_row"),
    [
        *((",", False), (" ,", False), ('" ",', False), ('"",', False), ('"\u00a0",', False), ("\t,", False)),
        *(('"""",', True), ('",",', True), ("x,", True), ("'',", True)),
    ],
)
def test_a_short_row_of_blanks_is_none_however_it_is_read(
    line: str, is_row: bool, write: WriteSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(f"email,a,b\na@example.com,1,2\n{line}\nb@example.com,1,2\n")
    framed = rows_of(source)
    monkeypatch.setattr(csv_rows, "framed", lambda *_, **__: None)
    assert rows_of(source) == framed
    assert len(framed) == (3 if is_row else 2)
