"""docs/sources-and-mapping.md: its examples run, and print what they show."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from email_contacts.contacts import Mapping
from email_contacts.contacts.batches.bodies import MAX_BATCH_BYTES
from email_contacts.contacts.cli.command_line import main
from email_contacts.contacts.errors import MappingError
from email_contacts.contacts.mapping.binding import bind
from email_contacts.contacts.values import phones
from tests.contacts.prepared import prepared

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "sources-and-mapping.md").read_text(encoding="utf-8")
SCHEMA = PROJECT / "plugins" / "email_contacts" / "contacts" / "schemas" / "contact.schema.json"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture(autouse=True)
def beside_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in which the page's relative paths lead to the samples, and .stage to nowhere else."""
    (tmp_path / "include").symlink_to(PROJECT / "include")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("block", blocks("console"))
def test_a_command_prints_what_the_page_shows(
    block: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    command, *shown = block.splitlines()
    assert command.startswith("$ python -m email_contacts.contacts ")
    assert main(shlex.split(command)[4:]) == 0
    printed = capsys.readouterr().out.splitlines()
    for line in shown:
        assert line == "..." or line in printed


# The DAG of the page is run by tests/dags/test_partitions.py.
@pytest.mark.parametrize("block", [block for block in blocks("python") if "@dag" not in block])
def test_python_runs_as_shown(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    ((shown,),) = [re.findall(r"^print\(.*  # (.+)$", block, re.M)]
    exec(compile(block, "sources-and-mapping.md", "exec"), {})
    assert capsys.readouterr().out == f"{shown}\n"


def mapping_of(text: str, folder: Path, name: str = "kunden.yaml") -> Mapping:
    (folder / name).write_text(text, encoding="utf-8")
    return Mapping.read(folder / name)


def followed_by(*languages: str) -> list[tuple[str, ...]]:
    """Blocks that follow each other in these languages."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
    runs = [found[start : start + len(languages)] for start in range(len(found))]
    return [
        tuple(block for _, block in run)
        for run in runs
        if tuple(language for language, _ in run) == languages
    ]


def test_a_mapping_makes_of_the_rows_the_contacts_that_are_shown(tmp_path: Path) -> None:
    ((mapping, rows, contacts),) = followed_by("yaml", "csv", "json")
    (tmp_path / "kunden.csv").write_text(rows, encoding="utf-8")
    found = prepared(tmp_path / "kunden.csv", mapping=mapping_of(mapping, tmp_path))
    assert found.contacts == json.loads(contacts)
    assert [list(contact["attributes"]) for contact in found.contacts] == [
        list(contact["attributes"]) for contact in json.loads(contacts)
    ]
    assert found.manifest.unknown_columns == ("Notiz",)


def test_that_mapping_has_every_setting_there_is() -> None:
    ((mapping, _, _),) = followed_by("yaml", "csv", "json")
    schema = json.loads((SCHEMA.parent / "mapping.schema.json").read_text())
    for setting in (*schema["properties"], *schema["$defs"]["column"]["properties"]):
        assert f"{setting}:" in mapping
    for setting in schema["$defs"]["column"]["properties"]:
        assert f"`{setting}`" in PAGE


def test_json_says_the_same(tmp_path: Path) -> None:
    ((in_yaml, _, _),) = followed_by("yaml", "csv", "json")
    (in_json,) = (block for block in blocks("json") if block.startswith("{"))
    said, shown = mapping_of(in_json, tmp_path, "kunden.json"), mapping_of(in_yaml, tmp_path)
    assert set(said.rules) <= set(shown.rules)
    assert (said.constants, said.unknown_columns) == (shown.constants, shown.unknown_columns)
    binding = bind(said.columns, source="kunden.csv", mapping=said)
    assert [column.attribute for column in binding.columns] == ["EMAIL", "PLAN"]


def test_a_wrong_mapping_is_refused_as_shown(tmp_path: Path) -> None:
    ((mapping, message),) = followed_by("yaml", "text")
    with pytest.raises(MappingError) as caught:
        mapping_of(mapping, tmp_path)
    assert str(caught.value) == message.strip()


@pytest.mark.parametrize("cell", re.findall(r"`(\+[^`]*\d[^`]*)`", PAGE))
def test_phone_numbers_are_read_as_described(cell: str) -> None:
    complete = cell.replace("151…", "15123456789").replace("6…", "612345678")
    sent = {"+49 (0)151…": "4915123456789", "+39 (0)6…": "390612345678"}.get(cell, f"?{complete}")
    assert phones.phone(complete) == sent


def test_every_rule_of_the_schema_is_explained() -> None:
    rules = set(json.loads(SCHEMA.read_text())["$defs"])
    table = "".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))
    assert rules <= set(re.findall(r"`(\w+)`", table))


def test_the_limit_is_the_one_that_is_kept() -> None:
    assert f"{MAX_BATCH_BYTES:,} bytes" in PAGE
