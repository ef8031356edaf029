"""``docs/connection.md`` shows the fields as they are declared."""

from __future__ import annotations

import re
from pathlib import Path

from airflow.sdk import Connection

from email_contacts.connection import FIELDS, ContactsConnection

PAGE = Path(__file__).resolve().parents[1] / "docs" / "connection.md"


def test_the_page_shows_the_fields_as_they_are() -> None:
    """The table in docs/connection.md is held equal to the declarations."""
    table = PAGE.read_text().partition("## The fields")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    assert rows == [
        [
            f"`{field.name}`",
            field.label,
            f"`{field.default}`" if field.default != "" else "empty",
            field.description,
        ]
        for field in FIELDS
    ]


def test_the_examples_of_the_page_are_connections() -> None:
    text = PAGE.read_text()
    documents = re.findall(r"^export AIRFLOW_CONN_\w+='(\{.*?\})'$", text, re.MULTILINE | re.DOTALL)
    addresses = re.findall(r"^export AIRFLOW_CONN_\w+='(email-contacts://.*)'$", text, re.MULTILINE)
    assert documents
    assert addresses
    made = [Connection.from_json(document, conn_id="c") for document in documents]
    made += [Connection.from_uri(address, conn_id="c") for address in addresses]
    for connection in made:
        ContactsConnection.from_airflow(connection).client().close()
