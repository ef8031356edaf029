"""Partitions whose preparation or merge was killed: what counts, what begins anew, and what goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import merge_partitions, prepare_partition
from email_contacts.contacts.errors import PartitionMissing
from email_contacts.contacts.guards.settings import Guards
from email_contacts.contacts.snapshot.changes import ChangesSince
from email_contacts.contacts.staging.cleaning import remove_partition
from tests.contacts.partitioned import OPTIONS, content, ready_in, split
from tests.contacts.prepared import Prepared

Ready = tuple[list[Path], Path, dict[str, Any]]


@pytest.fixture
def ready(tmp_path: Path) -> Ready:
    """Three partitions to merge, where to, and what that must give."""
    return ready_in(tmp_path)


class Killed(BaseException):
    """The process is no more."""


def test_a_merge_that_was_killed_in_the_middle_begins_anew(
    ready: Ready,
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
    ready: Ready, removed: int, monkeypatch: pytest.MonkeyPatch
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


@pytest.mark.parametrize("removed", [1, 3])
def test_a_manifest_does_not_stand_for_a_merge_that_is_to_hold_rows_back(
    ready: Ready, tmp_path: Path, removed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mirror was given to the task, and it was cleared alone: the partitions are gone."""
    folders, stage, expected = ready
    with monkeypatch.context() as patch:
        if removed < len(folders):
            patch.setattr("email_contacts.contacts.partitions.remove_partition", lambda _: None)
        merge_partitions(folders, stage, options=OPTIONS)
    for folder in folders[:removed]:
        remove_partition(folder)
    another: list[dict[str, Any]] = [
        {"guards": Guards(folder=tmp_path / "mirror", name="crm")},
        {"changes_since": ChangesSince(folder=tmp_path / "snapshot", name="crm")},
        {"options": replace(OPTIONS, duplicates="first")},
    ]
    for choices in another:
        with pytest.raises(PartitionMissing, match=r"or it was merged already\. Prepare it again"):
            merge_partitions(folders, stage, **{"options": OPTIONS, **choices})
    again = merge_partitions(folders, stage, options=replace(OPTIONS, max_rejects="99%"))
    assert content(Prepared(again)) == expected
    # What the last release wrote does not say what was asked for.
    merged = json.loads((stage / "merged.json").read_text())
    del merged["asked_for"]
    (stage / "merged.json").write_text(json.dumps(merged))
    assert content(Prepared(merge_partitions(folders, stage, options=OPTIONS))) == expected


def test_an_old_manifest_does_not_stand_for_partitions_that_were_prepared_again(
    ready: Ready, tmp_path: Path
) -> None:
    folders, stage, _ = ready
    merge_partitions(folders, stage, options=OPTIONS)
    prepare_partition(split(tmp_path / "source", 3)[1], folders[1], index=1, count=3, options=OPTIONS)
    with pytest.raises(PartitionMissing, match=r"no complete partition in .*part-00000"):
        merge_partitions(folders, stage, options=OPTIONS)


def test_a_partition_that_was_not_finished_is_named(ready: Ready, tmp_path: Path) -> None:
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
