"""What each writing method puts on the wire, and what it makes of the answer (api-contract §1, §6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from email_contacts import __version__
from email_contacts.api import (
    ContactsClient,
    CreatedContact,
    ImportRequest,
    Removal,
)
from tests.api.conftest import API_KEY
from tests.api.scripted_server import ScriptedServer, answers

Use = Callable[[ContactsClient], Any]


def test_every_call_carries_key_and_json_headers(client: ContactsClient, server: ScriptedServer) -> None:
    server.plays(answers(200, {"id": 5}), answers(200, {"attributes": []}))
    client.create_folder("f")
    client.attributes()
    for seen in server.seen:
        assert seen.headers["api-key"] == API_KEY
        assert seen.headers["accept"] == "application/json"
        assert seen.headers["content-type"] == "application/json"
        assert seen.headers["user-agent"] == f"airflow-provider-email-contacts/{__version__}"


@pytest.mark.parametrize("status", [200, 201, 202, 203, 299])
def test_any_2xx_is_a_success(status: int, client: ContactsClient, server: ScriptedServer) -> None:
    server.plays(answers(status, {"id": 5}), answers(status, {"processId": 78}))
    assert client.create_folder("f") == 5
    assert client.import_contacts(ImportRequest(file_body="EMAIL\na@example.com", list_ids=[2])) == 78


WRITES: list[tuple[str, Use, str, Any, tuple[int, Any], Any]] = [
    (
        "folder",
        lambda c: c.create_folder("Été"),
        "/v3/contacts/folders",
        {"name": "Été"},
        (200, {"id": 5}),
        5,
    ),
    (
        "list",
        lambda c: c.create_list("l", folder_id=5),
        "/v3/contacts/lists",
        {"name": "l", "folderId": 5},
        (201, {"id": 16}),
        16,
    ),
    (
        "created",
        lambda c: c.create_contact(email="a@example.com"),
        "/v3/contacts",
        {"email": "a@example.com", "updateEnabled": False},
        (201, {"id": 21}),
        CreatedContact(21, created=True),
    ),
    (
        "created in silence",
        lambda c: c.create_contact(ext_id="e"),
        "/v3/contacts",
        {"ext_id": "e", "updateEnabled": False},
        (204, None),
        CreatedContact(None, created=True),
    ),
    (
        "updated",
        lambda c: c.create_contact(
            email="a@example.com",
            ext_id="e-1",
            attributes={"FNAME": "A", "SMS": "491"},
            list_ids=[36, 68],
            email_blacklisted=False,
            sms_blacklisted=True,
            update_enabled=True,
            smtp_blacklist_sender=["s@example.com"],
        ),
        "/v3/contacts",
        {
            "email": "a@example.com",
            "ext_id": "e-1",
            "attributes": {"FNAME": "A", "SMS": "491"},
            "listIds": [36, 68],
            "emailBlacklisted": False,
            "smsBlacklisted": True,
            "updateEnabled": True,
            "smtpBlacklistSender": ["s@example.com"],
        },
        (204, None),
        CreatedContact(None, created=False),
    ),
    (
        "by SMS",
        lambda c: c.create_contact(attributes={"SMS": "491"}),
        "/v3/contacts",
        {"attributes": {"SMS": "491"}, "updateEnabled": False},
        (201, {"id": 1}),
        CreatedContact(1, created=True),
    ),
    (
        "import",
        lambda c: c.import_contacts(ImportRequest(file_url="https://f.example.com/c.csv", list_ids=[2])),
        "/v3/contacts/import",
        {
            "fileUrl": "https://f.example.com/c.csv",
            "listIds": [2],
            "emailBlacklist": False,
            "smsBlacklist": False,
            "disableNotification": False,
            "updateExistingContacts": True,
            "emptyContactsAttributes": False,
        },
        (202, {"processId": 78}),
        78,
    ),
    (
        "remove emails",
        lambda c: c.remove_from_list(2, emails=["a@example.com"]),
        "/v3/contacts/lists/2/contacts/remove",
        {"emails": ["a@example.com"]},
        (201, {"contacts": {"success": ["a@example.com"], "failure": []}}),
        Removal(removed=1, failed=0),
    ),
    (
        "remove ext ids",
        lambda c: c.remove_from_list(2, ext_ids=["e"]),
        "/v3/contacts/lists/2/contacts/remove",
        {"extIds": ["e"]},
        (201, {"contacts": {"failure": ["e"], "processId": 9, "success": None}}),
        Removal(removed=0, failed=1, process_id=9),
    ),
]


@pytest.mark.parametrize(
    ("use", "path", "body", "answer", "result"),
    [case[1:] for case in WRITES],
    ids=[case[0] for case in WRITES],
)
def test_writes(
    use: Use,
    path: str,
    body: Any,
    answer: tuple[int, Any],
    result: Any,
    client: ContactsClient,
    server: ScriptedServer,
) -> None:
    server.plays(answers(*answer))
    assert use(client) == result
    assert (server.only.method, server.only.path) == ("POST", path)
    assert server.only.document == body
