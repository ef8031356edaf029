"""docs/preparing-contacts.md: its examples run, and print what they show."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from email_contacts.contacts import Mapping
from email_contacts.contacts.command_line import main
from email_contacts.contacts.mapping.document import ColumnRule
from email_contacts.contacts.staging.batching import MAX_BATCH_BYTES

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "preparing-contacts.md").read_text(encoding="utf-8")
SCHEMA = PROJECT / "plugins" / "email_contacts" / "contacts" / "schemas" / "contact.schema.json"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture(autouse=True)
def beside_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in which the page's relative paths lead to the samples, and .stage to nowhere else."""
    (tmp_path / "include").symlink_to(PROJECT / "include")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("block", blocks("console"))
def test_a_command_prints_what_the_page_shows(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    command, *shown = block.splitlines()
    assert command.startswith("$ python -m email_contacts.contacts ")
    assert main(shlex.split(command)[4:]) == 0
    printed = capsys.readouterr().out.splitlines()
    for line in shown:
        assert line == "..." or line in printed


@pytest.mark.parametrize("block", blocks("python"))
def test_python_runs_as_shown(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block, "preparing-contacts.md", "exec"), {})
    assert capsys.readouterr().out == "Rows(read=1000, accepted=971, rejected=22, duplicates=7)\n"


def test_the_mapping_is_one() -> None:
    (document,) = blocks("json")
    mapping = Mapping.from_json(json.loads(document))
    assert mapping.rules[0] == ColumnRule("Mail", "EMAIL")
    assert mapping.unknown_columns == "drop"


def test_every_rule_of_the_schema_is_explained() -> None:
    rules = set(json.loads(SCHEMA.read_text())["$defs"])
    table = "".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))
    assert rules <= set(re.findall(r"`(\w+)`", table))


def test_the_limit_is_the_one_that_is_kept() -> None:
    assert f"{MAX_BATCH_BYTES:,} bytes" in PAGE
