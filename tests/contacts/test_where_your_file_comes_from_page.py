"""docs/where-your-file-comes-from.md: each sample gives the contacts that the page shows."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.cli.command_line import main

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "where-your-file-comes-from.md").read_text(encoding="utf-8")
SYSTEMS = {
    part.splitlines()[0]: dict(re.findall(r"^```(\w+)\n(.*?)^```$", part, re.M | re.S))
    for part in PAGE.split("\n## ")[1:]
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def files_of(blocks: dict[str, str]) -> list[str]:
    """Write the sample and its mapping.

    :return: the arguments of the command that the page shows.
    """
    program, *arguments = shlex.split(blocks["sh"].replace("\\\n", ""))
    assert program == "email-contacts"
    (rows,) = (blocks[kind] for kind in ("csv", "ndjson") if kind in blocks)
    Path(arguments[1]).write_text(rows, encoding="utf-8")
    Path(arguments[arguments.index("--mapping") + 1]).write_text(blocks["yaml"], encoding="utf-8")
    return arguments


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_sample_gives_the_contacts_that_are_shown(system: str) -> None:
    blocks = SYSTEMS[system]
    arguments = files_of(blocks)
    assert main(arguments) == 0
    contacts: list[Any] = []
    for batch in sorted(Path(arguments[-1]).glob("batch-*.json")):
        contacts += json.loads(batch.read_text(encoding="utf-8"))
    assert contacts == json.loads(blocks["json"])
    manifest = json.loads((Path(arguments[-1]) / "manifest.json").read_text())
    rows = manifest["rows"]
    assert rows["accepted"] == len(contacts)
    assert rows["read"] == len(contacts) + sum(rows.get("held_back", {}).values())


@pytest.mark.parametrize("system", SYSTEMS)
def test_preview_finds_nothing_bad_in_a_sample(system: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = files_of(SYSTEMS[system])
    assert main(["preview", *arguments[1:-2], "--json"]) == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert {column["bad"] for column in columns} == {0}


def test_every_system_is_in_the_table() -> None:
    assert len(SYSTEMS) == 10
    table = "".join(line for line in PAGE.splitlines() if line.startswith("| ["))
    for system in SYSTEMS:
        assert f"](#{system.lower().replace('`', '').replace(' ', '-')})" in table
