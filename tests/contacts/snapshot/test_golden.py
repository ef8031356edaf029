"""A snapshot that an earlier version wrote is read by this one.

Each folder holds a snapshot of four people, the last of whom the platform rejected, and a fifth who was sent
in a run that was not confirmed. None must ever be written anew: add one for a new version of the format, and
read all of them. ``golden`` is of the first version, in which what was sent is digested with BLAKE2b.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.snapshot import comparison
from email_contacts.contacts.snapshot.changes import ChangesSince
from email_contacts.contacts.snapshot.confirming import confirm
from email_contacts.contacts.snapshot.content_digests import ContentDigester
from email_contacts.contacts.snapshot.digests import BLAKE2B
from email_contacts.contacts.snapshot.sealed_file import SealedWriter
from tests.contacts.snapshot.days import sent_in

GOLDEN = Path(__file__).parent / "golden"
NEWEST = Path(__file__).parent / "golden_with_xxh3"
HEADER = "email,FIRSTNAME\n"
AS_CONFIRMED = "ann@example.com,Ann\nbob@example.com,Bob\ncy@example.com,Cy\n"
REJECTED = "di@example.com,Di\n"


@pytest.fixture(params=[GOLDEN, NEWEST], ids=lambda folder: folder.name)
def since(tmp_path: Path, request: pytest.FixtureRequest) -> ChangesSince:
    shutil.copytree(request.param, tmp_path / "snapshot")
    return ChangesSince(folder=tmp_path / "snapshot", name="customers", target="list 7")


def test_it_says_what_changed_since(tmp_path: Path, since: ChangesSince) -> None:
    source = tmp_path / "contacts.csv"
    source.write_text(
        HEADER
        + "ann@example.com,Ann\nbob@example.com,Bobby\n"
        + REJECTED
        + "eve@example.com,Eve\nfay@example.com,Fay\n"
    )
    manifest = prepare(source, tmp_path / "stage", changes_since=since)
    assert manifest.changes is not None
    assert manifest.changes.why_full == ""
    assert manifest.rows.unchanged == 2
    assert manifest.changes.rejected_before == 1
    assert sent_in(manifest) == {
        "bob@example.com": "Bobby",
        "eve@example.com": "Eve",
        "fay@example.com": "Fay",
    }
    assert (manifest.changes.new, manifest.changes.changed, manifest.changes.gone) == (1, 2, 1)


def test_it_is_continued_as_it_is(tmp_path: Path, since: ChangesSince) -> None:
    """A run that sends a change leaves a snapshot of the same kind, of which everything is known again."""
    folder = Path(str(since.folder))
    before = _header(folder)
    source = tmp_path / "contacts.csv"
    source.write_text(HEADER + AS_CONFIRMED.replace("Bob", "Bobby") + REJECTED + "fay@example.com,Fay\n")
    manifest = prepare(source, tmp_path / "stage", changes_since=since)
    assert manifest.changes is not None
    confirm(manifest.changes, folder, tmp_path / "stage")
    assert _header(folder)["digest"] == before["digest"]
    again = prepare(source, tmp_path / "again", changes_since=since)
    assert again.changes is not None
    assert (again.changes.why_full, again.rows.unchanged, again.batches) == ("", 5, ())


def test_a_full_sync_takes_the_newest_digests(tmp_path: Path, since: ChangesSince) -> None:
    folder = Path(str(since.folder))
    source = tmp_path / "contacts.csv"
    source.write_text(HEADER + AS_CONFIRMED)
    manifest = prepare(source, tmp_path / "stage", changes_since=replace(since, full=True))
    assert manifest.changes is not None
    confirm(manifest.changes, folder, tmp_path / "stage")
    assert _header(folder)["digest"] == _header(NEWEST)["digest"]
    again = prepare(source, tmp_path / "again", changes_since=since)
    assert (again.rows.unchanged, again.batches) == (3, ())


def test_a_run_that_an_earlier_release_prepared_is_confirmed_as_that_would(
    tmp_path: Path, since: ChangesSince, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stage does not say how contents are digested."""
    source, stage, folder = tmp_path / "contacts.csv", tmp_path / "stage", tmp_path / "new"
    source.write_text(HEADER + AS_CONFIRMED)
    asked = ChangesSince(folder=folder, name=since.name, target=since.target)
    with monkeypatch.context() as earlier:
        earlier.setattr(comparison, "ContentDigester", lambda name: ContentDigester(name, BLAKE2B))
        earlier.setattr(
            comparison, "SealedWriter", lambda path, kind, header: SealedWriter(path, kind, _without(header))
        )
        manifest = prepare(source, stage, changes_since=asked)
    assert manifest.changes is not None
    confirm(manifest.changes, folder, stage)
    assert _header(folder)["digest"] == BLAKE2B
    assert prepare(source, tmp_path / "again", changes_since=asked).batches == ()


def test_what_is_written_now_is_the_same_to_the_byte(
    tmp_path: Path, since: ChangesSince, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = NEWEST.glob("snapshot-*.bin")
    identity = before.stem.split("-")[1]
    monkeypatch.setattr(
        "email_contacts.contacts.snapshot.comparison.uuid4", lambda: type("Fixed", (), {"hex": identity})
    )
    source, folder = tmp_path / "contacts.csv", tmp_path / "new"
    source.write_text(HEADER + AS_CONFIRMED + REJECTED)
    asked = ChangesSince(folder=folder, name=since.name, target=since.target)
    manifest = prepare(source, tmp_path / "stage", changes_since=asked)
    assert manifest.changes is not None
    confirm(manifest.changes, folder, tmp_path / "stage", rejected_rows=[4])
    assert (folder / before.name).read_bytes() == before.read_bytes()


def _header(folder: Path) -> dict[str, str]:
    identity = json.loads((folder / "current.json").read_text())["id"]
    header: dict[str, str] = json.loads((folder / f"snapshot-{identity}.bin").read_bytes().split(b"\n")[0])
    return header


def _without(header: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in header.items() if name != "digest"}
