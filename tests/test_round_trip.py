"""An export of the platform, imported again, changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from email_contacts.api import ContactsClient
from email_contacts.api.import_request import ImportRequest
from email_contacts.contacts import AccountAttribute, Options, prepare
from tests.imports.conftest import until_ended

if TYPE_CHECKING:
    from email_contacts.sandbox import SandboxServer

PEOPLE = 10_000


def test_ten_thousand_contacts_with_every_type_of_attribute(sandbox: SandboxServer, tmp_path: Path) -> None:
    sandbox.set_knobs(process_seconds=0.0)
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1_000) as client:
        list_id = client.create_list("Everybody", folder_id=client.create_folder("Here"))
        brought_in(client, list_id, json.dumps([person(number) for number in range(PEOPLE)]).encode())
        before = exported(client, tmp_path / "before.ndjson")
        assert len(before) == PEOPLE
        options = Options(account_attributes=attributes_of(client))
        manifest = prepare(tmp_path / "before.ndjson", tmp_path / "stage", options)
        assert (manifest.rows.read, manifest.rows.accepted) == (PEOPLE, PEOPLE)
        for batch in manifest.batches:
            brought_in(client, list_id, Path(batch.uri).read_bytes())
        after = exported(client, tmp_path / "after.ndjson")
    assert after == before


def person(number: int) -> dict[str, Any]:
    """A contact with a value of each type; some without."""
    attributes = {
        "FIRSTNAME": f"Zoë {number}",
        "EXT_ID": f"C-{number}",
        "SMS": f"4915123{number:06}",
        "BIRTHDAY": f"19{number % 90 + 10}-01-05",
        "POINTS": number / 4,
        "NEWSLETTER": number % 2 == 0,
        "COUNTRY": ("DE", "FR")[number % 2],
        "INTERESTS": ["books", "music"][: number % 3],
    }
    return {
        "email": f"p{number}@example.com",
        "attributes": {
            name: value
            for place, (name, value) in enumerate(attributes.items())
            if value != [] and number % 11 != place
        },
    }


def brought_in(client: ContactsClient, list_id: int, body: bytes) -> None:
    process_id = client.import_contacts(ImportRequest(prepared=body, list_ids=[list_id]))
    until_ended(client, process_id)


def exported(client: ContactsClient, path: Path) -> dict[str, Any]:
    """Write what an export writes; give what an import can change, by address."""
    documents = list(client.iter_contacts())
    path.write_text("".join(json.dumps(one) + "\n" for one in documents), encoding="utf-8")
    return {one["email"]: (one["attributes"], sorted(one["listIds"])) for one in documents}


def attributes_of(client: ContactsClient) -> tuple[AccountAttribute, ...]:
    found = (
        AccountAttribute.from_api(
            name=one.name, category=one.category, type=one.type, labels=one.enumeration or one.options
        )
        for one in client.attributes()
    )
    return tuple(one for one in found if one is not None)
