"""The official SDK's way: csv.DictReader, checks by hand, a model for each contact, the SDK's serialisation.

The models check nothing, so the checks are written by hand, and there is no schema to evaluate. The body
is made by the functions that the SDK's client calls for an import, and by ``httpx`` as that client does; the
models know no size, so a batch has a fixed number of contacts.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from brevo import ImportContactsRequestJsonBodyItem as Item
from brevo.core.jsonable_encoder import jsonable_encoder
from brevo.core.serialization import convert_and_respect_annotation_metadata

from benchmarks.peers.bodies import Bodies, Rejects
from benchmarks.peers.cells import contact_of, wrong_column

CONTACTS_PER_BODY = 30_000
_BRACES = len(b'{"jsonBody":'), -len(b"}")


def prepare(source: Path, folder: Path) -> None:
    """Prepare a CSV."""
    bodies, rejects = Bodies(folder), Rejects(folder)
    models: list[Any] = []
    with source.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            contact = contact_of(row)
            wrong = wrong_column(contact)
            if wrong is None:
                models.append(Item(**contact))
                if len(models) == CONTACTS_PER_BODY:
                    bodies.write(_body(models))
                    models = []
            else:
                rejects.add((number, wrong))
    if models:
        bodies.write(_body(models))
    rejects.close()


def _body(models: list[Any]) -> bytes:
    """Serialise as ``client.contacts.import_contacts(json_body=models)`` does before it sends."""
    converted = convert_and_respect_annotation_metadata(
        object_=models, annotation=Sequence[Item], direction="write"
    )
    request = httpx.Request("POST", "https://example.com", json=jsonable_encoder({"jsonBody": converted}))
    return request.read()[slice(*_BRACES)]
