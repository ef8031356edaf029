"""Days and moments of Parquet files that Polars has no text or no zone for."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts import AccountAttribute, Options, prepare
from email_contacts.contacts.errors import SourceUnreadable
from email_contacts.contacts.sources.parquet_rows import ParquetRows
from email_contacts.contacts.sources.rows import Day
from tests.contacts.sources.reading import rows_of

MOMENT = 1_580_772_600  # 2020-02-03 23:30 UTC


def read(folder: Path, array: pa.Array) -> list[Any]:
    pq.write_table(pa.table({"a": array}), folder / "a.parquet")
    return [row[0] for row in rows_of(ParquetRows(folder / "a.parquet")) if isinstance(row, list)]


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("+05:30", "2020-02-04T05:00:00+05:30"),
        ("-03:30", "2020-02-03T20:00:00-03:30"),
        ("+0545", "2020-02-04T05:15:00+05:45"),
        ("+15:00", "2020-02-04T14:30:00+15:00"),
        ("Z", "2020-02-03T23:30:00+00:00"),
        ("+02:00", "2020-02-04T01:30:00+02:00"),
        ("America/St_Johns", "2020-02-03T20:00:00-03:30"),
    ],
)
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_of_any_offset(tmp_path: Path, zone: str, text: str, unit: str) -> None:
    number = MOMENT * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    cells = read(tmp_path, pa.array([number, None], pa.timestamp(unit, zone)))
    assert (cells, type(cells[0])) == ([text, ""], Day)


@pytest.mark.parametrize("kind", [pa.timestamp("us", "Mars/Base"), pa.list_(pa.timestamp("us", "+05:30"))])
def test_a_type_that_is_not_read_is_named(tmp_path: Path, kind: pa.DataType) -> None:
    with pytest.raises(SourceUnreadable, match=r'a\.parquet: columns of these types .*: "a" \(.*timestamp'):
        read(tmp_path, pa.array([None], kind))


@pytest.mark.parametrize(
    "kind", [pa.date32(), pa.date64(), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("us", "+05:30")]
)
def test_days_far_beyond_the_calendar_stay_beyond_it(tmp_path: Path, kind: pa.DataType) -> None:
    bits = 32 if pa.types.is_date(kind) else 64
    in_a_day = 86_400_000 if pa.types.is_date64(kind) else 1
    most = ((1 << bits - 1) - 1) * in_a_day
    last, first, nothing = read(tmp_path, pa.array([most, -most, None], kind))
    assert (last[0], len(last.split("-")[0]), first[0], nothing) == ("+", 7, "-", "")


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "TIMESTAMPTZ"])
@pytest.mark.parametrize("far", ["infinity", "-infinity"])
def test_an_endless_day_of_duckdb_costs_its_row(tmp_path: Path, kind: str, far: str) -> None:
    path = tmp_path / "people.parquet"
    duckdb.sql(
        f"COPY (SELECT 'a@example.com' AS email, '{far}'::{kind} AS birthday UNION ALL "
        f"SELECT 'b@example.com', '{date(1815, 12, 10)}'::{kind}) TO '{path}' (FORMAT parquet)"
    )
    birthday = AccountAttribute("BIRTHDAY", "date")
    prepared = prepare(path, tmp_path / "stage", Options(account_attributes=(birthday,)))
    assert (prepared.rows.accepted, prepared.rows.rejected) == (1, 1)
