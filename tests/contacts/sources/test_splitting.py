"""Cutting a source into partitions."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.sources.files import SourceFile
from email_contacts.contacts.sources.splitting import bounds_query, partitions_of, range_queries, split_files


class Sized:
    """A path of a file of a size."""

    def __init__(self, size: int) -> None:
        self.st_size = size

    def stat(self) -> Sized:
        return self


def files_of(*sizes: int) -> list[SourceFile]:
    return [SourceFile(Sized(size), str(place)) for place, size in enumerate(sizes)]  # type: ignore[arg-type]


def sizes_of(groups: list[list[SourceFile]]) -> list[list[int]]:
    return [[file.path.st_size for file in group] for group in groups]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("sizes", "parts", "groups"),
    [
        ([1, 1, 1, 1, 1, 1, 1, 1], 4, [[1, 1], [1, 1], [1, 1], [1, 1]]),
        ([9, 1, 1, 1], 2, [[9], [1, 1, 1]]),
        ([1, 1, 1, 9], 2, [[1, 1, 1], [9]]),
        ([9, 1, 1], 3, [[9], [1], [1]]),
        ([1, 2], 5, [[1], [2]]),
        ([0, 0, 0], 2, [[0], [0, 0]]),
        ([5], 1, [[5]]),
    ],
)
def test_about_equal_bytes(sizes: list[int], parts: int, groups: list[list[int]]) -> None:
    assert sizes_of(split_files(files_of(*sizes), parts)) == groups


@given(st.lists(st.integers(0, 1 << 40), min_size=1, max_size=30), st.integers(1, 40))
def test_no_file_is_lost_and_no_partition_is_empty(sizes: list[int], parts: int) -> None:
    files = files_of(*sizes)
    groups = split_files(files, parts)
    assert [file for group in groups for file in group] == files
    assert len(groups) == min(parts, len(files))
    assert all(groups)


def test_the_first_file_with_anything_in_it_says_what_the_columns_are(tmp_path: Path) -> None:
    contents = [b"", gzip.compress(b""), "\ufeff\r\n".encode("utf-16-le"), b"email\n", b"email\n"]
    for place, content in enumerate(contents):
        (tmp_path / str(place)).write_bytes(content)
    files = [SourceFile(tmp_path / str(place), str(place)) for place in range(len(contents))]
    assert [some.first.name for some in partitions_of("s3://bucket/a", files, 2)] == ["3", "3"]
    damaged = gzip.compress(b"email\n" * 9)[:-9]
    (tmp_path / "1").write_bytes(damaged)
    assert [some.first.name for some in partitions_of("s3://bucket/a", files, 2)] == ["1", "1"]


def test_ranges_of_a_table() -> None:
    assert range_queries("crm.people", "id", 3, low=1, high=9, without=0, quote='"') == [
        'SELECT * FROM "crm"."people" WHERE "id" < 4 ORDER BY "id"',
        'SELECT * FROM "crm"."people" WHERE "id" >= 4 AND "id" < 7 ORDER BY "id"',
        'SELECT * FROM "crm"."people" WHERE "id" >= 7 ORDER BY "id"',
    ]


def test_a_table_with_few_rows_or_none() -> None:
    assert range_queries("people", "id", 4, low=None, high=None, without=0, quote="`") == [
        "SELECT * FROM `people` ORDER BY `id`"
    ]
    assert len(range_queries("people", "id", 4, low=-1, high=0, without=0, quote="`")) == 2


def test_the_bounds_are_asked_for() -> None:
    assert bounds_query("crm.people", "id", quote='"') == (
        'SELECT MIN("id"), MAX("id"), COUNT(*) - COUNT("id") FROM "crm"."people"'
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"without": 3}, "is NULL in 3 rows"),
        ({"low": "a", "high": "b"}, "holds str; ranges need whole numbers"),
        ({"column": 'id" --'}, "is not a name of a column"),
        ({"parts": 0}, "partitions=0 is less than 1"),
    ],
)
def test_what_cannot_be_cut(changes: dict[str, object], message: str) -> None:
    arguments = {"table": "people", "column": "id", "parts": 2, "low": 1, "high": 9, "without": 0} | changes
    with pytest.raises(InvalidOption, match=message):
        range_queries(**arguments, quote='"')  # type: ignore[arg-type]
