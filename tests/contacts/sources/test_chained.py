"""Several files as one source."""

from __future__ import annotations

import datetime
import gzip
import json
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts.errors import (
    HeaderError,
    SourceChanged,
    SourceEmpty,
    SourceUnreadable,
    UnknownColumns,
)
from email_contacts.contacts.sources.rows import Frame, RowFault
from tests.contacts.prepared import prepared
from tests.contacts.sources.reading import opened, rows_of


def write_all(folder: Path, files: dict[str, str | bytes | pa.Table]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def test_rows_go_on_from_file_to_file(tmp_path: Path) -> None:
    source = write_all(
        tmp_path, {"a.csv": "x,y\n1,2\n3\n", "b.csv": "x,y\n", "c/d.csv.gz": gzip.compress(b"x;y\n5;6\n")}
    )
    rows = opened(source)
    assert rows.columns == ("x", "y")
    assert rows.text_only
    assert rows_of(rows) == [
        ["1", "2"],
        RowFault("columns", "The row has 1 cell, the header has 2."),
        ["5", "6"],
    ]
    assert [rows.place(row) for row in (1, 2, 3)] == ["a.csv:1", "a.csv:2", "c/d.csv.gz:1"]


def test_one_file_alone_has_no_places(tmp_path: Path) -> None:
    rows = opened(write_all(tmp_path, {"a.csv": "x\n1\n", "_SUCCESS": ""}))
    assert rows_of(rows) == [["1"]]
    assert rows.place(1) == ""


def test_columns_in_another_order_and_spelling_are_put_in_order(tmp_path: Path) -> None:
    source = write_all(tmp_path, {"a.csv": "E-Mail,x,y\n1,2,3\n", "b.csv": "y,x,e_mail\n6,5,4\n7\n"})
    rows = opened(source)
    assert rows.columns == ("E-Mail", "x", "y")
    found = rows_of(rows)
    assert found[:2] == [["1", "2", "3"], ["4", "5", "6"]]
    assert isinstance(found[2], RowFault)


def test_frames_are_put_in_order(tmp_path: Path) -> None:
    source = write_all(
        tmp_path,
        {
            "a.parquet": pa.table({"n": [1], "t": ["a"]}),
            "b.parquet": pa.table({"T": ["b"], "n": pa.array([2], pa.int32())}),
        },
    )
    rows = opened(source)
    blocks = list(rows.blocks())
    assert [block.cells.columns for block in blocks if isinstance(block, Frame)] == [["n", "t"], ["n", "T"]]
    assert rows_of(opened(source)) == [[1, "a"], [2, "b"]]
    assert rows.place(2) == "b.parquet:1"


@pytest.mark.parametrize(
    ("header", "said", "columns"),
    [
        ("email", "it lacks y", ("y",)),
        ("email,y,z", "it adds z", ("z",)),
        ("email,z", "it lacks y and adds z", ("y", "z")),
        ("Jane,y", "it lacks email and adds 1 whose names are not shown", ("email", "Jane")),
    ],
)
def test_other_columns_fail_before_the_first_row(
    tmp_path: Path, header: str, said: str, columns: tuple[str, ...]
) -> None:
    source = write_all(tmp_path, {"a.csv": "email,y\n1,2\n", "b.csv": f"{header}\n1\n"})
    with pytest.raises(SourceChanged, match=rf"b\.csv has other columns than a\.csv: {said}") as caught:
        opened(source)
    assert caught.value.columns == columns


def table(**columns: Any) -> pa.Table:
    return pa.table({"email": ["a@example.com"], **columns})


def test_a_type_that_changes_in_the_middle_of_a_folder(tmp_path: Path) -> None:
    source = write_all(
        tmp_path,
        {
            "part-0.parquet": table(points=[1], since=[datetime.date(2020, 1, 1)]),
            "part-1.parquet": table(points=["1"], since=[datetime.datetime(2020, 1, 1)]),
            "part-2.parquet": table(points=[1], since=[datetime.date(2020, 1, 1)]),
        },
    )
    with pytest.raises(SourceChanged) as caught:
        opened(source)
    assert str(caught.value).startswith(
        'part-1.parquet has other types than the files before it: "points" is text, but integer in '
        'part-0.parquet; "since" is timestamp, but date in part-0.parquet.'
    )
    assert caught.value.columns == ("points", "since")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (pa.array([1], pa.int64()), pa.array([1], pa.int8())),
        (pa.array(["a"]), pa.array(["a"], pa.large_string())),
        (pa.array(["a"]), pa.array(["a"]).dictionary_encode()),
        (pa.nulls(1), pa.array([1])),
        (pa.array([1]), pa.nulls(1)),
        (pa.array([["a"]]), pa.array([["a"]], pa.large_list(pa.string()))),
    ],
)
def test_types_that_give_the_same_cells_are_no_change(
    tmp_path: Path, first: pa.Array, then: pa.Array
) -> None:
    source = write_all(tmp_path, {"a.parquet": table(x=first), "b.parquet": table(x=then)})
    assert len(rows_of(opened(source))) == 2


