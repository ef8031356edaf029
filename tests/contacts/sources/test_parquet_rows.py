"""Parquet as rows."""

from __future__ import annotations

import datetime
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from upath import UPath

from email_contacts.contacts.errors import SourceEmpty, SourceUnreadable
from email_contacts.contacts.sources.parquet_rows import ROWS_IN_A_BATCH, ParquetRows
from email_contacts.contacts.sources.rows import Frame, RowFault, Strange
from tests.contacts.sources.reading import rows_of

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
DAY = datetime.date(1990, 1, 5)
BERLIN = datetime.datetime(2024, 7, 1, 10, tzinfo=datetime.timezone.utc)
NOON = datetime.datetime(2024, 7, 1, 12, 0, 0, 500_000)


def written(folder: Path, table: pa.Table, **options: Any) -> Path:
    path = folder / "people.parquet"
    pq.write_table(table, path, **options)
    return path


@pytest.mark.parametrize(
    ("array", "cells"),
    [
        (pa.array(["a", None, ""]), ["a", "", ""]),
        (pa.array(["a", None], pa.large_string()), ["a", ""]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", "", "a"]),
        (pa.array([1, None], pa.int8()), [1, ""]),
        (pa.array([2**64 - 1], pa.uint64()), [2**64 - 1]),
        (pa.array([1.5, None]), [1.5, ""]),
        (pa.array([True, None, False]), [True, "", False]),
        (pa.array([Decimal("17.00"), Decimal("1.50"), None]), [17, 1.5, ""]),
        (pa.array([Decimal("17.00"), Decimal("1.50")], pa.decimal256(50, 2)), [17, 1.5]),
        (pa.array([DAY, None]), ["1990-01-05", ""]),
        (pa.array([NOON, None]), ["2024-07-01T12:00:00.500000", ""]),
        (pa.array([NOON.replace(microsecond=0)], pa.timestamp("ns")), ["2024-07-01T12:00:00"]),
        (pa.array([BERLIN], pa.timestamp("ms", "Europe/Berlin")), ["2024-07-01T12:00:00+02:00"]),
        (pa.array([253_402_300_800], pa.timestamp("s")), ["+10000-01-01T00:00:00"]),
        (pa.array([datetime.time(1, 2, 3)]), ["01:02:03"]),
        (pa.array([["a", None], [], None]), [["a", None], [], ""]),
        (pa.array([[DAY]]), [["1990-01-05"]]),
        (pa.array([[{"a": 1, "b": None}]]), [[{"a": 1, "b": None}]]),
        (pa.array([UUID(int=1).bytes], pa.uuid()), [str(UUID(int=1))]),
        (pa.nulls(2), ["", ""]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_types(tmp_path: Path, array: pa.Array, cells: list[Any]) -> None:
    rows = ParquetRows(written(tmp_path, pa.table({"x": array})))
    assert rows.columns == ("x",)
    assert rows_of(rows) == [[cell] for cell in cells]


def test_far_away_days_of_hive_and_impala_stay_the_days_that_they_are(tmp_path: Path) -> None:
    days = ((9999, 12, 31), (1, 1, 1), (1600, 1, 1))
    far = [datetime.datetime(*day) for day in days]
    table = pa.table({"x": pa.array([*far, NOON, None], pa.timestamp("us"))})
    path = written(tmp_path, table, use_deprecated_int96_timestamps=True)
    cells = [day.isoformat() for day in (*far, NOON)]
    assert rows_of(ParquetRows(path)) == [[cell] for cell in (*cells, "")]


def test_dictionaries_inside_lists(tmp_path: Path) -> None:
    lists = pa.ListArray.from_arrays([0, 1, 2], pa.array(["a", "b"]).dictionary_encode())
    assert rows_of(ParquetRows(written(tmp_path, pa.table({"x": lists})))) == [[["a"]], [["b"]]]


def test_text_stays_text_in_frames(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array(["a", "b"]).dictionary_encode(), "n": [1, 2]})
    (block,) = ParquetRows(written(tmp_path, table)).blocks()
    assert isinstance(block, Frame)
    assert block.cells.dtypes == [pl.String, pl.Int64]


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (pa.array([b"\xff", None]), "bytes"),
        (pa.array([datetime.timedelta(1), None]), "timedelta"),
    ],
)
def test_values_that_no_contact_has_are_cells_that_no_attribute_takes(
    tmp_path: Path, array: pa.Array, kind: str
) -> None:
    strange, row = rows_of(ParquetRows(written(tmp_path, pa.table({"a": [1, 2], "x": array}))))
    assert not isinstance(strange, RowFault)
    assert (strange[0], type(strange[1]), str(strange[1])) == (1, Strange, f"<{kind}>")
    assert row == [2, ""]


@pytest.mark.parametrize(
    "kind", [pa.binary(), pa.large_binary(), pa.dictionary(pa.int8(), pa.binary())], ids=str
)
def test_bytes_that_are_no_text_cost_no_neighbour(tmp_path: Path, kind: pa.DataType) -> None:
    array = pa.array([b"a", b"\xff", None, "é".encode()], kind)
    good, bad, nothing, last = rows_of(ParquetRows(written(tmp_path, pa.table({"x": array}))))
    assert [good, nothing, last] == [["a"], [""], ["é"]]
    assert not isinstance(bad, RowFault)
    assert isinstance(bad[0], Strange)


def test_neither_do_those_in_lists(tmp_path: Path) -> None:
    lists = pa.array([[b"a", None], [b"b", b"\xff"], None, []])
    good, bad, *others = rows_of(ParquetRows(written(tmp_path, pa.table({"x": lists}))))
    assert [good, *others] == [[["a", None]], [""], [[]]]
    assert not isinstance(bad, RowFault)
    assert isinstance(bad[0], Strange)


def test_bytes_of_one_length_are_no_text(tmp_path: Path) -> None:
    ids = pa.array([b"0123456789abcdef"], pa.binary(16))
    ((cell,),) = rows_of(ParquetRows(written(tmp_path, pa.table({"x": ids}))))  # type: ignore[misc]
    assert isinstance(cell, Strange)


def test_decimals_that_are_too_wide(tmp_path: Path) -> None:
    wide = pa.array([Decimal("1" * 50)], pa.decimal256(50, 0))
    with pytest.raises(
        SourceUnreadable, match=r'the column "x" holds values that do not fit into decimal128'
    ):
        rows_of(ParquetRows(written(tmp_path, pa.table({"x": wide}))))


def test_two_columns_of_one_name_are_left_to_who_looks_at_names(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    rows = ParquetRows(written(tmp_path, table))
    assert rows.columns == ("x", "x")
    assert rows_of(rows) == [[1, 2]]


def test_no_rows(tmp_path: Path) -> None:
    assert rows_of(ParquetRows(written(tmp_path, pa.table({"x": pa.array([], pa.string())})))) == []


def test_all_rows_in_order_over_row_groups(tmp_path: Path) -> None:
    path = written(tmp_path, pa.table({"x": range(100_000)}), row_group_size=30_000)
    assert rows_of(ParquetRows(path)) == [[number] for number in range(100_000)]


def test_wide_rows_come_in_smaller_blocks(tmp_path: Path) -> None:
    letters = pa.table({"x": [chr(33 + number % 90) * 100_000 for number in range(2000)]})
    path = written(tmp_path, letters, use_dictionary=False, compression="zstd")
    heights = [len(block) for block in ParquetRows(path).blocks()]
    assert sum(heights) == 2000
    assert max(heights) < 200 < ROWS_IN_A_BATCH


def test_files_of_object_stores() -> None:
    source = UPath("memory://parquet/people.parquet")
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [1, 2]}), sink)
    source.write_bytes(bytes(sink.getvalue()))
    assert rows_of(ParquetRows(source)) == [[1], [2]]


