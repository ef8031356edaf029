"""What each reading method asks for, and what it makes of the answer (api-contract §1, §2.3, §6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from email_contacts.api import (
    Attribute,
    ContactList,
    ContactsClient,
    Folder,
    ListSummary,
    Page,
    Process,
    UnexpectedAnswer,
)
from tests.api.scripted_server import ScriptedServer, answers

Use = Callable[[ContactsClient], Any]

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
            Attribute("COUNTRY", "category", enumeration=("DE",), values=("1",)),
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


def test_the_time_of_the_platform_is_the_date_of_an_answer(
    client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers(200, {"contacts": [], "count": 0}))
    before = datetime.now(UTC).replace(microsecond=0)
    found = client.platform_time()
    assert found is not None
    assert before <= found <= datetime.now(UTC)
    assert parse_qs(urlsplit(server.only.path).query)["limit"] == ["1"]


def test_a_walk_begins_by_the_clock_that_is_behind(
    client: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = datetime.now(UTC)
    moments = {
        "behind": before - timedelta(minutes=20),
        "ahead": before + timedelta(minutes=20),
        "none": None,
    }
    found = {}
    for name, moment in moments.items():
        monkeypatch.setattr(ContactsClient, "platform_time", lambda _, moment=moment: moment)
        found[name] = client.begins_at()
    assert found.pop("behind") == moments["behind"]
    assert all(before <= one <= datetime.now(UTC) for one in found.values())
