"""The sample data, held against what its README says of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Mapping
from email_contacts.contacts.mapping.attributes import read_account_attributes
from tests.contacts.prepared import Prepared, prepared

SAMPLES = Path(__file__).resolve().parents[2] / "include" / "sample_contacts"
README = (SAMPLES / "README.md").read_text(encoding="utf-8")
OPTIONS: dict[str, dict[str, Any]] = {
    "contacts.csv": {},
    "contacts.ndjson": {},
    "kunden.csv": {"mapping": Mapping.read(SAMPLES / "kunden.mapping.yaml"), "encoding": "cp1252"},
}


def sample(name: str, stage: Path, *, account: bool = True) -> Prepared:
    attributes = read_account_attributes(SAMPLES / "attributes.json") if account else None
    return prepared(SAMPLES / name, stage, account_attributes=attributes, **OPTIONS[name])


def section(name: str) -> str:
    (found,) = re.findall(rf"^## {re.escape(name)},.*?(?=^## |\Z)", README, re.M | re.S)
    return str(found)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_readme_says_what_prepare_finds(name: str, tmp_path: Path) -> None:
    found = sample(name, tmp_path)
    said = section(name)
    rows = found.manifest.rows
    assert f"| {rows.read} | {rows.accepted} | {rows.rejected} | {rows.duplicates} |" in said
    listed = {
        rule: (int(count), [int(row) for row in numbers.split(", ")])
        for rule, count, numbers in re.findall(r"^\| `(\w+)` \| (\d+) \| ([\d, ]+) \|$", said, re.M)
    }
    rejected = {
        rule: (count, [row for row, _, broken in found.rules if broken == rule])
        for rule, count in found.manifest.reject_reasons.items()
    }
    assert listed == rejected
    superseded = re.search(r"^Superseded rows: (.*)\.$", said, re.M)
    assert [row for row, _ in found.duplicates] == (
        [int(row) for row in superseded[1].split(", ")] if superseded else []
    )


def test_without_the_account_the_types_are_not_known(tmp_path: Path) -> None:
    rows = sample("contacts.csv", tmp_path, account=False).manifest.rows
    assert f"and {rows.accepted} are accepted" in section("contacts.csv")


def test_the_people_are_invented(tmp_path: Path) -> None:
    contacts = [contact for name in OPTIONS for contact in sample(name, tmp_path).contacts]
    assert {contact["email"].rpartition("@")[2] for contact in contacts if "email" in contact} == {
        "example.com",
        "example.org",
        "example.net",
    }
    numbers = [contact["attributes"]["SMS"] for contact in contacts if "SMS" in contact["attributes"]]
    assert all(re.fullmatch(r"447700900\d{3}|1\d{3}55501\d{2}|3363998\d{4}", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    own_ids = [contact["attributes"]["EXT_ID"] for contact in contacts if "EXT_ID" in contact["attributes"]]
    assert len(set(own_ids)) == len(own_ids)


def test_about_one_row_in_fifty_is_bad_and_in_ten_ways(tmp_path: Path) -> None:
    manifest = sample("contacts.csv", tmp_path).manifest
    assert manifest.rows.read == 1000
    assert 15 <= manifest.rows.rejected <= 25
    assert len(manifest.reject_reasons) == 10
