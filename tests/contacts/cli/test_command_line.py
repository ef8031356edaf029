"""``python -m email_contacts.contacts``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from email_contacts.contacts.cli.command_line import main
from tests.contacts.conftest import WriteSource

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
CONTENT = "email;firstname;shoe\nann@example.com;Ann;1\nANN@example.com;Ann;2\nbad;Zoë;3\n"


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_prepare_prints_one_document(write: WriteSource, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = subprocess.run(
        [sys.executable, "-m", "email_contacts.contacts", "prepare", write(CONTENT), "--out", out, "--json"],
        env=os.environ | {"PYTHONPATH": str(PLUGINS)},
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    document = json.loads(run.stdout)
    assert document["rows"] == {"read": 3, "accepted": 1, "rejected": 1, "duplicates": 1}
    (batch,) = document["batches"]
    assert set(batch) == {"uri", "bytes", "contacts", "fingerprint"}
    assert Path(batch["uri"]).stat().st_size == batch["bytes"]
    assert (
        Path(document["rejects_uri"])
        .read_text()
        .startswith("row,key,field,rule,message,value\n3,,email,email,")
    )
    assert document["seconds"] >= 0
    assert document["peak_memory_bytes"] > 1_000_000
    assert document == json.loads((out / "manifest.json").read_text())


def test_a_reader_that_stops_early_sees_no_traceback(write: WriteSource) -> None:
    """As ``head`` does: the pipe is closed before anything is written."""
    with subprocess.Popen(
        [sys.executable, "-m", "email_contacts.contacts", "preview", write(CONTENT)],
        env=os.environ | {"PYTHONPATH": str(PLUGINS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        assert (run.stderr.read(), run.wait()) == ("", 1)


def test_prepare_says_what_happened_and_where_things_are(
    write: WriteSource, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prepare", str(write(CONTENT)), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    for line in (
        "read        3",
        "accepted    1",
        "rejected    1",
        "duplicates  1",
        "email  1",
        f"{tmp_path}/out/manifest.json",
    ):
        assert line in said
    assert "Zoë" not in said


def test_preview_keeps_no_contacts(
    write: WriteSource, temporary_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", str(write(CONTENT))]) == 0
    said = capsys.readouterr().out
    assert '{"email": "***@***.***", "attributes": {"FIRSTNAME": "***", "SHOE": "#"}}' in said
    (stage,) = temporary_folder.iterdir()
    # The folder's name is made by chance, and may hold any letters.
    assert "ann" not in said.replace(stage.name, "").lower()
    assert sorted(path.name for path in stage.iterdir()) == [
        "conflicts.csv",
        "duplicates.csv",
        "rejects.csv",
        "rejects.parquet",
    ]


def test_preview_prints_the_same_document_without_batches_to_open(
    write: WriteSource, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", str(write(CONTENT)), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows"]["accepted"] == 1
    assert document["batches"][0]["uri"] is None
    assert len(Path(document["rejects_uri"]).read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", [], "is empty"),
        ("name\nx\n", [], "no column that says who the contact is"),
        (CONTENT, ["--delimiter", ","], 'delimiter="," does not split the header'),
        (
            CONTENT,
            ["--max-rejects", "30%"],
            "1 of 3 rows read were rejected, more than max_rejects=30% allows",
        ),
        (CONTENT, ["--mapping", "nowhere.json"], "The mapping nowhere.json cannot be read"),
        (CONTENT, ["--attributes", "nowhere.json"], "The attributes nowhere.json cannot be read"),
        ("email\nJürgen\n".encode("cp1252"), [], 'give encoding="cp1252"'),
        (b"email\n" + b"x" * 9_000_000, [], "usually an unclosed quote"),
    ],
)
def test_bad_input_is_told_in_a_line_with_code_2(
    write: WriteSource,
    temporary_folder: Path,
    content: str | bytes,
    options: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["preview", str(write(content)), *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert {path.name for path in temporary_folder.glob("*/*")} <= {"rejects.csv", "rejects.parquet"}


def test_what_the_system_refuses_is_told_as_well(
    write: WriteSource, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["prepare", str(write(CONTENT)), "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot be made: Not a directory" in capsys.readouterr().err


def test_options_reach_the_preparation(
    write: WriteSource, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = write(json.dumps({"columns": {"mail": "EMAIL", "land": "COUNTRY"}}), "mapping.json")
    attributes = write(
        json.dumps(
            {
                "attributes": [
                    {"name": "COUNTRY", "category": "category", "enumeration": [{"value": 1, "label": "DE"}]}
                ]
            }
        ),
        "attributes.json",
    )
    source = write(
        "mail\tland\tnote\na@example.com\tde\tü\nb@example.com\tFR\t\n".encode("cp1252"), "people.data"
    )
    options = ["--mapping", mapping, "--attributes", attributes, "--encoding", "cp1252", "--delimiter", "tab"]
    options += ["--format", "csv", "--unknown-columns", "drop", "--max-rejects", "1", "--json"]
    assert main(["prepare", str(source), "--out", str(tmp_path / "out"), *map(str, options)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["reject_reasons"] == {"category": 1}
    assert document["unknown_columns"] == ["note"]


@pytest.mark.parametrize("command", [["prepare", "--out", "stage"], ["preview"], ["propose"]])
def test_a_terminal_obeys_no_name_of_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Path("people.csv").write_text("email,\x1b[31mred\x07,a\u202eb\na@example.com,1,2\n", encoding="utf-8")
    account = {"attributes": [{"name": "NAME", "category": "normal", "type": "text"}]}
    Path("account.json").write_text(json.dumps(account))
    drop = [] if command == ["propose"] else ["--unknown-columns", "drop"]
    assert main([*command, "people.csv", "--attributes", "account.json", *drop]) == 0
    said = "".join(capsys.readouterr())
    assert not set(said) & set("\x1b\x07\u202e")
    assert "[31mred" in said.lower()
