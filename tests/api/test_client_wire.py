"""What each method puts on the wire, and what it refuses to: over real HTTP (api-contract §1, §6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from email_contacts import __version__
from email_contacts.api import (
    Attribute,
    ContactList,
    ContactsClient,
    CreatedContact,
    Folder,
    ImportRequest,
    InvalidRequest,
    ListSummary,
    Page,
    Process,
    Removal,
    UnexpectedAnswer,
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


CONTACT = {"id": 45, "email": "a@example.com", "attributes": {"DOB": "2010-12-31"}, "brandNew": [1]}
PROCESS = {"id": 78, "name": "IMPORTUSER", "status": "completed", "info": {"import": {"invalid_emails": 2}}}
NEWSLETTER = {
    "id": 16,
    "name": "Newsletter",
    "totalSubscribers": 6533,
    "totalBlacklisted": 63,
    "uniqueSubscribers": 6596,
    "folderId": 1,
    "createdAt": "2016-02-26T11:56:08Z",
    "campaignStats": [],
    "dynamicList": False,
}
UTC = timezone.utc

READS: list[tuple[str, Use, str, dict[str, str], Any, Any]] = [
    (
        "lists of a folder",
        lambda c: c.folder_lists(16),
        "/v3/contacts/folders/16/lists",
        {"limit": "10", "offset": "0", "sort": "desc"},
        {
            "lists": [
                {"id": 46, "name": "R", "totalSubscribers": 7, "totalBlacklisted": 0, "uniqueSubscribers": 7}
            ],
            "count": 1,
        },
        Page((ListSummary(46, "R", unique_subscribers=7, total_subscribers=7),), 1),
    ),
    (
        "list",
        lambda c: c.get_list(16),
        "/v3/contacts/lists/16",
        {},
        NEWSLETTER,
        ContactList(16, "Newsletter", 1, 6596, 6533, 63, datetime(2016, 2, 26, 11, 56, 8, tzinfo=UTC)),
    ),
    (
        "list in a period",
        lambda c: c.get_list(16, start_date="2026-01-01T00:00:00Z", end_date="2026-02-01T00:00:00Z"),
        "/v3/contacts/lists/16",
        {"startDate": "2026-01-01T00:00:00.000Z", "endDate": "2026-02-01T00:00:00.000Z"},
        {"id": 16, "name": "l", "folderId": 1, "uniqueSubscribers": 3},
        ContactList(16, "l", 1, 3),
    ),
    (
        "contacts",
        lambda c: c.contacts(),
        "/v3/contacts",
        {"limit": "50", "offset": "0", "sort": "desc"},
        {"contacts": [CONTACT], "count": 17655},
        Page((CONTACT,), 17655),
    ),
    (
        "contacts since",
        lambda c: c.contacts(
            limit=1000,
            offset=2000,
            sort="asc",
            modified_since=datetime(2026, 8, 1, 19, 43, 31, 777000, timezone(timedelta(hours=2))),
            created_since="2026-08-01T19:43:31.9+02:00",
        ),
        "/v3/contacts",
        {
            "limit": "1000",
            "offset": "2000",
            "sort": "asc",
            "modifiedSince": "2026-08-01T17:43:31.000Z",
            "createdSince": "2026-08-01T17:43:31.000Z",
        },
        {"count": 0},
        Page((), 0),
    ),
    (
        "contacts of a list",
        lambda c: c.list_contacts(18, limit=500, modified_since="2026-08-01T00:00:00Z"),
        "/v3/contacts/lists/18/contacts",
        {"limit": "500", "offset": "0", "sort": "desc", "modifiedSince": "2026-08-01T00:00:00.000Z"},
        {"contacts": None, "count": 0},
        Page((), 0),
    ),
    (
        "folders",
        lambda c: c.folders(),
        "/v3/contacts/folders",
        {"limit": "10", "offset": "0", "sort": "desc"},
        {"folders": [{"id": 1, "name": "f", "uniqueSubscribers": 4}], "count": 1},
        Page((Folder(1, "f", 4),), 1),
    ),
    (
        "lists",
        lambda c: c.lists(limit=50),
        "/v3/contacts/lists",
        {"limit": "50", "offset": "0", "sort": "desc"},
        {"lists": [{"id": 1, "name": "l", "folderId": 3, "uniqueSubscribers": 4}], "count": 1},
        Page((ListSummary(1, "l", 4, folder_id=3),), 1),
    ),
    (
        "attributes",
        lambda c: c.attributes(),
        "/v3/contacts/attributes",
        {},
        {
            "attributes": [
                {"name": "FIRSTNAME", "category": "normal", "type": "text"},
                {"name": "COUNTRY", "category": "category", "enumeration": [{"value": 1, "label": "DE"}]},
                {
                    "name": "INTERESTS",
                    "category": "normal",
                    "type": "multiple-choice",
                    "multiCategoryOptions": ["a"],
                },
            ]
        },
        (
            Attribute("FIRSTNAME", "normal", "text"),
            Attribute("COUNTRY", "category", enumeration=("DE",)),
            Attribute("INTERESTS", "normal", "multiple-choice", options=("a",)),
        ),
    ),
    (
        "process",
        lambda c: c.process(78),
        "/v3/processes/78",
        {},
        PROCESS,
        Process(78, "IMPORTUSER", "completed", {"import": {"invalid_emails": 2}}),
    ),
    (
        "processes",
        lambda c: c.processes(limit=50, offset=50, sort="asc"),
        "/v3/processes",
        {"limit": "50", "offset": "50", "sort": "asc"},
        {"processes": [PROCESS], "count": 51},
        Page((Process(78, "IMPORTUSER", "completed", {"import": {"invalid_emails": 2}}),), 51),
    ),
    (
        "contact",
        lambda c: c.get_contact("a+b/c@example.com"),
        "/v3/contacts/a%2Bb%2Fc%40example.com",
        {},
        CONTACT,
        CONTACT,
    ),
    (
        "contact by id",
        lambda c: c.get_contact(45, identifier_type="contact_id"),
        "/v3/contacts/45",
        {"identifierType": "contact_id"},
        CONTACT,
        CONTACT,
    ),
]


@pytest.mark.parametrize(
    ("use", "path", "params", "document", "result"),
    [case[1:] for case in READS],
    ids=[case[0] for case in READS],
)
def test_reads(
    use: Use,
    path: str,
    params: dict[str, str],
    document: Any,
    result: Any,
    client: ContactsClient,
    server: ScriptedServer,
) -> None:
    server.plays(answers(200, document))
    assert use(client) == result
    url = urlsplit(server.only.path)
    assert (server.only.method, url.path, server.only.body) == ("GET", path, b"")
    assert {
        name: value for name, (value,) in parse_qs(url.query, strict_parsing=bool(url.query)).items()
    } == params


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"contacts": []},
        {"contacts": None, "count": 5},
        {"contacts": {}, "count": 0},
        {"contacts": [], "count": "many"},
        {"contacts": [{"email": "jane@example.com"}], "count": 1},
        {"contacts": ["jane@example.com"], "count": 1},
        {"contacts": [], "count": -1},
        {"contacts": [], "count": True},
    ],
)
def test_a_read_that_is_not_as_documented_fails_closed_and_shows_nothing(
    document: Any, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers(200, document))
    with pytest.raises(
        UnexpectedAnswer, match=r"GET /v3/contacts: 200 with .* not the documented answer"
    ) as caught:
        client.contacts()
    assert "jane" not in str(caught.value)
    assert client.requests.retried == 0


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
    (lambda c: c.get_list(7, start_date="2026-01-01T00:00:00Z"), "go together"),
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
    (lambda c: c.get_contact(".."), "would be another route"),
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
