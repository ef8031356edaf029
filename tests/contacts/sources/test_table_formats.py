"""Folders whose own metadata says which of their files count are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_contacts.contacts.errors import SourceUnreadable
from email_contacts.contacts.sources.files import find_files

TABLES = {
    "a Delta Lake table": "_delta_log/00000000000000000000.json",
    "an Apache Hudi table": ".hoodie/hoodie.properties",
    "an Apache Iceberg table": "metadata/v1.metadata.json",
}


@pytest.mark.parametrize(("kind", "sign"), TABLES.items())
@pytest.mark.parametrize("asked", ["table", "table/*.parquet", ".", "table/country=DE", "table/data"])
def test_a_table_is_refused_however_it_is_named(tmp_path: Path, kind: str, sign: str, asked: str) -> None:
    for name in (sign, "part-0.parquet", "country=DE/part-1.parquet", "data/part-2.parquet"):
        path = tmp_path / "table" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    with pytest.raises(SourceUnreadable, match=rf"is (part of )?{kind}: .* read it with SQL"):
        find_files(tmp_path / asked)


def test_a_folder_called_metadata_is_no_table_by_itself(tmp_path: Path) -> None:
    for name in ("metadata/notes.json", "people.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert [file.name for file in find_files(tmp_path).files] == ["metadata/notes.json", "people.csv"]


def test_numbers_in_names_count_by_their_value(tmp_path: Path) -> None:
    for name in ("part-10.csv", "part-9.csv", "day=2/part-1.csv", "day=10/part-1.csv", "README.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("email\n")
    found = find_files(tmp_path)
    assert [file.name for file in found.files] == [
        "day=2/part-1.csv",
        "day=10/part-1.csv",
        "part-9.csv",
        "part-10.csv",
    ]
    assert found.left_out == ("README.txt",)
