"""Tables that are one JSON object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.errors import SourceUnreadable
from email_contacts.contacts.sources.json_layouts import is_a_table
from tests.contacts.sources.reading import opened, rows_of

ROWS = [{"email": "a@example.com", "FIRSTNAME": "Ada"}, {"email": "b@example.com", "FIRSTNAME": "Bob"}]


def written(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "people.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("orient", ["columns", "index", "split"])
@pytest.mark.parametrize("rows", [1, 2])
def test_pandas_writes_tables(tmp_path: Path, orient: Any, rows: int) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "people.json"
    pandas.DataFrame(ROWS[:rows]).to_json(path, orient=orient)
    with pytest.raises(SourceUnreadable, match=r'orient="records"') as refused:
        opened(path)
    assert "example.com" not in str(refused.value)
    assert "Ada" not in str(refused.value)


def test_an_array_for_each_column_is_a_table(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="a whole table"):
        opened(written(tmp_path, {"email": ["a@example.com", "b@example.com"], "FIRSTNAME": ["Ada", None]}))


@pytest.mark.parametrize("orient", ["records", "table"])
def test_rows_that_pandas_writes_are_read(tmp_path: Path, orient: Any) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "people.json"
    pandas.DataFrame(ROWS).to_json(path, orient=orient)
    rows = rows_of(opened(path))
    assert [row[-2:] for row in rows if isinstance(row, list)] == [list(row.values()) for row in ROWS]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"email": "a@example.com", "tags": ["a", "b"]},
        {"email": "a@example.com", "address": {"city": "Ulm"}},
        {"email": {"value": "a@example.com"}, "name": {"value": "Ada"}},
        {"billing": {"email": "a@example.com"}, "shipping": {"email": "a@example.com"}},
        {"columns": ["a"], "data": "x", "email": "a@example.com"},
        {"email": ["a@example.com"]},
        {"email": ["a@example.com"], "tags": ["a", "b"]},
        {"1": {"email": "a@example.com"}, "2": {"name": "Ada"}},
    ],
)
def test_one_row_is_no_table(row: dict[str, Any]) -> None:
    assert not is_a_table(row)
