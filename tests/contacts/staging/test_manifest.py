"""The manifest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from email_contacts.contacts import Batch, Manifest, Rows
from email_contacts.contacts.errors import NotAManifest, PreparationError
from email_contacts.contacts.staging.manifest import is_list_of

MANIFEST = Manifest(
    source="people.csv",
    rows=Rows(read=5, accepted=3, rejected=1, duplicates=1),
    batches=(Batch("batch-00001.json", 99, 3, "ab"),),
    rejects_uri="rejects.csv",
    duplicates_uri="duplicates.csv",
    unknown_columns=("note",),
    reject_reasons={"email": 1},
    seconds=1.5,
    peak_memory_bytes=7,
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    MANIFEST.write(path)
    assert Manifest.read(path) == MANIFEST
    assert json.loads(path.read_text()) == MANIFEST.to_json()
    assert [file.name for file in tmp_path.iterdir()] == ["manifest.json"]


def test_the_document_is_the_one_that_is_promised() -> None:
    document = MANIFEST.to_json()
    assert document["rows"] == {"read": 5, "accepted": 3, "rejected": 1, "duplicates": 1}
    assert document["batches"] == [
        {"uri": "batch-00001.json", "bytes": 99, "contacts": 3, "fingerprint": "ab"}
    ]
    assert set(document) >= {"rejects_uri", "fingerprint", "seconds", "peak_memory_bytes"}


def test_rows_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(PreparationError, match="5 read is not 3 accepted"):
        Rows(read=5, accepted=3, rejected=1, duplicates=0)


def test_time_and_place_are_no_part_of_the_fingerprint() -> None:
    moved = replace(MANIFEST, seconds=9.0, peak_memory_bytes=1, rejects_uri="elsewhere", source="other")
    assert moved.fingerprint == MANIFEST.fingerprint


def test_what_is_no_manifest(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with pytest.raises(NotAManifest, match="the preparation did not finish"):
        Manifest.read(path)
    path.write_text("{")
    with pytest.raises(NotAManifest, match="it is not JSON"):
        Manifest.read(path)
    path.write_text("{}")
    with pytest.raises(NotAManifest, match="'fingerprint'"):
        Manifest.read(path)
    path.write_text(json.dumps(MANIFEST.to_json() | {"batches": []}))
    with pytest.raises(NotAManifest, match="fingerprint is not that of its content"):
        Manifest.read(path)


@pytest.mark.parametrize(
    ("manifest", "fingerprint", "version", "expected"),
    [
        ('{"fingerprint": "a", "source_version": "1"}', "a", "1", True),
        ('{"fingerprint": "a"}', "a", "1", True),
        ('{"fingerprint": "a", "source_version": "1"}', "a", "", True),
        ('{"fingerprint": "a", "source_version": "2"}', "a", "1", False),
        ('{"fingerprint": "b", "source_version": "1"}', "a", "1", False),
        # Of a preparation that broke off, before one that did not.
        ('{"fingerprint": "b"}', "", "", False),
        (None, "", "", True),
        # Of a preparation that broke off, after the one that is asked for.
        (None, "a", "1", False),
        ("[]", "a", "1", False),
        ("{", "a", "1", False),
    ],
)
def test_a_list_is_of_the_preparation_whose_manifest_is_next_to_it(
    manifest: str | None, fingerprint: str, version: str, expected: bool, tmp_path: Path
) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    assert is_list_of(tmp_path / "rejects.csv", fingerprint, version) == expected
