"""What cannot work is refused before anything is sent; the message names value, rule and fix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from email_contacts.api import ContactsClient, InvalidRequest
from tests.api.conftest import API_KEY
from tests.api.scripted_server import ScriptedServer

Use = Callable[[ContactsClient], Any]

REFUSED: list[tuple[Use, str]] = [
    (lambda c: c.contacts(limit=2000), "limit=2000 is over the API's maximum of 1000 (api-contract §4)"),
    (lambda c: c.list_contacts(2, limit=501), "limit=501 is over the API's maximum of 500 (api-contract §4)"),
    (lambda c: c.folder_lists(1, limit=51), "limit=51 is over the API's maximum of 50 (api-contract §4)"),
    (lambda c: c.folders(limit=51), "over the API's maximum of 50"),
    (lambda c: c.lists(limit=51), "over the API's maximum of 50"),
    (lambda c: c.processes(limit=51), "over the API's maximum of 50"),
    (lambda c: c.contacts(limit=-1), "limit=-1 must be a whole number from 0 on"),
    (lambda c: c.contacts(limit="10"), "limit='10'"),  # type: ignore[arg-type]
    (lambda c: c.contacts(limit=True), "limit=True"),
    (lambda c: c.contacts(offset=-5), "offset=-5"),
    (lambda c: c.contacts(sort="newest"), "sort='newest' must be 'asc' or 'desc'"),  # type: ignore[arg-type]
    (lambda c: c.contacts(modified_since=datetime(2026, 1, 1)), "without a time zone"),
    (lambda c: c.contacts(modified_since="2026-01-01"), "modified_since=2026-01-01: not an RFC 3339"),
    (lambda c: c.contacts(created_since=7), "a int is not a date-time"),  # type: ignore[arg-type]
    (lambda c: c.get_list(0), "list_id=0 is not an id"),
    (lambda c: c.get_list(True), "list_id=True is not an id"),
    (lambda c: c.get_list("7"), "list_id='7' is not an id"),  # type: ignore[arg-type]
    (lambda c: c.get_list(7, start_date="2026-01-01T00:00:00Z"), "given together"),
    (lambda c: c.folder_lists(-1), "folder_id=-1"),
    (lambda c: c.process(0), "process_id=0"),
    (lambda c: c.create_folder(""), "name='' must be text that is not blank"),
    (lambda c: c.create_folder("  "), "not blank"),
    (lambda c: c.create_folder(7), "name=7"),  # type: ignore[arg-type]
    (lambda c: c.create_list("l", folder_id=False), "folder_id=False"),
    (lambda c: c.create_contact(), "a contact needs an identifier"),
    (lambda c: c.create_contact(attributes={"FIRSTNAME": "A"}), "a contact needs an identifier"),
    (lambda c: c.create_contact(email=""), "email must be text that is not blank"),
    (
        lambda c: c.create_contact(email="a@example.com", attributes={"firstname": "A"}),
        "must be in upper case",
    ),
    (lambda c: c.create_contact(email="a@example.com", list_ids=[0]), "list_ids=0"),
    (lambda c: c.create_contact(email="a@example.com", update_enabled="yes"), "update_enabled='yes'"),  # type: ignore[arg-type]
    (lambda c: c.create_contact(email="a@example.com", sms_blacklisted="no"), "sms_blacklisted='no'"),  # type: ignore[arg-type]
    (lambda c: c.remove_from_list(2), "emails: 0, ids: 0, extIds: 0"),
    (lambda c: c.remove_from_list(2, emails=["a@example.com"], ids=[1]), "exactly one way"),
    (lambda c: c.remove_from_list(2, ids=range(1, 152)), "ids: 151"),
    (lambda c: c.remove_from_list(2, emails="a@example.com"), "list of texts"),
    (lambda c: c.get_contact(""), "identifier must be text"),
    (lambda c: c.get_contact(".."), "would change the request's path"),
    (lambda c: c.get_contact(0), "identifier=0"),
    (lambda c: c.get_contact("a", identifier_type="name"), "identifier_type='name' must be one of"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("use", "message"), REFUSED)
def test_what_cannot_work_is_refused_before_anything_is_sent(
    use: Use, message: str, client: ContactsClient, server: ScriptedServer
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        use(client)
    assert message in str(caught.value)
    assert server.seen == []
    assert client.requests.made == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout": 0},
        {"timeout": None},
        {"timeout": float("inf")},
        {"requests_per_second": 0},
        {"requests_per_second": "10"},
        {"max_wait": -1},
        {"max_wait": float("nan")},
        {"max_wait": True},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(settings))):
        ContactsClient("https://api.example.com", API_KEY, **settings)
