"""The lists of rows that are not sent."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest

from email_contacts.contacts import Mapping, Options, prepare
from email_contacts.contacts.staging import rejects as rejects_room
from email_contacts.contacts.staging.rejects import (
    Reject,
    RejectsFile,
    frame_of_rejects,
    read_rejects,
    write_pairs,
)
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import read_csv

HEADER = ["row", "key", "field", "rule", "message", "value"]


class Kept(io.BytesIO):
    """A file whose content can be asked for when it is closed."""

    content = b""

    def close(self) -> None:
        if not self.closed:
            self.content = self.getvalue()
        super().close()


@pytest.mark.parametrize("at_once", [1, 3, 4_096])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_both_lists_have_the_same_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, at_once: int, count: int
) -> None:
    monkeypatch.setattr(rejects_room, "_ROWS_AT_ONCE", at_once)
    lines, table = Kept(), Kept()
    rejects = RejectsFile(lines, table)
    for row in range(1, count + 1):
        rejects.add(Reject(row, f'k"{row},', "Größe", "date" if row % 3 else "email", "two\nlines", "*;*"))
    rejects.close()
    rejects.close()
    (tmp_path / "rejects.csv").write_bytes(lines.content)
    listed = read_csv(tmp_path / "rejects.csv")
    found = pl.read_parquet(table.content)
    assert found.columns == HEADER
    assert found.schema["row"] == pl.Int64
    assert [dict(line, row=int(line["row"])) for line in listed] == found.to_dicts()
    assert len(listed) == rejects.count == count
    assert rejects.reasons.total() == count
    assert rejects.top_reasons() == {0: "", 1: "date 1", 7: "date 5, email 2"}[count]


@pytest.mark.parametrize("at_once", [1, 3, 4_096])
def test_many_rows_at_once_stand_in_their_order(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(rejects_room, "_ROWS_AT_ONCE", at_once)
    lines, table = Kept(), Kept()
    rejects = RejectsFile(lines, table)
    listed = [Reject(row, f"k{row}", "e", "email" if row % 2 else "date", "m", "*") for row in range(1, 10)]
    rejects.add(listed[0])
    rejects.add_all(frame_of_rejects(listed[1:5]))
    rejects.add_all(frame_of_rejects([]))
    rejects.add(listed[5])
    rejects.add_all(frame_of_rejects(listed[6:8]))
    rejects.add(listed[8])
    rejects.close()
    assert pl.read_parquet(table.content).rows() == listed
    assert list(read_rejects(io.BytesIO(lines.content), rows_before=0)) == listed
    assert rejects.count == 9
    assert dict(rejects.reasons) == {"email": 5, "date": 4}


def test_a_key_with_a_lone_return_stays_one_line() -> None:
    lines = Kept()
    rejects = RejectsFile(lines)
    listed = [Reject(1, "a\rb", "", "columns", "x"), Reject(2, 'c"\n', "", "columns", "x")]
    rejects.add_all(frame_of_rejects(listed))
    rejects.close()
    assert list(read_rejects(io.BytesIO(lines.content), rows_before=0)) == listed


def test_without_parquet() -> None:
    lines = Kept()
    rejects = RejectsFile(lines)
    rejects.add(Reject(1, "", "", "columns", "x"))
    rejects.close()
    assert lines.content == b"row,key,field,rule,message,value\n1,,,columns,x,\n"


def test_many_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects_room, "_PAIRS_AT_ONCE", 2)
    file = Kept()
    write_pairs(file, ("row", "superseded_by"), [1, 2, 3], [9, 8, 7])
    assert file.content == b"row,superseded_by\n1,9\n2,8\n3,7\n"


def test_pairs() -> None:
    file = Kept()
    write_pairs(file, ("row", "field", "other_row"), [1, 2], ["SMS", "SMS"], [2, 1])
    assert file.content == b"row,field,other_row\n1,SMS,2\n2,SMS,1\n"
    empty = Kept()
    write_pairs(empty, ("row", "superseded_by"), [], [])
    assert empty.content == b"row,superseded_by\n"


def keys_of(source: Path, stage: Path, mapping: Mapping | None = None) -> list[tuple[str, str, str]]:
    manifest = prepare(source, stage, Options(mapping=mapping))
    listed = read_csv(manifest.rejects_uri)
    assert pl.read_parquet(stage / "rejects.parquet").get_column("key").to_list() == [
        line["key"] for line in listed
    ]
    return [(line["row"], line["key"], line["rule"]) for line in listed]


@pytest.mark.parametrize("is_sent", [True, False])
def test_the_key_is_the_cell_of_its_column(write: WriteSource, tmp_path: Path, is_sent: bool) -> None:
    columns = {"mail": "EMAIL"} | ({"no": "EXT_ID"} if is_sent else {})
    mapping = Mapping.from_json({"columns": columns, "key": "no"})
    source = write("no,mail\nC-1,bad\nC-2,a@example.com\nC-3\nC-4,worse\n")
    assert keys_of(source, tmp_path / "stage", mapping) == [
        ("1", "C-1", "email"), ("3", "", "columns"), ("4", "C-4", "email"),
    ]  # fmt: skip


def test_in_a_folder_the_key_is_file_and_row(write: WriteSource, tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    write("email\na@example.com\nbad\n", "people/1.csv")
    write("email\n", "people/2.csv")
    write("email\nworse\nb@example.com\n,x\n", "people/3.csv")
    assert keys_of(tmp_path / "people", tmp_path / "stage") == [
        ("2", "1.csv:2", "email"), ("3", "3.csv:1", "email"), ("5", "3.csv:3", "columns"),
    ]  # fmt: skip


def test_a_single_file_needs_no_key(write: WriteSource, tmp_path: Path) -> None:
    assert keys_of(write("email\nbad\n"), tmp_path / "stage") == [("1", "", "email")]


def test_a_list_whose_keys_are_long_can_be_read_again(tmp_path: Path) -> None:
    """The standard library's reader of CSV takes cells of 131,072 characters at most."""
    people = [{"email": "nobody", "id": "k" * 200_000}, {"email": "", "id": "x" * 200_000}]
    (tmp_path / "people.ndjson").write_text("\n".join(map(json.dumps, people)))
    mapping = Mapping.from_json({"key": "id", "columns": {"email": "EMAIL"}, "unknown_columns": "drop"})
    prepare(tmp_path / "people.ndjson", tmp_path / "stage", Options(mapping=mapping))
    listed = list(read_rejects((tmp_path / "stage" / "rejects.csv").open("rb"), rows_before=0))
    assert [one.key for one in listed] == ["k" * 1_000, "x" * 1_000]
