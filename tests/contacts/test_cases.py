"""Files as people have them, through the command line: what comes out, and that nobody is shown.

``cases/README.md`` says how a case is written.
"""

from __future__ import annotations

import json
import logging
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from email_contacts.contacts.cli.command_line import main
from tests.contacts.prepared import read_csv

CASES = Path(__file__).parent / "cases"
DIGEST = re.compile(r"\b[0-9a-f]{16,}\b")
COMMANDS = ("prepare", "preview", "propose")
# Options of ``prepare`` that ``propose`` has as well.
READING = ("--attributes", "--format", "--delimiter", "--encoding", "--header-row", "--skip-rows", "--sheet")


@dataclass(frozen=True)
class Run:
    """One command of a case, and what it must come to."""

    folder: Path
    command: str
    arguments: tuple[str, ...]
    expected: dict[str, Any]

    @property
    def proposing(self) -> tuple[str, ...]:
        """The arguments that ``propose`` takes as well."""
        pairs = zip(self.arguments[1::2], self.arguments[2::2], strict=False)
        return (self.arguments[0], *(part for pair in pairs if pair[0] in READING for part in pair))


def runs_of(path: Path) -> list[Run]:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    runs = []
    for expected in said["runs"]:
        (command,) = set(COMMANDS) & set(expected)
        arguments = tuple(shlex.split(str(expected.pop(command))))
        runs.append(Run(path.parent, command, arguments, expected))
    return runs


def people_of(folder: Path) -> list[str]:
    people: list[str] = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))["people"]
    return people


FOLDERS = sorted(path.parent for path in CASES.glob("*/case.yaml"))
RUNS = [
    pytest.param(run, id=f"{folder.name}-{number}")
    for folder in FOLDERS
    for number, run in enumerate(runs_of(folder / "case.yaml"), start=1)
]


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")


@pytest.mark.parametrize("run", RUNS)
def test_a_case_gives_its_expected_result(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run.folder)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stage = tmp_path / "stage"
    out = ["--out", str(stage)] if run.command == "prepare" else []
    code = main([run.command, *run.arguments, *out])
    said = capsys.readouterr()
    expected = dict(run.expected)
    if "error" in expected:
        for part in expected.pop("error"):
            assert part in said.err
        assert code == 2, said
        assert not expected
        return
    assert (code, said.err) == (0, "")
    for part in expected.pop("says", ()):
        assert part in said.out
    if run.command == "prepare":
        manifest = json.loads((stage / "manifest.json").read_text())
        assert contacts_in(manifest) == expected.pop("contacts", [])
        rejected = {int(line["row"]): line["rule"] for line in read_csv(stage / "rejects.csv")}
        assert rejected == expected.pop("rejected", {})
        if "duplicates" in expected:
            assert manifest["rows"]["duplicates"] == expected.pop("duplicates")
    assert not expected


def contacts_in(manifest: dict[str, Any]) -> Any:
    """The contacts of all batches; of a form other than JSON the text that is sent."""
    bodies = [Path(batch["uri"]).read_text(encoding="utf-8") for batch in manifest["batches"]]
    if manifest["body"] == "json_body":
        return [contact for body in bodies for contact in json.loads(body)]
    return "".join(json.loads(body) if manifest["body"] == "file_body" else body for body in bodies)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_preview_is_fit_for_a_terminal_of_100_columns(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    for run in runs_of(folder / "case.yaml"):
        code = main(["preview", *run.arguments])
        said = capsys.readouterr()
        assert [line for line in said.out.splitlines() if len(line) > 100 and str(tmp_path) not in line] == []
        assert ".py" not in said.out + said.err
        if code:
            assert said.err.startswith("error: ")
        else:
            assert "what the columns become" in said.out or "  read        0" in said.out


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nothing_that_is_printed_logged_or_kept_shows_a_person(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    people = people_of(folder)
    assert people
    caplog.set_level(logging.DEBUG)
    for number, run in enumerate(runs_of(folder / "case.yaml")):
        stage = tmp_path / f"stage-{number}"
        if run.command == "prepare":
            main(["prepare", *run.arguments, "--out", str(stage)])
        main(["preview", *run.arguments])
        main(["preview", *run.arguments, "--json"])
        main(["propose", *run.proposing])
        said = capsys.readouterr()
        kept = [path for path in stage.glob("*") if path.suffix in (".csv", ".json")]
        shown = [said.out, said.err, caplog.text]
        shown += [
            path.read_text(encoding="utf-8")
            for path in kept
            if not path.name.startswith(("batch-", "contacts"))
        ]
        for text in shown:
            # By chance a digest has the letters of a short name.
            said_of_people = DIGEST.sub("", text).casefold()
            assert [one for one in people if one.casefold() in said_of_people] == []
