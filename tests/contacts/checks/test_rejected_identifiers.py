"""Who rejected rows are about: whichever way they are read, and whatever they are rejected for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.batches.parts import Part
from email_contacts.contacts.batches.rejected import RejectedRows
from email_contacts.contacts.batches.spool import StagedFiles
from email_contacts.contacts.mapping.document import Mapping
from email_contacts.contacts.options import Options
from email_contacts.contacts.partitions import prepare_partition
from email_contacts.contacts.sources.consent_column import ConsentColumn

COLUMNS = {"email": "EMAIL", "ext_id": "EXT_ID", "sms": "SMS", "age": {"attribute": "AGE", "type": "number"}}
NOBODY: dict[str, Any] = {"email": "", "ext_id": "", "sms": "", "age": 1}


def rejected(folder: Path, rows: list[dict[str, Any]], kind: str, **options: Any) -> tuple[list[str], int]:
    """Prepare rows; give which identifiers of rejected ones can be read, and how many have none."""
    source = folder / f"source.{kind}"
    if kind == "csv":
        lines = [list(rows[0]), *(list(map(str, row.values())) for row in rows)]
        source.write_text("".join(f"{','.join(line)}\n" for line in lines))
    elif kind == "ndjson":
        source.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    else:  # no two objects of one shape, so that they are read one by one
        shuffled = [dict(reversed(row.items())) if place % 2 else row for place, row in enumerate(rows)]
        source = folder / "source.ndjson"
        source.write_text("".join(f"{json.dumps(row)}\n" for row in shuffled))
    given = Options(mapping=Mapping.from_json({"columns": COLUMNS}), **options)
    part = prepare_partition(source, folder / "part", index=0, count=1, options=given)
    assert part.names_rejects
    spool = StagedFiles(folder / "part")
    found = RejectedRows([(part.rejected, spool)])
    keys = [key for some in found.keys(lambda name, value: f"{name}={value}".encode()) for key in some]
    spool.close()
    return sorted(key.decode() for key in keys), found.unidentified


@pytest.mark.parametrize("kind", ["csv", "ndjson", "one by one"])
def test_identifiers_are_read_as_those_of_good_rows(tmp_path: Path, kind: str) -> None:
    rows = [
        NOBODY | {"email": " Ann@Example.com", "sms": "+49 1512 3456789", "age": "old"},
        NOBODY | {"email": "bob@", "ext_id": "X-2"},
        NOBODY | {"email": "cy@", "sms": "12"},
        NOBODY | {"email": "good@example.com"},
        NOBODY,
    ]
    assert rejected(tmp_path, rows, kind) == (
        ["EMAIL=ann@example.com", "EXT_ID=X-2", "SMS=4915123456789"], 2
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "ndjson", "one by one"])
def test_whoever_is_refused_for_an_opt_out_is_known(tmp_path: Path, kind: str) -> None:
    rows: list[dict[str, Any]] = [
        {"emailBlacklisted": "true", "news": "yes", **NOBODY, "email": "ann@example.com"},
        {"emailBlacklisted": "perhaps", "news": "yes", **NOBODY, "email": "bob@example.com"},
        {"emailBlacklisted": "false", "news": "perhaps", **NOBODY, "email": "cy@example.com"},
        {"emailBlacklisted": "true", "news": "perhaps", **NOBODY, "email": "di@"},
        {"emailBlacklisted": "false", "news": "yes", **NOBODY, "email": "good@example.com"},
    ]
    found = rejected(tmp_path, rows, kind, consent_column=ConsentColumn("news"))
    assert found == (["EMAIL=ann@example.com", "EMAIL=bob@example.com", "EMAIL=cy@example.com"], 1)


def test_a_partition_of_the_version_before_names_nobody(tmp_path: Path) -> None:
    part = prepare_partition(_source(tmp_path), tmp_path / "part", index=0, count=1)
    said = json.loads(part.to_bytes())
    del said["names_rejects"]
    before = Part.from_bytes(json.dumps(said).encode())
    assert not before.names_rejects
    assert "rejected" not in before.files
    assert RejectedRows([(before.rejected, None)]).unidentified == 1


def _source(folder: Path) -> Path:
    source = folder / "source.csv"
    source.write_text("email\ngood@example.com\nbad@\n")
    return source
