"""The folder of a run: readable, its own, and short enough for any file system."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_contacts.contacts.staging.stage import run_folder


@pytest.mark.parametrize(
    ("run_id", "folder"),
    [
        ("backfill-1", "backfill-1"),
        ("a" * 250, "a" * 250),
        ("manual__2026-11-22T10:00:00+00:00", "manual__2026-11-22T10-00-00-00-00-4ff2a843"),
        ("x:" * 123, f"{'x-' * 123}-54181fde"),
    ],
)
def test_a_run_keeps_the_folder_that_it_has(run_id: str, folder: str) -> None:
    assert run_folder(run_id) == folder


@pytest.mark.parametrize("run_id", ["x:" * 125, "é" * 250, f"{'a' * 249}:"])
def test_the_folder_of_the_longest_run_id_can_be_made(run_id: str, tmp_path: Path) -> None:
    folder = run_folder(run_id)
    (tmp_path / folder).mkdir()
    assert len(folder.encode()) <= 200


def test_long_run_ids_that_differ_at_the_end_have_folders_of_their_own() -> None:
    assert len({run_folder(f"{'x:' * 124}{one}") for one in range(100)}) == 100
