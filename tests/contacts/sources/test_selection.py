"""Some rows of a source are read by their numbers, whatever kind of source it is."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from email_contacts.contacts.errors import SourceChanged
from email_contacts.contacts.sources.rows import ROWS_IN_A_BLOCK
from email_contacts.contacts.sources.selection import RowSelection
from email_contacts.contacts.sources.version import version_of
from tests.contacts.prepared import prepared

MANY = 2 * ROWS_IN_A_BLOCK + 10


def people(count: int) -> list[dict[str, str]]:
    return [
        {"email": f"person.{number}@example.com" if number % 5 else "nobody"}
        for number in range(1, count + 1)
    ]


def csv_file(folder: Path, count: int) -> Path:
    path = folder / "people.csv"
    path.write_text("email\n" + "".join(f"{person['email']}\n" for person in people(count)))
    return path


def odd_csv(folder: Path, count: int) -> Path:
    """Quoted cells, blank lines, and rows that are too long: read row by row."""
    path = folder / "people.csv"
    lines = (
        f'"{one["email"]}"{",x" if number % 7 == 0 else ""}\n\n'
        for number, one in enumerate(people(count), 1)
    )
    path.write_text("email\n" + "".join(lines))
    return path


def ndjson(folder: Path, count: int) -> Path:
    path = folder / "people.ndjson.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(one) + "\n" for one in people(count)).encode()))
    return path


def parquet(folder: Path, count: int) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(people(count)), folder / "people.parquet")
    return folder / "people.parquet"


def folder_of_files(folder: Path, count: int) -> Path:
    source = folder / "source"
    source.mkdir()
    rows = [person["email"] for person in people(count)]
    for name, some in (("a.csv", rows[: count // 2]), ("b.csv", rows[count // 2 :])):
        (source / name).write_text("\n".join(["email", *some]) + "\n")
    return source


@pytest.mark.parametrize("write", [csv_file, odd_csv, ndjson, parquet, folder_of_files])
def test_the_chosen_rows_are_what_they_are_among_all_rows(
    write: Callable[[Path, int], Path], tmp_path: Path
) -> None:
    source = write(tmp_path, MANY)
    whole = prepared(source, tmp_path / "whole")
    wanted = {1, 2, 5, 7, 14, ROWS_IN_A_BLOCK, ROWS_IN_A_BLOCK + 1, 2 * ROWS_IN_A_BLOCK + 5, MANY - 1}
    some = prepared(source, tmp_path / "some", only_rows=RowSelection(wanted))
    assert some.manifest.rows.read == len(wanted)
    assert some.rules == [one for one in whole.rules if one[0] in wanted]
    rejected = {row for row, _, _ in some.rules}
    assert [one["email"] for one in some.contacts] == [
        f"person.{row}@example.com" for row in sorted(wanted - rejected)
    ]


def test_duplicates_among_the_chosen_rows_keep_their_numbers(tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    source.write_text("email\nada@example.com\nbob@example.com\nada@example.com\nada@example.com\n")
    some = prepared(source, only_rows=RowSelection([1, 4]))
    assert some.duplicates == [(1, 4)]


@pytest.mark.parametrize("rows", [0, 3])
def test_a_source_that_ends_before_a_chosen_row_is_another_one(rows: int, tmp_path: Path) -> None:
    with pytest.raises(SourceChanged, match="ends before row 4"):
        prepared(csv_file(tmp_path, rows), only_rows=RowSelection([2, 4]))


def test_the_version_of_a_source_changes_when_a_file_is_written_again(tmp_path: Path) -> None:
    source = folder_of_files(tmp_path, 4)
    first = version_of(source)
    assert version_of(source) == first
    file = source / "b.csv"
    state = file.stat()
    file.write_text(file.read_text().replace("person.3", "person.9"))
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    second = version_of(source)
    (source / "c.csv").write_text("email\n")
    assert len({first, second, version_of(source)}) == 3
