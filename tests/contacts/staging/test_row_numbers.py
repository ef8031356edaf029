"""Which row of the source each contact of a body was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Manifest, Options, prepare
from email_contacts.contacts.choices import BODIES
from email_contacts.contacts.errors import NotAManifest, StageError
from email_contacts.contacts.staging.row_numbers import row_numbers
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import Prepared

ROWS = 300


def people() -> str:
    """Write rows of which some are wrong, some come twice, and each names its number."""
    lines = ["email,number"]
    for row in range(1, ROWS + 1):
        address = "bad" if row % 7 == 0 else f"p{row % 200}@example.com"
        lines.append(f"{address},{row}")
    return "\n".join(lines) + "\n"


def numbers_said(manifest: Manifest) -> list[list[int]]:
    """Give for each body the numbers that its contacts name."""
    bodies = Prepared(manifest).bodies
    if manifest.body == "json_body":
        return [[int(contact["attributes"]["NUMBER"]) for contact in json.loads(body)] for body in bodies]
    texts = [json.loads(body) if manifest.body == "file_body" else body.decode() for body in bodies]
    return [[int(line.split(";")[1]) for line in text.splitlines()[1:]] for text in texts]


@pytest.mark.parametrize("options", [{}, {"duplicates": "first"}, {"conflicts": "reject"}])
@pytest.mark.parametrize("body", BODIES)
def test_the_numbers_lead_to_the_rows(
    write: WriteSource, tmp_path: Path, body: str, options: dict[str, Any]
) -> None:
    manifest = prepare(
        write(people()), tmp_path / "stage", Options(body=body, max_batch_bytes=1_024, **options)
    )
    found = [list(row_numbers(batch, tmp_path / "stage")) for batch in manifest.batches]
    assert found == numbers_said(manifest)
    assert manifest.rows.duplicates > 50
    assert sum(map(len, found)) == manifest.rows.accepted > 150
    assert body == "file_url" or len(found) > 3


def test_a_body_of_another_preparation(write: WriteSource, tmp_path: Path) -> None:
    manifest = prepare(write(people()), tmp_path / "stage")
    strange = replace(manifest.batches[0], fingerprint="0" * 64)
    with pytest.raises(StageError, match="is not a body of the preparation"):
        row_numbers(strange, tmp_path / "stage")


def test_numbers_that_were_cut_off(write: WriteSource, tmp_path: Path) -> None:
    manifest = prepare(write(people()), tmp_path / "stage")
    file = tmp_path / "stage" / "row_numbers.bin"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(StageError, match=r"row_numbers\.bin is not complete"):
        row_numbers(manifest.batches[0], tmp_path / "stage")
    (tmp_path / "stage" / "manifest.json").unlink()
    with pytest.raises(NotAManifest):
        row_numbers(manifest.batches[0], tmp_path / "stage")
