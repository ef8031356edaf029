"""Telling kinds apart, and refusing options that are for others."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts.errors import InvalidOption, SourceEmpty, SourceUnreadable, WrongDelimiter
from email_contacts.contacts.sources.csv_rows import CsvRows
from email_contacts.contacts.sources.json_rows import JsonRows
from email_contacts.contacts.sources.parquet_rows import ParquetRows
from email_contacts.contacts.sources.sql_rows import Query, SqlRows
from tests.contacts.conftest import WriteSource
from tests.contacts.sources.reading import opened, rows_of


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": ["1"], "b": ["2"]}), sink)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("x.csv", b"a,b\n1,2\n", CsvRows),
        ("x.CSV.gz", gzip.compress(b"a,b\n1,2\n", mtime=0), CsvRows),
        ("x.tsv", b"a\tb\n1\t2\n", CsvRows),
        ("x", b"a,b\n1,2\n", CsvRows),
        ("x.ndjson", b'{"a": "1", "b": "2"}', JsonRows),
        ("x.jsonl.zst", b'{"a": "1", "b": "2"}', JsonRows),
        ("x.dump", b'\n {"a": "1", "b": "2"}', JsonRows),
        ("x.gz", gzip.compress(b'{"a": "1", "b": "2"}', mtime=0), JsonRows),
        ("x.parquet", parquet(), ParquetRows),
        ("x.bin", parquet(), ParquetRows),
    ],
)
def test_the_name_or_the_first_bytes_tell_the_kind(
    write: WriteSource, name: str, content: bytes, kind: type
) -> None:
    rows = opened(write(content, name))
    assert type(rows) is kind
    assert rows.columns == ("a", "b")
    assert rows_of(rows) == [["1", "2"]]


def test_a_query() -> None:
    rows = opened(Query(lambda: sqlite3.connect(":memory:"), "SELECT 1 AS a"))
    assert type(rows) is SqlRows
    assert rows_of(rows) == [[1]]


def test_the_name_of_a_tsv_says_that_tabs_cut_it(write: WriteSource) -> None:
    text = "name, first\tlast\na\tb\n"
    assert opened(write(text, "x.tsv.gz")).columns == ("name, first", "last")
    with pytest.raises(WrongDelimiter):
        opened(write(text, "x.csv"))


def test_a_tsv_without_tabs_is_cut_by_what_it_has(write: WriteSource) -> None:
    assert opened(write("a;b\n1;2\n", "x.tsv")).columns == ("a", "b")


@pytest.mark.parametrize("name", ["x", "x.gz"])
def test_no_bytes_at_all(write: WriteSource, name: str) -> None:
    with pytest.raises(SourceEmpty):
        opened(write(b"", name))


def test_a_folder_of_several_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "b.csv").write_text("x\n1\n")
    (tmp_path / "c.parquet").write_bytes(parquet())
    with pytest.raises(
        SourceUnreadable, match=r"several kinds: csv \(a\.csv\), parquet \(c\.parquet\).*such as \*\.csv"
    ):
        opened(tmp_path)
    assert rows_of(opened(tmp_path / "*.csv")) == [["1"], ["1"]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.parquet", b"a,b\n1,2\n", r"x\.parquet cannot be read as Parquet: it is another kind"),
        ("x.csv", parquet(), r'x\.csv is a Parquet file.*source_format="parquet"'),
        ("x.dump", gzip.compress(parquet()), "a Parquet file that was compressed as a whole"),
        ("x.csv", b"PK\x03\x04", "a ZIP archive"),
        ("x.csv.gz", gzip.compress(b"PK\x03\x04", mtime=0), "a ZIP archive"),
    ],
)
def test_kinds_that_are_not_what_they_seem(
    write: WriteSource, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(SourceUnreadable, match=message):
        opened(write(content, name))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("x.ndjson", {"delimiter": ","}, "A delimiter is for CSV; JSON has none"),
        ("x.parquet", {"delimiter": ","}, "A delimiter is for CSV; Parquet has none"),
        ("x.parquet", {"encoding": "utf-8"}, "An encoding is for files of text; Parquet has none"),
        (
            "x.csv",
            {"source_format": "xls"},
            'source_format="xls" is not one of auto, csv, ndjson, json, parquet, xlsx',
        ),
    ],
)
def test_options_of_other_kinds(write: WriteSource, name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        opened(write(b"x", name), **options)


@pytest.mark.parametrize("option", ["source_format", "delimiter", "encoding"])
def test_a_query_takes_no_options_of_files(option: str) -> None:
    def connect() -> sqlite3.Connection:
        raise AssertionError("it is refused before")

    with pytest.raises(InvalidOption, match="A query has none"):
        opened(Query(connect, "SELECT 1"), **{option: "csv"})