def test_a_column_without_values_does_not_hide_a_change(tmp_path: Path) -> None:
    source = write_all(
        tmp_path,
        {"a.parquet": table(x=pa.nulls(1)), "b.parquet": table(x=[1]), "c.parquet": table(x=[1.5])},
    )
    with pytest.raises(SourceChanged, match=r'c\.parquet.*"x" is number, but integer in b\.parquet'):
        opened(source)


def test_a_file_that_changes_after_it_was_looked_at(tmp_path: Path) -> None:
    rows = opened(write_all(tmp_path, {"a.csv": "x\n1\n", "b.csv": "x\n2\n"}))
    (tmp_path / "b.csv").write_text("y\n2\n")
    with pytest.raises(SourceChanged, match=r"b\.csv has other columns"):
        rows_of(rows)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_empty_file_among_others(tmp_path: Path, kind: str) -> None:
    first = "x\n1\n" if kind == "csv" else pa.table({"x": [1]})
    source = write_all(tmp_path, {f"a.{kind}": first, f"b.{kind}": b""})
    rows = opened(source)
    assert f"b.{kind} holds no rows, not even a header" in rows.notes
    assert len(rows_of(rows)) == 1


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_nothing_but_empty_files(tmp_path: Path, kind: str) -> None:
    source = write_all(tmp_path, {f"a.{kind}": b"", f"b.{kind}": b""})
    with pytest.raises(SourceEmpty, match="None of the 2 files holds a row"):
        opened(source)


def test_a_damaged_file_is_found_before_the_first_row_and_named_with_its_folder(tmp_path: Path) -> None:
    source = write_all(
        tmp_path, {"d=1/part-0.parquet": pa.table({"x": [1]}), "d=2/part-0.parquet": b"PAR1 and no more"}
    )
    with pytest.raises(SourceUnreadable, match=r"^In d=2: part-0\.parquet cannot be read as Parquet"):
        opened(source)


def test_a_header_with_two_columns_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(HeaderError, match=r"Columns 1 and 2 of b\.csv have the same name"):
        opened(write_all(tmp_path, {"a.csv": "x\n1\n", "b.csv": "x,X\n1,2\n"}))


def test_objects_name_their_keys_so_files_may_lack_some_or_all(tmp_path: Path) -> None:
    source = write_all(
        tmp_path,
        {
            "a.ndjson": json.dumps({"x": 1}),
            "b.ndjson": "",
            "c.ndjson": json.dumps({"y": 2}) + "\n" + json.dumps({"X": 3}),
        },
    )
    rows = opened(source)
    assert rows.columns == ("x", "y")
    assert rows_of(rows) == [[1, ""], ["", 2], [3, ""]]
    assert [rows.place(row) for row in (1, 2, 3)] == ["a.ndjson:1", "c.ndjson:1", "c.ndjson:2"]


def test_keys_that_come_late_in_any_file(tmp_path: Path) -> None:
    late = json.dumps({"x": 1}) + "\n"
    source = write_all(tmp_path, {"a.ndjson": late, "b.ndjson": late * 1000 + json.dumps({"z": 1})})
    with pytest.raises(UnknownColumns, match=r'b\.ndjson, line 1001: "z"'):
        rows_of(opened(source))
    rows = opened(source, drop_late_columns=True)
    assert len(rows_of(rows)) == 1002
    assert rows.late_columns == ("z",)


def test_no_object_in_any_file(tmp_path: Path) -> None:
    with pytest.raises(SourceEmpty, match="None of the 2 files holds a row"):
        opened(write_all(tmp_path, {"a.ndjson": "", "b.ndjson": "\n"}))


def test_one_file_is_open_at_a_time(tmp_path: Path) -> None:
    source = write_all(tmp_path, {f"{number}.csv": "x\n1\n" for number in range(20)})

    def ours() -> list[str]:
        return [file.path for file in psutil.Process().open_files() if file.path.startswith(str(tmp_path))]

    rows = opened(source)
    assert ours() == []
    for number, _ in enumerate(rows.blocks()):
        assert set(ours()) == {str(tmp_path / f"{number}.csv")}
    rows.close()
    assert ours() == []


def test_a_folder_is_prepared_as_one_source(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    for name in ("a", "b"):
        (tmp_path / "people" / f"{name}.csv").write_text(f"email\n{name}@example.com\nbad\n")
    found = prepared(tmp_path / "people", tmp_path / "stage")
    assert [contact["email"] for contact in found.contacts] == ["a@example.com", "b@example.com"]
    assert [reject["row"] for reject in found.rejects] == ["2", "4"]
