"""Finding the files of a source."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from upath import UPath

from email_contacts.contacts.errors import SourceMissing
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.files import find_files

NAMES = (
    "b.csv",
    "a.csv",
    "_SUCCESS",
    ".a.csv.crc",
    "_temporary/0/c.csv",
    "country=DE/part-1.csv",
    "country=DE/part-0.csv",
    "country=DE/_SUCCESS",
    "2026-01/x.csv",
    "2026-02.csv",
    "notes[1].csv",
)


@pytest.fixture(params=["pathlib", "upath", "object_storage", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> AnyPath:
    found: AnyPath
    if request.param == "pathlib":
        found = tmp_path
    elif request.param == "upath":
        found = UPath(tmp_path.as_uri())
    elif request.param == "memory":
        found = UPath(f"memory://bucket-{uuid4().hex}/folder")
    else:
        from airflow.sdk import ObjectStoragePath

        found = ObjectStoragePath(tmp_path.as_uri())
    for name in NAMES:
        path = found / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(name.encode())
    return found


def names(source: AnyPath) -> list[str]:
    return [file.name for file in find_files(source).files]


def test_a_folder_is_all_its_files_without_markers_in_one_order(folder: AnyPath) -> None:
    assert names(folder) == [
        "2026-01/x.csv",
        "2026-02.csv",
        "a.csv",
        "b.csv",
        "country=DE/part-0.csv",
        "country=DE/part-1.csv",
        "notes[1].csv",
    ]


def test_paths_lead_to_what_names_say(folder: AnyPath) -> None:
    for file in find_files(folder).files:
        with file.path.open("rb") as opened:
            assert opened.read() == file.name.encode()


def test_a_file_is_itself_whatever_its_name(folder: AnyPath) -> None:
    assert names(folder / "_SUCCESS") == ["_SUCCESS"]
    assert names(folder / "notes[1].csv") == ["notes[1].csv"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("?.csv", ["a.csv", "b.csv"]),
        ("[ab].csv", ["a.csv", "b.csv"]),
        ("2026-*", ["2026-01/x.csv", "2026-02.csv"]),
        ("country=*/part-?.csv", ["country=DE/part-0.csv", "country=DE/part-1.csv"]),
        ("country=*/*", ["country=DE/part-0.csv", "country=DE/part-1.csv"]),
        ("**/part-*.csv", ["country=DE/part-0.csv", "country=DE/part-1.csv"]),
        ("_temp*/*/*.csv", ["_temporary/0/c.csv"]),
    ],
)
def test_patterns(folder: AnyPath, pattern: str, found: list[str]) -> None:
    assert names(folder / pattern) == found


def test_a_pattern_of_any_depth_finds_each_file_once(folder: AnyPath) -> None:
    assert names(folder / "**") == names(folder)


@pytest.mark.parametrize("kind", [Path, UPath])
def test_a_local_folder_whose_name_looks_like_a_pattern(tmp_path: Path, kind: type[Path]) -> None:
    odd = tmp_path / "sales [old]"
    odd.mkdir()
    (odd / "x.csv").write_text("x")
    assert names(kind(odd)) == ["x.csv"]
    assert names(kind(odd) / "*.csv") == ["x.csv"]


def test_an_empty_folder(folder: AnyPath) -> None:
    empty = folder / "country=FR"
    empty.mkdir()
    with (empty / "_SUCCESS").open("wb"):
        pass
    with pytest.raises(SourceMissing, match=r"country=FR holds no files\. Names that begin with a dot"):
        find_files(empty)


@pytest.mark.parametrize("pattern", ["x*.csv", "nowhere/*.csv", "_SUC*/*"])
def test_a_pattern_that_fits_nothing_is_named(folder: AnyPath, pattern: str) -> None:
    with pytest.raises(SourceMissing) as caught:
        find_files(folder / pattern)
    assert f"The pattern {folder / pattern} fits no file." in str(caught.value)


def test_a_beginning_is_not_taken_for_a_prefix_unless_it_says_so(folder: AnyPath) -> None:
    with pytest.raises(SourceMissing, match=r"2026 does not exist.*begin so: 2\. Put a \* at its end"):
        find_files(folder / "2026")


def test_nothing_at_all(folder: AnyPath) -> None:
    with pytest.raises(SourceMissing, match=r"does not exist\. Check the path and who may read it"):
        find_files(folder / "nowhere.csv")


def test_what_excel_and_windows_leave_beside_files_is_no_data(tmp_path: Path) -> None:
    for name in ("a.xlsx", "~$a.xlsx", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"x")
    found = find_files(tmp_path)
    assert [file.name for file in found.files] == ["a.xlsx"]
    assert found.left_out == ("Thumbs.db",)
    assert [file.name for file in find_files(tmp_path / "*.xlsx").files] == ["a.xlsx"]
    assert [file.name for file in find_files(tmp_path / "~$*.xlsx").files] == ["~$a.xlsx"]


def test_a_file_that_was_fetched_again_comes_after_the_first(tmp_path: Path) -> None:
    fetched = ["export.csv", "export (1).csv", "export (2).csv", "export (10).csv", "export-a.csv.gz"]
    for name in fetched:
        (tmp_path / name).write_bytes(b"x")
    assert names(tmp_path) == ["export-a.csv.gz", *fetched[:-1]]
