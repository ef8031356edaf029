"""A source prepared in partitions: the same as prepared whole."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts import merge_partitions, prepare_partition
from email_contacts.contacts.batches.spool import StagedFiles
from email_contacts.contacts.errors import (
    InvalidOption,
    PreparationError,
    SourceChanged,
    SourceMissing,
    StageError,
    TooManyRejects,
)
from email_contacts.contacts.sources.splitting import range_queries
from email_contacts.contacts.sources.sql_rows import Query
from email_contacts.contacts.staging.manifest import Manifest
from local.object_store import ObjectStore
from tests.contacts.partitioned import (
    HEADER,
    OPTIONS,
    Write,
    content,
    folder_of,
    line_of,
    prepared_in,
    ready_in,
    split,
    whole,
    write_csv,
    write_ndjson,
    write_parquet,
)
from tests.contacts.prepared import Prepared

Ready = tuple[list[Path], Path, dict[str, Any]]


@pytest.fixture
def ready(tmp_path: Path) -> Ready:
    """Three partitions to merge, where to, and what that must give."""
    return ready_in(tmp_path)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize(
    ("write", "suffix"), [(write_csv, "csv"), (write_parquet, "parquet"), (write_ndjson, "ndjson")]
)
def test_partitions_give_what_the_whole_gives(tmp_path: Path, count: int, write: Write, suffix: str) -> None:
    source = folder_of(tmp_path, write, suffix=suffix)
    expected = whole(source, tmp_path / "whole")
    sources = split(source, count)
    assert len(sources) == count
    folders, stage = prepared_in(sources, tmp_path)
    found = Prepared(merge_partitions(folders, stage, options=OPTIONS))
    assert content(found) == content(expected)
    assert len(found.bodies) > 2
    assert found.rejects[-1]["key"].startswith("day=2/part-7")
    assert max(superseding - row for row, superseding in found.duplicates) == 40
    assert not any(folder.exists() for folder in folders)


@pytest.mark.parametrize(
    "changes",
    [
        {"duplicates": "first"}, {"conflicts": "reject"}, {"body": "file_body"}, {"body": "file_url"},
    ],
)  # fmt: skip
def test_with_every_policy_and_form(tmp_path: Path, changes: dict[str, str]) -> None:
    options = replace(OPTIONS, **changes)  # type: ignore[arg-type]
    source = folder_of(tmp_path)
    expected = whole(source, tmp_path / "whole", options)
    folders, stage = prepared_in(split(source, 3), tmp_path, options)
    assert content(Prepared(merge_partitions(folders, stage, options=options))) == content(expected)


def test_files_keep_the_order_of_columns_of_the_first_one(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.csv").write_text("email,firstname,points\na@example.com,A,1\n")
    (source / "b.csv").write_text("POINTS,Email,FirstName\n2,b@example.com,B\n")
    expected = whole(source, tmp_path / "whole")
    folders, stage = prepared_in(split(source, 2), tmp_path)
    assert content(Prepared(merge_partitions(folders, stage, options=OPTIONS))) == content(expected)


def test_a_file_with_other_columns_than_the_first_one_is_refused(tmp_path: Path) -> None:
    source = folder_of(tmp_path, files=4)
    (source / "day=1" / "part-3.csv").write_text("email,country\na@example.com,DE\n")
    with pytest.raises(SourceChanged, match=r"day=1/part-3\.csv has other columns than day=0/part-0\.csv"):
        prepared_in(split(source, 4), tmp_path)


def test_a_file_with_other_types_than_the_first_one_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, points in (("a", 1), ("b", "1")):
        table = pa.table({"email": [f"{name}@example.com"], "points": [points]})
        pq.write_table(table, source / f"{name}.parquet")
    with pytest.raises(SourceChanged, match=r'"points" is text, but integer in a\.parquet'):
        prepared_in(split(source, 2), tmp_path)


def test_more_rows_than_can_be_numbered(ready: Ready) -> None:
    folders, stage, _ = ready
    path = folders[0] / "part.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"read": (1 << 32) - 1}))
    with pytest.raises(PreparationError, match="more than 4,294,967,295 rows"):
        merge_partitions(folders, stage, options=OPTIONS)


def test_partitions_without_rows(tmp_path: Path) -> None:
    source = folder_of(tmp_path, files=3)
    for number, folder in ((0, 0), (2, 0)):
        (source / f"day={folder}" / f"part-{number}.csv").write_text(HEADER)
    expected = whole(source, tmp_path / "whole")
    folders, stage = prepared_in(split(source, 3), tmp_path)
    found = Prepared(merge_partitions(folders, stage, options=OPTIONS))
    assert found.manifest.rows.read == 30
    assert content(found) == content(expected)


def test_ndjson_files_without_a_line(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, text in (
        ("a", ""),
        ("b", '{"email": "a@example.com"}\n'),
        ("c", ""),
        ("d", '{"email": "x"}\n'),
    ):
        (source / f"{name}.ndjson").write_text(text)
    expected = whole(source, tmp_path / "whole")
    folders, stage = prepared_in(split(source, 4), tmp_path)
    found = Prepared(merge_partitions(folders, stage, options=OPTIONS))
    assert content(found) == content(expected)
    assert found.rules == [(2, "email", "email")]


@pytest.mark.parametrize("ending", ["blank.ndjson", "nothing.ndjson.gz", "list.json"])
@pytest.mark.parametrize("body", ["json_body", "file_body"])
def test_partitions_without_rows_do_not_have_the_columns_of_others(
    tmp_path: Path, body: str, ending: str
) -> None:
    """Files that are not empty, and hold no row."""
    options = replace(OPTIONS, body=body)
    source = tmp_path / "source"
    source.mkdir()
    (source / "b.ndjson").write_text('{"email": "a@example.com"}\n{"email": "x"}\n')
    empty = {"blank.ndjson": b"\n", "nothing.ndjson.gz": gzip.compress(b""), "list.json": b"[]"}[ending]
    for name in "ac":
        (source / f"{name}-{ending}").write_bytes(empty)
    expected = whole(source, tmp_path / "whole", options)
    folders, stage = prepared_in(split(source, 3), tmp_path, options)
    found = Prepared(merge_partitions(folders, stage, options=options))
    assert content(found) == content(expected)
    assert (found.manifest.rows.accepted, found.manifest.rows.rejected) == (1, 1)


@pytest.mark.parametrize("nothing", ["", "\n", "\ufeff", "\r\n \n"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_files_of_csv_without_a_header_before_the_others(
    tmp_path: Path, nothing: str, is_packed: bool
) -> None:
    options = replace(OPTIONS, body="file_body")
    source = tmp_path / "source"
    source.mkdir()
    for name in "ac":
        packed = gzip.compress(nothing.encode()) if is_packed else nothing.encode()
        (source / f"{name}.csv").write_bytes(packed)
    (source / "b.csv").write_text("email,firstname\na@example.com,A\n")
    (source / "d.csv").write_text("firstname,email\nD,d@example.com\n")
    expected = whole(source, tmp_path / "whole", options)
    folders, stage = prepared_in(split(source, 4), tmp_path, options)
    found = Prepared(merge_partitions(folders, stage, options=options))
    assert content(found) == content(expected)
    assert found.manifest.rows.accepted == 2


def test_identifiers_that_only_later_partitions_have(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.ndjson").write_text('{"email": "a@example.com"}\n')
    (source / "b.ndjson").write_text('{"ext_id": "C-1"}\n')
    (source / "c.ndjson").write_text('{"ext_id": "C-1", "firstname": "B"}\n')
    folders, stage = prepared_in(split(source, 3), tmp_path)
    found = Prepared(merge_partitions(folders, stage, options=OPTIONS))
    assert found.duplicates == [(2, 3)]
    assert found.manifest.rows.accepted == 2


def test_a_table(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, email, ext_id, firstname, points)")
        rows = [(number * 3 - 100, *line_of(number)) for number in reversed(range(240))]
        database.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)
    database.close()
    options = replace(OPTIONS, unknown_columns="drop")

    def query(sql: str) -> Query:
        return Query(lambda: sqlite3.connect(path), sql, name="crm:people")

    expected = whole(query('SELECT * FROM "people" ORDER BY "id"'), tmp_path / "whole", options)
    statements = range_queries("people", "id", 5, low=-100, high=617, without=0, quote='"')
    folders, stage = prepared_in(list(map(query, statements)), tmp_path, options)
    assert content(Prepared(merge_partitions(folders, stage, options=options))) == content(expected)


def test_rejects_are_judged_over_all_partitions(ready: Ready) -> None:
    folders, stage, expected = ready
    rejected = expected["rows"]["rejected"]
    with pytest.raises(TooManyRejects, match=f"{rejected} of 240 rows read") as caught:
        merge_partitions(folders, stage, options=replace(OPTIONS, max_rejects=rejected - 1))
    assert caught.value.rejects_uri == str(stage / "rejects.csv")
    with pytest.raises(TooManyRejects, match="max_rejects=1%"):
        merge_partitions(folders, stage, options=replace(OPTIONS, max_rejects="1%"))
    found = merge_partitions(folders, stage, options=replace(OPTIONS, max_rejects=rejected))
    assert content(Prepared(found)) == expected


def test_a_number_of_rejects_may_stop_one_partition(tmp_path: Path) -> None:
    source = split(folder_of(tmp_path), 1)[0]
    folder = tmp_path / "part"
    with pytest.raises(TooManyRejects, match=r"part/rejects\.csv"):
        prepare_partition(source, folder, index=0, count=1, options=replace(OPTIONS, max_rejects=3))
    assert not (folder / "part.json").exists()
    prepare_partition(source, folder, index=0, count=1, options=replace(OPTIONS, max_rejects="1%"))


def test_what_is_staged_is_its_owners_alone(ready: Ready) -> None:
    folders, _, _ = ready
    for folder in folders:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_source_in_the_way_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "rejects.csv").write_text("email\na@example.com\n")
    (source,) = split(tmp_path, 1)
    with pytest.raises(StageError, match="under a name that the stage uses"):
        prepare_partition(source, tmp_path, index=0, count=1)
    assert (tmp_path / "rejects.csv").exists()


def test_files_of_many_partitions_are_not_all_open_at_a_time(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders, stage, expected = ready
    opened: dict[str, list[BinaryIO]] = defaultdict(list)
    most, open_file = [0], StagedFiles.open

    def counted(spool: StagedFiles, name: str) -> BinaryIO:
        opened[name].append(open_file(spool, name))
        most.append(sum(not file.closed for file in opened[name]))
        return opened[name][-1]

    monkeypatch.setattr(StagedFiles, "open", counted)
    assert content(Prepared(merge_partitions(folders, stage, options=OPTIONS))) == expected
    assert max(most) == 1


def test_a_file_that_is_gone_since_is_missed(tmp_path: Path) -> None:
    sources = split(folder_of(tmp_path), 2)
    sources[1].files[0].path.unlink()
    with pytest.raises(SourceMissing, match=r"part-4\.csv"):
        prepared_in(sources, tmp_path)


@pytest.mark.parametrize("index", [-1, 2])
def test_an_index_that_is_none(tmp_path: Path, index: int) -> None:
    with pytest.raises(InvalidOption, match="is not one of 2 partitions"):
        prepare_partition(tmp_path, tmp_path / "part", index=index, count=2)


def test_in_an_object_store(object_store: ObjectStore, tmp_path: Path) -> None:
    source = folder_of(tmp_path)
    expected = content(whole(source, tmp_path / "whole"))
    stage = object_store.path("stage")
    sources = split(source, 2)
    folders = [stage / f"part-{index}" for index in range(2)]
    for index, folder in enumerate(folders):
        prepare_partition(sources[index], folder, index=index, count=2, options=OPTIONS)
    manifest = merge_partitions(folders, stage, options=OPTIONS)
    assert (manifest.fingerprint, manifest.rows.read) == (expected["fingerprint"], 240)
    assert Manifest.read(stage / "manifest.json") == manifest
    assert not any((folder / "part-bodies").exists() for folder in folders)
