"""What the benchmarks compare is comparable: their files hold the same people in every format."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.account import ATTRIBUTES
from benchmarks.contacts_file import WRITERS
from benchmarks.digests import Digests, digests_of
from email_contacts.contacts import Options, prepare

ROWS = 2_100  # a fault of each kind
REJECTED = 21


def prepared(source_format: str, folder: Path) -> Digests:
    source, stage = folder / f"contacts.{source_format}", folder / source_format
    WRITERS[source_format](source, ROWS)
    prepare(source, stage, Options(account_attributes=ATTRIBUTES))
    return digests_of(stage)


@pytest.mark.parametrize("source_format", sorted({*WRITERS} - {"csv"}))
def test_the_formats_hold_the_same_people(source_format: str, tmp_path: Path) -> None:
    expected, found = prepared("csv", tmp_path), prepared(source_format, tmp_path)
    typed_cells_hold_no_fault = {"rejects"} if source_format in ("parquet", "xlsx") else set()
    assert {*expected.differences(found)} <= typed_cells_hold_no_fault
    assert found.rejected == REJECTED