def test_no_bytes(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"")
    with pytest.raises(SourceEmpty, match=r"x\.parquet is empty"):
        ParquetRows(tmp_path / "x.parquet")


@pytest.mark.parametrize("content", [b"x", b"PAR1", b"PAR1" + b"x" * 100, b"PAR1" * 4])
def test_a_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(SourceUnreadable, match=r"x\.parquet cannot be read as Parquet.*Copy it again"):
        ParquetRows(tmp_path / "x.parquet")


def test_a_truncated_file(tmp_path: Path) -> None:
    path = written(tmp_path, pa.table({"x": range(1000)}))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(SourceUnreadable, match="not complete"):
        ParquetRows(path)


def test_damage_inside_is_found_by_checksums(tmp_path: Path) -> None:
    table = pa.table({"x": [f"person{number}@example.com" for number in range(1000)]})
    path = written(tmp_path, table, write_page_checksum=True, compression="none", use_dictionary=False)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"person500@", b"person600@", 1))
    with pytest.raises(SourceUnreadable, match="damaged") as caught:
        rows_of(ParquetRows(path))
    assert caught.value.__suppress_context__


def test_text_that_is_not_utf_8(tmp_path: Path) -> None:
    latin = pa.Array.from_buffers(
        pa.string(), 1, [None, *pa.array([b"J\xfcrgen"], pa.binary()).buffers()[1:]]
    )
    with pytest.raises(SourceUnreadable):
        rows_of(ParquetRows(written(tmp_path, pa.table({"x": latin}))))


MEASURE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from email_contacts.contacts.sources.parquet_rows import ParquetRows
import polars as pl
import psutil
pl.DataFrame({"a": [1]})
resident = psutil.Process().memory_info
before, rows, most = resident().rss, 0, 0
for block in ParquetRows(Path(sys.argv[2])).blocks():
    rows += len(block)
    most = max(most, resident().rss)
print(rows, (most - before) // 1_000_000)
"""


def test_memory_is_bounded_although_a_row_group_is_not(tmp_path: Path) -> None:
    """One row group of 190 MB: a reader that takes whole column chunks holds it all."""
    path, rows = tmp_path / "large.parquet", 1_000_000
    column = pa.array([f"person{number:07d}" * 7 for number in range(rows)])
    written_to = pa.table({"a": column, "b": column})
    pq.write_table(written_to, path, row_group_size=rows, compression="none", use_dictionary=False)
    command = [sys.executable, "-c", MEASURE, str(PLUGINS), str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    read, megabytes = map(int, done.stdout.split())
    assert path.stat().st_size > 180_000_000
    assert read == rows
    assert megabytes < 120, megabytes


def test_fields_of_structs_are_columns_named_by_their_path(tmp_path: Path) -> None:
    table = pa.table(
        {
            "email": ["a", "b"],
            "address": pa.array([{"city": "Ulm", "geo": {"lat": 1.5}}, None]),
            "attributes": pa.array([{"FIRSTNAME": "Ada"}, {"FIRSTNAME": None}]),
        }
    )
    rows = ParquetRows(written(tmp_path, table))
    assert rows.columns == ("email", "address.city", "address.geo.lat", "FIRSTNAME")
    assert rows_of(rows) == [["a", "Ulm", 1.5, "Ada"], ["b", "", "", ""]]
