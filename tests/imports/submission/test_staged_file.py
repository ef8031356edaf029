"""A staged CSV: known by its content, and sampled without being read."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pytest

from email_contacts.contacts.staging.manifest import Batch, Manifest, Rows
from email_contacts.imports.submission import staged_file
from email_contacts.imports.submission.batch_rows import identifiers_of
from email_contacts.imports.submission.staged_file import StagedFile
from local.object_store import ObjectStore


def written(path: Path, rows: list[list[str]]) -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n").writerows([["EMAIL", "NOTE"], *rows])
    path.write_bytes(text.getvalue().encode())
    return path


def with_manifest(path: Path, *, fingerprint: str) -> None:
    batch = Batch(uri=path.as_uri(), bytes=path.stat().st_size, contacts=7, fingerprint=fingerprint)
    Manifest(source="s", rows=Rows(7, 7, 0, 0), batches=(batch,), rejects_uri="r", duplicates_uri="d").write(
        path.parent / "manifest.json"
    )


def test_its_manifest_says_what_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "contacts.csv", [["a@example.com", ""]])
    with_manifest(path, fingerprint="f" * 64)
    assert StagedFile.at(path) == StagedFile(path, "f" * 64, 7)


@pytest.mark.parametrize("manifest", [None, "{}", "not JSON", "of another file"])
def test_without_one_it_is_read_through(
    manifest: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged_file, "_CHUNK_BYTES", 10)
    path = written(tmp_path / "contacts.csv", [["a@example.com", "x" * 100]])
    if manifest == "of another file":
        with_manifest(written(tmp_path / "contacts-2.csv", []), fingerprint="f" * 64)
    elif manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    staged = StagedFile.at(path)
    assert staged.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()
    assert staged.contacts is None


@pytest.mark.parametrize("number", [0, 1, 4, 5, 6, 50])
def test_a_short_file_gives_its_rows_evenly(number: int, tmp_path: Path) -> None:
    path = written(tmp_path / "contacts.csv", [[f"p{one}@example.com", ""] for one in range(number)])
    sample = [row["EMAIL"] for row in StagedFile(path, "f").sample(5)]
    assert len(sample) == len(set(sample)) == min(number, 5)
    if number:
        assert sample[0] == "p0@example.com"
        assert sample[-1] == f"p{number - 1}@example.com"


def test_a_long_file_is_read_in_a_few_windows_only(
    object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(staged_file, "_WINDOW_BYTES", 1000)
    number = 10_000
    local = written(tmp_path / "c.csv", [[f"p{one}@example.com", "note"] for one in range(number)])
    path = object_store.path("stage", "contacts.csv")
    path.write_bytes(local.read_bytes())
    read: list[int] = []
    whole = staged_file._read

    def counted(*arguments: object) -> bytes:
        window = whole(*arguments)  # type: ignore[arg-type]
        read.append(len(window))
        return window

    monkeypatch.setattr(staged_file, "_read", counted)
    numbers = [int(row["EMAIL"][1:-12]) for row in StagedFile(path, "f").sample(5)]
    assert sum(read) <= 6 * 1000
    assert numbers == sorted(numbers)
    assert [round(4 * one / number) for one in numbers] == [0, 1, 2, 3, 4]


def test_the_inside_of_a_quoted_cell_is_not_taken_for_a_row(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(staged_file, "_WINDOW_BYTES", 2000)
    note = "\n".join(["no row;at all", "neither", "x;y;z"] * 5)
    rows = [[f"p{one}@example.com", note if one % 2 else "short"] for one in range(400)]
    path = written(tmp_path / "contacts.csv", rows)
    sample = list(StagedFile(path, "f").sample(5))
    assert len(sample) == 5
    assert all(identifiers_of(row)["EMAIL"] in {one for one, _ in rows} for row in sample)


def test_a_file_of_nothing_but_quotes_gives_no_sample(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(staged_file, "_WINDOW_BYTES", 200)
    path = tmp_path / "contacts.csv"
    path.write_text("EMAIL\n" + '"p@example.com"\n' * 100)
    assert list(StagedFile(path, "f").sample(5)) == []
