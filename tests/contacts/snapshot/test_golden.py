"""A snapshot that the first version wrote is read by this one.

``golden`` is a folder with a snapshot of four people, the last of whom the platform rejected, and a fifth who
was sent in a run that was not confirmed. It must never be written anew: make a second one for a new version
of the format, and read both.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.snapshot.changes import ChangesSince
from email_contacts.contacts.snapshot.confirming import confirm
from tests.contacts.snapshot.days import sent_in

GOLDEN = Path(__file__).parent / "golden"
HEADER = "email,FIRSTNAME\n"
AS_CONFIRMED = "ann@example.com,Ann\nbob@example.com,Bob\ncy@example.com,Cy\n"
REJECTED = "di@example.com,Di\n"


@pytest.fixture
def since(tmp_path: Path) -> ChangesSince:
    shutil.copytree(GOLDEN, tmp_path / "snapshot")
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


def test_what_is_written_now_is_the_same_to_the_byte(
    tmp_path: Path, since: ChangesSince, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = GOLDEN.glob("snapshot-*.bin")
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
