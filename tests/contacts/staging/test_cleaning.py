"""Cleaning: what holds people goes, what says what became of them stays, and nothing of others is touched."""

from __future__ import annotations

import io
import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.options import Options
from email_contacts.contacts.partitions import prepare_partition
from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.staging.cleaning import (
    remove_bodies,
    remove_emptied_folders,
    remove_partition,
    remove_stage,
    stages_older_than,
)
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.contacts.staging.uploads import keep_upload
from local.object_store import ObjectStore

WEEK = timedelta(days=7)
BODIES = ["batch-00001.json", "batch-123456.json", "contacts.csv", "part-bodies", "part-EMAIL"]
LISTS = [
    "conflicts.csv",
    "duplicates.csv",
    "manifest.json",
    "receipt.json",
    "rejects.csv",
    "rejects.parquet",
    "row_numbers.bin",
]
THEIRS = [
    "batch-1.json",
    "contacts-2.csv",
    "contacts.csv.bak",
    "my-contacts.csv",
    "notes.txt",
    "part-00000-abc.snappy.parquet",
    "part-0001.spool",
    "uploaded-contacts.csv",
]


def stage_at(folder: Path, *, age: timedelta = timedelta(0)) -> Path:
    """A stage as a preparation leaves it, whose files are so old."""
    source = folder.parent / "source.csv"
    folder.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("email\na@example.com\nnobody\n")
    prepare(source, folder)
    source.unlink()
    aged(folder, age)
    return folder


def aged(folder: Path, age: timedelta) -> None:
    then = time.time() - age.total_seconds()
    for file in folder.iterdir():
        os.utime(file, (then, then))


def old(root: Any) -> list[str]:
    return sorted(str(stage) for stage in stages_older_than(root, WEEK))


def test_bodies_go_and_what_became_of_them_stays(tmp_path: Path) -> None:
    stage = stage_at(tmp_path / "stage")
    for name in (*BODIES, *THEIRS, "receipt.json"):
        (stage / name).write_text("x")
    assert remove_bodies(stage) == len(BODIES)
    assert sorted(file.name for file in stage.iterdir()) == sorted(LISTS + THEIRS)
    Manifest.read(stage / "manifest.json")
    assert remove_bodies(stage) == 0


def test_a_stage_that_is_gone_has_no_bodies(tmp_path: Path) -> None:
    assert remove_bodies(tmp_path / "nowhere") == 0


@pytest.mark.parametrize("place", ["dag/run/task", "dag/run/task/12", "task"])
def test_old_stages_are_found_where_tasks_put_them(place: str, tmp_path: Path) -> None:
    stage = stage_at(tmp_path / "root" / place, age=timedelta(days=8))
    assert old(tmp_path / "root") == [str(stage)]


def test_a_stage_with_one_young_file_is_in_use(tmp_path: Path) -> None:
    stage = stage_at(tmp_path / "root/dag/run/task", age=timedelta(days=400))
    (stage / "receipt.json").write_text("{}")
    assert old(tmp_path / "root") == []
    aged(stage, timedelta(days=6, hours=23))
    assert old(tmp_path / "root") == []


def test_what_an_unfinished_preparation_left_is_found(tmp_path: Path) -> None:
    for task, keeps in (("first_pass", {"rejects.csv"}), ("second_pass", {"batch-00001.json"})):
        stage = stage_at(tmp_path / "root/dag/run" / task, age=timedelta(days=8))
        for file in stage.iterdir():
            if file.name not in keeps:
                file.unlink()
    assert len(old(tmp_path / "root")) == 2


@pytest.mark.parametrize(
    "files",
    [
        {"manifest.json": "{}", "contacts.csv": "EMAIL\n"},
        {"manifest.json": "[1]"},
        {"manifest.json": "\udcff"},
        {"manifest.json": json.dumps({"name": "an app", "icons": []})},
        {"rejects.csv": "name,why\n"},
        {"rejects.csv": ""},
        {"contacts.csv": "EMAIL\n", "duplicates.csv": "a,b\n", "receipt.json": "{}"},
        {"part-00001.parquet": "PAR1"},
        {"batch-00001.json": "somebody else's", "contacts.csv": "EMAIL\n"},
        {"batch-00001.json": '[{"id":1,"email":"a@example.com"}]'},
        {"batch-00001.json": '{"contacts":[{"email":"a@example.com","attributes":{}}]}'},
        {"batch-00001.json": '"id;name\\n1;a"'},
        {"batch-00001.json": ""},
        {"uploaded-contacts.csv": "EMAIL\n"},
    ],
)
def test_folders_of_others_are_no_stages(files: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "root/dag/run/task"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode(errors="surrogateescape"))
    aged(folder, timedelta(days=99))
    assert old(tmp_path / "root") == []


