"""Opt-outs in objects of JSON that are no columns, because other values stand in their place, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts import AccountAttribute, Options, prepare
from email_contacts.contacts.errors import UnknownColumns
from email_contacts.contacts.sources.json_rows import ROWS_LOOKED_AT

FLAG = {"emailBlacklisted": True}
OPTIONS = Options(unknown_columns="drop", account_attributes=(AccountAttribute("FIRSTNAME"),))


def written(folder: Path, kind: str, profiles: list[Any]) -> Path:
    path = folder / f"people.{kind}"
    people = [{"email": f"p{at}@example.com", "profile": profile} for at, profile in enumerate(profiles)]
    path.write_text(json.dumps(people) if kind == "json" else "\n".join(map(json.dumps, people)))
    return path


@pytest.mark.parametrize("kind", ["json", "ndjson"])
@pytest.mark.parametrize("flags", [FLAG, {"person": FLAG}, {"a": 1, "SMS_BLACKLISTED": "yes"}])
@pytest.mark.parametrize("other", [[], [1], "none", 5, False])
@pytest.mark.parametrize("rows", [1, 3 * ROWS_LOOKED_AT])
def test_a_flag_beside_other_values_is_not_overlooked(
    tmp_path: Path, kind: str, flags: Any, other: Any, rows: int
) -> None:
    path = written(tmp_path, kind, [other] * rows + [flags])
    with pytest.raises(UnknownColumns, match=r"^people\..*it says who opted out"):
        prepare(path, tmp_path / "stage", OPTIONS)


@pytest.mark.parametrize("kind", ["json", "ndjson"])
@pytest.mark.parametrize("rows", [1, 3 * ROWS_LOOKED_AT])
def test_other_objects_beside_other_values_stop_nothing(tmp_path: Path, kind: str, rows: int) -> None:
    path = written(tmp_path, kind, [[]] * rows + [{"plan": "free"}, None])
    assert prepare(path, tmp_path / "stage", OPTIONS).rows.accepted == rows + 2


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_objects_or_null_are_read_as_columns(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind, [None, {}, FLAG, {"emailBlacklisted": False}])
    rows = prepare(path, tmp_path / "stage", OPTIONS).rows
    assert (rows.accepted, rows.rejected) == (3, 1)


def mapped(folder: Path, key: str) -> Path:
    profiles = pa.array([None, [("vip", True)], [(key, True)]], pa.map_(pa.string(), pa.bool_()))
    table = pa.table({"email": ["a@example.com", "b@example.com", "c@example.com"], "profile": profiles})
    pq.write_table(table, folder / "people.parquet")
    return folder / "people.parquet"


@pytest.mark.parametrize("key", ["emailBlacklisted", "SMS_BLACKLISTED"])
def test_a_flag_in_a_map_of_parquet_is_not_overlooked(tmp_path: Path, key: str) -> None:
    with pytest.raises(UnknownColumns, match="it says who opted out"):
        prepare(mapped(tmp_path, key), tmp_path / "stage", OPTIONS)


def test_other_maps_of_parquet_stop_nothing(tmp_path: Path) -> None:
    assert prepare(mapped(tmp_path, "plan"), tmp_path / "stage", OPTIONS).rows.accepted == 3
