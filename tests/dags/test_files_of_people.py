"""Files as people have them, one of each kind, through ``import_contacts`` onto the platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.dags.test_import_contacts import dag, members, receipt_of, run

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

__all__ = ["dag"]


@dataclass(frozen=True)
class File:
    """A file of people.

    :param kind: what it is an example of.
    :param name: what it is called.
    :param content: what is in it.
    :param contact: the address of one of the people, and attributes that arrive on the platform.
    :param accepted: how many people are on the list afterwards.
    :param rejected: rows that are rejected.
    :param mapping: the mapping, where it needs one.
    """

    kind: str
    name: str
    content: str
    contact: tuple[str, dict[str, Any]]
    accepted: int
    rejected: int = 0
    mapping: str | None = None


FILES = [
    File(
        "the line sep=",
        "a.csv",
        "sep=|\nEMAIL|FIRSTNAME\nada@example.com|Ada\n",
        ("ada@example.com", {"FIRSTNAME": "Ada"}),
        accepted=1,
    ),
    File(
        "null values",
        "a.csv",
        "email;firstname;lastname\nada@example.com;NULL;Null\nbob@example.com;\\N;-\n",
        ("ada@example.com", {"FIRSTNAME": None, "LASTNAME": "Null"}),
        accepted=2,
        mapping="""
columns:
  email: EMAIL
  firstname: {attribute: FIRSTNAME, nulls: [NULL]}
  lastname: LASTNAME
""",
    ),
    File(
        "dates in several formats",
        "a.csv",
        "email,birthday\nada@example.com,31.12.1985\nbob@example.com,1985-12-31\ncy@example.com,12/31/1985\n",
        ("ada@example.com", {"BIRTHDAY": "1985-12-31"}),
        accepted=2,
        rejected=1,
        mapping="""
columns:
  email: EMAIL
  birthday: {attribute: BIRTHDAY, type: date, format: ["%d.%m.%Y", iso]}
""",
    ),
    File(
        "a decimal comma",
        "a.csv",
        'email;points\nada@example.com;"1.234,5"\nbob@example.com;12.34\n',
        ("ada@example.com", {"POINTS": 1234.5}),
        accepted=1,
        rejected=1,
        mapping="""
columns:
  email: EMAIL
  points: {attribute: POINTS, type: number, decimal: ",", thousands: "."}
""",
    ),
    File(
        "identifiers other than an address",
        "a.csv",
        "EMAIL;WHATSAPP;LANDLINE_NUMBER\n"
        "ada@example.com;+49 (0)151 23456789;\n;;+49 30 1234567\n;030 12345;\n",
        ("ada@example.com", {"WHATSAPP": "4915123456789"}),
        accepted=2,
        rejected=1,
    ),
    File(
        "a JSON array",
        "a.json",
        '[{"email": "ada@example.com", "attributes": {"FIRSTNAME": "Ada"}},\n {"email": "bob@example.com"}]',
        ("ada@example.com", {"FIRSTNAME": "Ada"}),
        accepted=2,
    ),
    File(
        "JSON of an API, with a comma behind the last object",
        "a.json",
        '{"data": {"contacts": [\n{"email": "ada@example.com", "FIRSTNAME": "Ada"},\n'
        '{"email": "bob@example.com"},\n]}}',
        ("ada@example.com", {"FIRSTNAME": "Ada"}),
        accepted=2,
    ),
    File(
        "cells as databases and spreadsheets write them",
        "a.csv",
        "email;newsletter;birthday;sms;interests;points\n"
        "\u200bada@example.com;t;1985-12-31 12:00:00.123+00;'+44 7700\u00a0900123;{books,MUSIC};+5\n"
        'bob@example.com;off;2024/01/11;="+447700900124";"[""books""]";\n'
        "c\u200by@example.com;t;;;;\ncy@example.com;t;;3.36123E+10;;\ndee@example.com;;;;{books;\n",
        (
            "ada@example.com",
            {"NEWSLETTER": True, "BIRTHDAY": "1985-12-31", "SMS": "447700900123", "POINTS": 5},
        ),
        accepted=2,
        rejected=3,
    ),
    File(
        "blank rows",
        "a.csv",
        "EMAIL;FIRSTNAME;\nada@example.com;Ada;\n;;\n;;\n",
        ("ada@example.com", {"FIRSTNAME": "Ada"}),
        accepted=1,
    ),
    File(
        "headers as people write them",
        "a.csv",
        "First Name,E-mail address,Mobile phone\nAda,ada@example.com,+447700900123\n",
        ("ada@example.com", {"FIRSTNAME": "Ada", "SMS": "447700900123"}),
        accepted=1,
    ),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.kind)
def test_a_file_arrives_as_a_person_would_read_it(
    file: File, dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    source = tmp_path / file.name
    source.write_text(file.content, encoding="utf-8")
    conf = {"source": str(source), "max_rejects": "60%"}
    if file.mapping is not None:
        (tmp_path / "mapping.yaml").write_text(file.mapping, encoding="utf-8")
        conf["mapping"] = str(tmp_path / "mapping.yaml")
    state, tasks = run(dag, **conf)
    assert state == "success", tasks
    receipt = receipt_of(tmp_path / "stage")
    assert_arrived(file, receipt, sandbox)


def test_a_workbook_arrives(dag: DAG, sandbox: SandboxServer, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    people = book.create_sheet("People")
    for row in (["EMAIL", "POINTS", "BIRTHDAY"], ["ada@example.com", 12.5, datetime(1985, 12, 31)]):
        people.append(row)
    book.save(tmp_path / "a.xlsx")
    state, tasks = run(dag, source=str(tmp_path / "a.xlsx"), sheet="People")
    assert state == "success", tasks
    expected = ("ada@example.com", {"POINTS": 12.5, "BIRTHDAY": "1985-12-31"})
    file = File("a workbook", "a.xlsx", "", expected, accepted=1)
    assert_arrived(file, receipt_of(tmp_path / "stage"), sandbox)


def assert_arrived(file: File, receipt: dict[str, Any], sandbox: SandboxServer) -> None:
    """The platform itself has what the file says."""
    rows = receipt["rows"]
    assert (rows["accepted"], rows["rejected"]) == (file.accepted, file.rejected)
    assert members(sandbox, receipt["list_ids"][0]) == file.accepted
    address, attributes = file.contact
    answer = requests.get(
        f"{sandbox.url}/v3/contacts/{address}", headers={"api-key": sandbox.api_key}, timeout=10
    )
    arrived = answer.json()["attributes"]
    assert {name: arrived.get(name) for name in attributes} == attributes