@pytest.mark.parametrize(
    ("body", "row"),
    [
        ("json_body", "a@example.com,C-1,,x"),
        ("json_body", ",C-1,,"),
        ("json_body", ",,+447700900123,x"),
        ("file_body", "a@example.com,C-1,,x"),
    ],
)
@pytest.mark.parametrize("header", ["email,ext_id,sms,fname", "fname,sms,ext_id,email"])
def test_a_batch_is_known_by_how_it_begins(header: str, body: str, row: str, tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    cells = row.split(",") if header.startswith("email") else row.split(",")[::-1]
    source.write_text(f"{header}\n{','.join(cells)}\n")
    stage = tmp_path / "root/dag/run/task"
    prepare(source, stage, Options(body=body))
    for file in stage.iterdir():
        if file.name == "batch-00001.json":
            file.write_bytes(file.read_bytes()[:80])  # its writer was killed
        else:
            file.unlink()
    aged(stage, timedelta(days=8))
    assert old(tmp_path / "root") == [str(stage)]


def test_too_deep_for_a_stage(tmp_path: Path) -> None:
    stage_at(tmp_path / "root/a/b/c/d/e", age=timedelta(days=8))
    assert old(tmp_path / "root") == []


def test_a_link_leads_to_no_stage(tmp_path: Path) -> None:
    stage_at(tmp_path / "elsewhere/task", age=timedelta(days=8))
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")
    assert old(tmp_path / "root") == []


def test_a_root_that_is_not_there_has_no_stages(tmp_path: Path) -> None:
    assert old(tmp_path / "nowhere") == []
    remove_emptied_folders(tmp_path / "nowhere/dag/run/task", tmp_path / "nowhere")


def test_a_stage_goes_with_its_folders_and_files_of_others_stay(tmp_path: Path) -> None:
    root = tmp_path / "root"
    whole, shared = stage_at(root / "dag/run-1/task"), stage_at(root / "dag/run-2/task")
    (shared / "notes.txt").write_text("mine")
    assert remove_stage(whole) == remove_stage(shared) == len(LISTS)
    remove_emptied_folders(whole, root)
    remove_emptied_folders(shared, root)
    assert [str(path.relative_to(root)) for path in sorted(root.rglob("*"))] == [
        "dag", "dag/run-2", "dag/run-2/task", "dag/run-2/task/notes.txt",
    ]  # fmt: skip
    remove_stage(whole)


def test_empty_folders_of_others_stay(tmp_path: Path) -> None:
    root = tmp_path / "root"
    stage = stage_at(root / "dag/run/task/12")
    for name in ("incoming", "team/dropbox", "a/b/c", "dag/inbox"):
        (root / name).mkdir(parents=True)
    remove_stage(stage)
    remove_emptied_folders(stage, root)
    left = {str(path.relative_to(root)) for path in root.rglob("*")}
    assert left == {"incoming", "team", "team/dropbox", "a", "a/b", "a/b/c", "dag", "dag/inbox"}


def test_only_folders_below_the_staging_folder_are_removed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    remove_emptied_folders(tmp_path / "elsewhere/stage", tmp_path / "root")
    assert (tmp_path / "elsewhere").exists()


def test_the_folder_of_a_mapped_task_goes_with_its_last_partition(tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_text("email\na@example.com\n")
    folders = [tmp_path / "root/dag/run/partition" / str(index) for index in range(2)]
    for index, folder in enumerate(folders):
        prepare_partition(source, folder, index=index, count=2)
    remove_partition(folders[0])
    assert folders[1].exists()
    remove_partition(folders[1])
    assert list((tmp_path / "root/dag/run").iterdir()) == []


def test_the_manifest_goes_last_so_that_a_stage_that_was_removed_halfway_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = stage_at(tmp_path / "root/dag/run/task", age=timedelta(days=8))
    gone: list[str] = []
    whole = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        gone.append(path.name)
        whole(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    remove_stage(stage)
    assert gone[-1] == "manifest.json"


def test_in_an_object_store(object_store: ObjectStore, tmp_path: Path) -> None:
    root = object_store.path("team", "stages")
    stage = root / "dag" / "run" / "task"
    for file in stage_at(tmp_path / "stage").iterdir():
        (stage / file.name).write_bytes(file.read_bytes())
    (root / "dag" / "notes.txt").write_text("mine")
    (object_store.path("team", "contacts.csv")).write_text("EMAIL\n")
    assert list(stages_older_than(root, WEEK)) == []
    (found,) = stages_older_than(root, timedelta(seconds=-5))
    assert str(found) == str(stage)
    assert remove_bodies(found) == 1
    assert remove_stage(found) == len(LISTS) - 1
    remove_emptied_folders(found, root)
    assert sorted(root.fs.find("stages")) == ["stages/team/contacts.csv", "stages/team/stages/dag/notes.txt"]


def test_a_partition_that_was_never_merged_goes_as_a_whole(tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_text("email,ext_id,sms\na@example.com,C-1,+447700900123\nnobody,,\n")
    folder = tmp_path / "root" / "dag" / "run" / "prepare" / "0"
    prepare_partition(source, folder, index=0, count=2)
    aged(folder, WEEK * 2)
    assert old(tmp_path / "root") == [str(folder)]
    remove_stage(folder)
    assert not folder.exists()


def test_so_does_one_that_was_killed_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "root" / "dag" / "run" / "prepare" / "0"
    folder.mkdir(parents=True)
    for name in ("part-bodies", "part-lengths", "part-rows", "part-EMAIL", "rejects.csv"):
        (folder / name).touch()
    aged(folder, WEEK * 2)
    assert old(tmp_path / "root") == [str(folder)]


def test_what_somebody_uploaded_goes_when_it_is_old(tmp_path: Path) -> None:
    folder = tmp_path / "root/retry_rejects/run/upload"
    keep_upload(folder, io.BytesIO(b"email\na@example.com\n"), name="corrected.csv")
    (folder / "uploaded-contacts.csv.bak").write_text("of others")
    assert old(tmp_path / "root") == []
    aged(folder, timedelta(days=8))
    assert old(tmp_path / "root") == [str(folder)]
    assert remove_stage(folder) == 1
    assert [file.name for file in folder.iterdir()] == ["uploaded-contacts.csv.bak"]
