"""What a stage keeps after its bodies are gone tells nobody who the people were."""

from __future__ import annotations

import csv
import logging
from pathlib import Path

import polars as pl
import pytest

from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import ACCOUNT, prepared

PERSONAL = ("zyxwvu", "example.com", "7700900", "7700 900", "1990", "K-")
# One good row, one rejected under each kind of rule, two about one person, two who share a phone number.
SOURCE = """email,ext_id,sms,firstname,country,birthday,points,newsletter,interests
a.zyxwvu@example.com,K-1,+447700900001,Zyxwvu,DE,1990-01-05,1,yes,books
b.zyxwvu@@example.com,K-2,+447700900002,Zyxwvu,DE,1990-01-05,1,yes,books
c.zyxwvu@example.com,K-3,7700900003,Zyxwvu,DE,1990-01-05,1,yes,books
d.zyxwvu@example.com,K-4,+447700900004,Zyxwvu,DE,1990-13-5,1,yes,books
e.zyxwvu@example.com,K-5,+447700900005,Zyxwvu,Zyxwvu,1990-01-05,1,yes,books
f.zyxwvu@example.com,K-6,+447700900006,Zyxwvu,DE,1990-01-05,1990_7700900,yes,books
g.zyxwvu@example.com,K-7,+447700900007,Zyxwvu,DE,1990-01-05,1,zyxwvu,books
h.zyxwvu@example.com,K-8,+447700900008,Zyxwvu,DE,1990-01-05,1,yes,zyxwvu
i.zyxwvu@example.com,K-9,+447700900009
j.zyxwvu@example.com,"K-10" 1990,+447700900010,Zyxwvu,DE,1990-01-05,1,yes,books
A.ZYXWVU@example.com,K-1,+447700900001,Zyxwvu,DE,1990-01-05,1,yes,books
k.zyxwvu@example.com,K-11,+447700900011,Zyxwvu,DE,1990-01-05,1,yes,books
l.zyxwvu@example.com,K-12,+447700900011,Zyxwvu,DE,1990-01-05,1,yes,books
"""


def test_what_is_kept_of_a_stage_holds_nobody(
    write: WriteSource, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        found = prepared(write(SOURCE), account_attributes=ACCOUNT)
    assert len(found.rejects) == 9
    assert len(found.duplicates) == 1
    assert found.manifest.conflicts == 2
    kept = [path for path in (tmp_path / "stage").iterdir() if not path.name.startswith("batch-")]
    assert {"rejects.csv", "rejects.parquet", "duplicates.csv", "conflicts.csv"} <= {one.name for one in kept}
    # Columns in Parquet are compressed: what they hold shows only when they are read.
    texts = {path.name: path.read_bytes().decode("latin-1") for path in kept}
    texts["columns"] = str(pl.read_parquet(tmp_path / "stage" / "rejects.parquet").rows())
    for name, text in {**texts, "log": caplog.text}.items():
        assert not [one for one in PERSONAL if one.lower() in text.lower()], name
    assert all(one.lower() in found.bodies[0].decode().lower() for one in PERSONAL[:3]), "the check can see"


def test_both_lists_of_rejects_say_the_same(write: WriteSource, tmp_path: Path) -> None:
    found = prepared(write(SOURCE), account_attributes=ACCOUNT)
    lines = pl.read_parquet(tmp_path / "stage" / "rejects.parquet")
    with Path(found.manifest.rejects_uri).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert lines.columns == header == ["row", "key", "field", "rule", "message", "value"]
    assert [[str(cell) for cell in row] for row in lines.rows()] == rows
