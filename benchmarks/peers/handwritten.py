"""The hand-written way: csv.DictReader, a ``jsonschema`` validator built once, json.dumps.

Two schemas. ``prepare`` has the one that a careful engineer writes for these nine columns: short, and so the
faster of the two. ``prepare_by_contact_schema`` has the package's own document, which says more and is
evaluated at well under half of the rate; it shows what the meaning costs in its reference evaluator.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from benchmarks.account import ATTRIBUTES
from benchmarks.contacts_file import CHOICES, COLUMNS, COUNTRIES
from benchmarks.peers.bodies import Bodies, Rejects
from benchmarks.peers.cells import ADDRESS, COLUMN_OF, LARGEST, contact_of

_DAY = (
    r"^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|"
    r"2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$"
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "email": {"type": "string", "maxLength": 254, "pattern": f"^{ADDRESS}$"},
        "attributes": {
            "type": "object",
            "properties": {
                "EXT_ID": {"type": "string"},
                "FIRSTNAME": {"type": "string"},
                "LASTNAME": {"type": "string"},
                "COUNTRY": {"enum": list(COUNTRIES)},
                "BIRTHDAY": {"type": "string", "pattern": _DAY},
                "POINTS": {"type": "number", "minimum": -LARGEST, "maximum": LARGEST},
                "NEWSLETTER": {"type": "boolean"},
                "INTERESTS": {"type": "array", "items": {"enum": list(CHOICES)}},
            },
        },
    },
    "required": ["attributes"],
    "anyOf": [{"required": ["email"]}, {"properties": {"attributes": {"required": ["EXT_ID"]}}}],
}


def prepare(source: Path, folder: Path) -> None:
    """Prepare a CSV by the schema that is written here."""
    _prepare(source, folder, SCHEMA)


def prepare_by_contact_schema(source: Path, folder: Path) -> None:
    """Prepare a CSV by the schema that gives "a valid contact" its meaning."""
    # Imported here, for what the package imports is no part of the peer's memory.
    from email_contacts.contacts.checks.validation import contact_schema
    from email_contacts.contacts.mapping.binding import bind

    binding = bind(COLUMNS, source=source.name, account_attributes=ATTRIBUTES)
    _prepare(source, folder, contact_schema(binding))


def _prepare(source: Path, folder: Path, schema: dict[str, Any]) -> None:
    validator = Draft202012Validator(schema)
    bodies, rejects = Bodies(folder), Rejects(folder)
    with source.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            contact = contact_of(row)
            if validator.is_valid(contact):
                bodies.add(json.dumps(contact, ensure_ascii=False, separators=(",", ":")).encode())
            else:
                rejects.add((number, _wrong_column(validator.iter_errors(contact))))
    bodies.close()
    rejects.close()


def _wrong_column(errors: Iterable[ValidationError]) -> str:
    """Return the first wrong column in the order of the file; "" when the row has no identifier."""
    wrong = set()
    for error in errors:
        path = list(error.absolute_path)
        if path:
            wrong.add("email" if path[0] == "email" else COLUMN_OF[str(path[1])])
    return min(wrong, key=COLUMNS.index, default="")
