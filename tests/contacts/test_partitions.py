"""A source prepared in partitions: the same as prepared whole, whatever happens between."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Options, merge_partitions, prepare, prepare_partition
from email_contacts.contacts.errors import (
    InvalidOption,
    PartitionMissing,
    PreparationError,
    SourceChanged,
    SourceMissing,
    TooManyRejects,
)
from email_contacts.contacts.sources.files import SomeFiles, find_files
from email_contacts.contacts.sources.opening import Source
from email_contacts.contacts.sources.splitting import partitions_of, range_queries
from email_contacts.contacts.sources.sql_rows import Query
from email_contacts.contacts.staging import part as staged_part
from email_contacts.contacts.staging.cleaning import remove_partition
from email_contacts.contacts.staging.manifest import Manifest
from tests.contacts.prepared import ACCOUNT, Prepared
from tests.object_store import ObjectStore

OPTIONS = Options(account_attributes=ACCOUNT, max_batch_bytes=4_000)
HEADER = "email,ext_id,firstname,points\n"
Write = Callable[[Path, int, int], None]


def line_of(number: int) -> tuple[str, str, str, str]:
    """A row: some are about somebody of long before, some break a rule, some share an EXT_ID."""
    person = number - 40 if number % 9 == 8 and number >= 40 else number
    email = "" if person % 7 == 3 else f"person.{person}@example.com" if number % 11 else "nobody"
    ext_id = f"C-{number % 50}" if number % 13 == 5 else f"C-{person}"
    return email, ext_id, "Zoë" if number % 2 else 'An"na', "many" if number % 17 == 4 else str(number)


def write_csv(path: Path, start: int, end: int) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        csv.writer(file, lineterminator="\n").writerows(map(line_of, range(start, end)))


def write_parquet(path: Path, start: int, end: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = zip(*map(line_of, range(start, end)), strict=True)
    names = HEADER.strip().split(",")
    pq.write_table(pa.table({name: list(cells) for name, cells in zip(names, columns, strict=True)}), path)


def write_ndjson(path: Path, start: int, end: int) -> None:
    names = HEADER.strip().split(",")
    people = (dict(zip(names, line_of(number), strict=True)) for number in range(start, end))
    path.write_text("".join(json.dumps(person) + "\n" for person in people), encoding="utf-8")


def folder_of(root: Path, write: Write = write_csv, *, suffix: str = "csv", files: int = 8) -> Path:
    """A folder of files, 30 rows each, in folders of their own."""
    for number in range(files):
        path = root / "source" / f"day={number // 3}" / f"part-{number}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, number * 30, number * 30 + 30)
    return root / "source"


def split(source: Path, count: int) -> list[SomeFiles]:
    return partitions_of(str(source), find_files(source), count)


def prepared_in(sources: Sequence[Source], root: Path, options: Options = OPTIONS) -> tuple[list[Path], Path]:
    """Prepare each partition.

    :return: their folders, and the stage to merge them into.
    """
    folders = [root / "stage" / f"part-{index:05d}" for index in range(len(sources))]
    for index, (source, folder) in enumerate(zip(sources, folders, strict=True)):
        prepare_partition(source, folder, index=index, count=len(sources), options=options)
    return folders, root / "stage"


def whole(source: Source, stage: Path, options: Options = OPTIONS) -> Prepared:
    return Prepared(prepare(source, stage, **vars(options)))


def content(found: Prepared) -> dict[str, Any]:
    """All that must not depend on partitions: bodies, lists and counts, without what names the stage."""
    stage = Path(found.manifest.rejects_uri).parent
    manifest = found.manifest.to_json()
    for name in ("batches", "rejects_uri", "duplicates_uri", "conflicts_uri", "seconds", "peak_memory_bytes"):
        del manifest[name]
    files = ("rejects.csv", "rejects.parquet", "duplicates.csv", "conflicts.csv", "row_numbers.bin")
    return manifest | {"bodies": found.bodies, **{name: (stage / name).read_bytes() for name in files}}


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


def test_partitions_without_rows(tmp_path: Path) -> None:
    source = folder_of(tmp_path, files=3)
    for number, folder in ((0, 0), (2, 0)):
        (source / f"day={folder}" / f"part-{number}.csv").write_text(HEADER)
    expected = whole(source, tmp_path / "whole")
    folders, stage = prepared_in(split(source, 3), tmp_path)
    found = Prepared(merge_partitions(folders, stage, options=OPTIONS))
    assert found.manifest.rows.read == 30
    assert content(found) == content(expected)


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


@pytest.fixture
def ready(tmp_path: Path) -> tuple[list[Path], Path, dict[str, Any]]:
    """Three partitions to merge, where to, and what that must give."""
    source = folder_of(tmp_path)
    expected = content(whole(source, tmp_path / "whole"))
    folders, stage = prepared_in(split(source, 3), tmp_path)
    return folders, stage, expected


class Killed(BaseException):
    """The process is no more."""


def test_a_merge_that_was_killed_in_the_middle_begins_anew(
    ready: tuple[list[Path], Path, dict[str, Any]],
) -> None:
    folders, stage, expected = ready

    def kill(progress: Any) -> None:
        raise Killed

    with pytest.raises(Killed):
        merge_partitions(folders, stage, options=OPTIONS, on_progress=kill)
    assert not (stage / "manifest.json").exists()
    assert content(Prepared(merge_partitions(folders, stage, options=OPTIONS))) == expected


@pytest.mark.parametrize("removed", [0, 1, 2])
def test_a_merge_that_was_killed_while_it_removed_partitions_goes_on(
    ready: tuple[list[Path], Path, dict[str, Any]], removed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders, stage, expected = ready

    def kill(folder: Path) -> int:
        if folder == folders[removed]:
            (folder / "part.json").unlink()  # the first thing that it does
            raise Killed
        return remove_partition(folder)

    with monkeypatch.context() as patch:
        patch.setattr("email_contacts.contacts.partitions.remove_partition", kill)
        with pytest.raises(Killed):
            merge_partitions(folders, stage, options=OPTIONS)
    written = (stage / "manifest.json").stat().st_mtime_ns
    assert content(Prepared(merge_partitions(folders, stage, options=OPTIONS))) == expected
    assert (stage / "manifest.json").stat().st_mtime_ns == written
    assert not any(folder.exists() for folder in folders)


def test_an_old_manifest_does_not_stand_for_partitions_that_were_prepared_again(
    ready: tuple[list[Path], Path, dict[str, Any]], tmp_path: Path
) -> None:
    folders, stage, _ = ready
    merge_partitions(folders, stage, options=OPTIONS)
    prepare_partition(split(tmp_path / "source", 3)[1], folders[1], index=1, count=3, options=OPTIONS)
    with pytest.raises(PartitionMissing, match=r"no complete partition in .*part-00000"):
        merge_partitions(folders, stage, options=OPTIONS)


def test_a_partition_that_was_not_finished_is_named(
    ready: tuple[list[Path], Path, dict[str, Any]], tmp_path: Path
) -> None:
    folders, stage, expected = ready
    source = split(tmp_path / "source", 3)[1]

    def kill(progress: Any) -> None:
        raise Killed

    with pytest.raises(Killed):
        prepare_partition(source, folders[1], index=1, count=3, options=OPTIONS, on_progress=kill)
    with pytest.raises(
        PartitionMissing, match=r"no complete partition in .*part-00001: it has no part\.json"
    ):
        merge_partitions(folders, stage, options=OPTIONS)
    assert not (stage / "manifest.json").exists()
    prepare_partition(source, folders[1], index=1, count=3, options=OPTIONS)
    assert content(Prepared(merge_partitions(folders, stage, options=OPTIONS))) == expected


def test_partitions_that_are_not_all_are_refused(ready: tuple[list[Path], Path, dict[str, Any]]) -> None:
    folders, stage, _ = ready
    for some in ([folders[0], folders[2]], folders[:2], folders[::-1]):
        with pytest.raises(PartitionMissing, match="in their order"):
            merge_partitions(some, stage, options=OPTIONS)
    with pytest.raises(PartitionMissing, match="no partition to merge"):
        merge_partitions([], stage, options=OPTIONS)
    (folders[2] / "part-EXT_ID").unlink()
    with pytest.raises(PartitionMissing, match="part-00002 lacks part-EXT_ID"):
        merge_partitions(folders, stage, options=OPTIONS)


def test_other_columns_are_refused(tmp_path: Path) -> None:
    for name, header in (("a", "email,firstname"), ("b", "email,country")):
        (tmp_path / f"{name}.csv").write_text(f"{header}\n{name}@example.com,DE\n")
    options = replace(OPTIONS, body="file_body")
    folders, stage = prepared_in([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path, options)
    with pytest.raises(SourceChanged, match=r"partition 2 of .*b\.csv was prepared with other columns"):
        merge_partitions(folders, stage, options=options)


def test_other_digests_are_refused(
    ready: tuple[list[Path], Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders, stage, _ = ready
    monkeypatch.setattr(staged_part, "canary", lambda: "another")
    with pytest.raises(PreparationError, match=r"partition 1 of .* another version of Polars"):
        merge_partitions(folders, stage, options=OPTIONS)


def test_rejects_are_judged_over_all_partitions(ready: tuple[list[Path], Path, dict[str, Any]]) -> None:
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


def test_what_is_staged_is_its_owners_alone(ready: tuple[list[Path], Path, dict[str, Any]]) -> None:
    folders, _, _ = ready
    for folder in folders:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_file_that_is_gone_since_is_missed(tmp_path: Path) -> None:
    sources = split(folder_of(tmp_path), 2)
    sources[1].files[0].path.unlink()
    with pytest.raises(SourceMissing, match=r"part-4\.csv"):
        prepared_in(sources, tmp_path)


@pytest.mark.parametrize("index", [-1, 2])
def test_an_index_that_is_none(tmp_path: Path, index: int) -> None:
    with pytest.raises(InvalidOption, match="is none of 2 partitions"):
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
