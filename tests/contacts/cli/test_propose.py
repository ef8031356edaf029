"""``python -m email_contacts.contacts propose``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts import Mapping
from email_contacts.contacts.cli.command_line import main
from email_contacts.contacts.cli.first_rows import first_rows
from email_contacts.contacts.mapping.attributes import read_account_attributes
from email_contacts.contacts.sources.rows import Frame, RowFault
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import prepared

SAMPLES = Path(__file__).resolve().parents[3] / "include" / "sample_contacts"
ATTRIBUTES = SAMPLES / "attributes.json"


@pytest.mark.parametrize("with_account", [True, False])
@pytest.mark.parametrize(
    ("name", "encoding", "rows"),
    [
        ("contacts.csv", None, (1000, 21)),  # NaN among the points is proposed as a null value
        ("contacts.ndjson", None, (50, 3)),
        ("kunden.csv", "cp1252", (20, 1)),
    ],
)
def test_what_is_proposed_for_the_samples_prepares_them(
    name: str,
    encoding: str | None,
    rows: tuple[int, int],
    with_account: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--attributes", str(ATTRIBUTES)] if with_account else []
    options += ["--encoding", encoding] if encoding else []
    assert main(["propose", str(SAMPLES / name), *options]) == 0
    path = tmp_path / "proposed.yaml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    found = prepared(
        SAMPLES / name,
        tmp_path / "stage",
        mapping=Mapping.read(path),
        account_attributes=read_account_attributes(ATTRIBUTES) if with_account else None,
        encoding=encoding,
    ).manifest
    # Without the account nobody knows that only some interests may be chosen; of lists no options are shown.
    unknown = 1 if not with_account and name == "contacts.ndjson" else 0
    assert found.rows.read == rows[0]
    assert found.rows.rejected == rows[1] - unknown
    assert found.unknown_columns == (("number 9",) if name == "kunden.csv" else ())


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", [], "is empty"),
        ("colour\nred\n", [], "looks as if it said who the contact is"),
        ("mail\na@example.com\n", ["--region", "UK"], '--region "UK" is not a country'),
        ("mail\na@example.com\n", ["--attributes", "nowhere.json"], "nowhere.json cannot be read"),
        ("mail\na@example.com\n", ["--delimiter", ";;"], "delimiter"),
    ],
)
def test_bad_input_is_told_in_a_line_with_code_2(
    write: WriteSource, content: str, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["propose", str(write(content)), *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    assert message in printed.err


def test_only_the_first_thousand_rows_are_looked_at(
    write: WriteSource, capsys: pytest.CaptureFixture[str]
) -> None:
    people = "".join(f"p{number}@example.com,{number}\n" for number in range(1_500))
    source = write(f"mail,points\n{people}" + "x,y\n" * 500)
    assert main(["propose", str(source), "--delimiter", ","]) == 0
    said = capsys.readouterr().out
    assert 'the first 1,000 rows of "contacts.csv"' in said
    assert "rejected" not in said


class Blocks:
    """Rows as blocks of both kinds."""

    def __init__(self, *blocks: Any) -> None:
        self._blocks = blocks

    def blocks(self) -> Any:
        yield from self._blocks


def test_bytes_of_which_one_is_no_text_are_the_text_that_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mails = [f"p{number}@example.com".encode() for number in range(50)]
    pq.write_table(pa.table({"mail": [*mails, b"\xff"]}), tmp_path / "a.parquet")
    assert main(["propose", str(tmp_path / "a.parquet")]) == 0
    assert "  mail: EMAIL" in capsys.readouterr().out


def test_blocks_are_lists_or_frames() -> None:
    frame = Frame(pl.DataFrame({"a": ["x", None], "b": [1, 2]}))
    rows = Blocks([["y", 3], RowFault("columns", "")], frame)
    assert list(first_rows(rows)) == [["y", 3], ["x", 1], ["", 2]]  # type: ignore[arg-type]
