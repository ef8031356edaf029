"""The routes and rules of this room, held against the platform's own text.

The seed contradicts itself. Each contradiction is a case here, under the number that it has in
docs/api-contract.md §8: first that the text really says so, then what we do instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from email_contacts.api import (
    BadRequest,
    ContactList,
    ContactsClient,
    CreatedContact,
    ImportRequest,
    InvalidRequest,
    ListSummary,
    NewList,
    RouteMissing,
    endpoints,
)
from tests.api.scripted_server import ScriptedServer, answers
from tests.api.seed_text import SeedCall, read_calls

SEED = read_calls()
DOCS = Path(__file__).parents[2] / "docs" / "api-contract.md"

# The seed's chapters and our constants for them.
CHAPTERS = {
    "Create a folder": endpoints.CREATE_FOLDER,
    "Create a list": endpoints.CREATE_LIST,
    "Create a contact": endpoints.CREATE_CONTACT,
    "Import contact": endpoints.IMPORT_CONTACTS,
    "Get list in folder": endpoints.FOLDER_LISTS,
    "Get list info": endpoints.GET_LIST,
    "Get all contacts": endpoints.CONTACTS,
    "Get contacts in list": endpoints.LIST_CONTACTS,
}

Check = Callable[[ContactsClient, ScriptedServer], None]
CONTRADICTIONS: dict[int, Check] = {}


def contradiction(row: int) -> Callable[[Check], Check]:
    """Register the case of one row of §8."""

    def register(check: Check) -> Check:
        CONTRADICTIONS[row] = check
        return check

    return register


def test_the_seed_has_eight_calls_and_we_have_them_all() -> None:
    assert list(SEED) == list(CHAPTERS)
    assert [endpoint for endpoint in endpoints.ALL if endpoint.in_seed] == list(CHAPTERS.values())
    assert len({(endpoint.method, endpoint.path) for endpoint in endpoints.ALL}) == len(endpoints.ALL)


@pytest.mark.parametrize("title", CHAPTERS)
def test_paths_and_verbs_are_those_of_the_command_lines(title: str) -> None:
    endpoint = CHAPTERS[title]
    ours = "/v3" + re.sub(r"\{\w+\}", "{}", endpoint.path)
    assert SEED[title].curls
    assert {(curl.method, curl.path) for curl in SEED[title].curls} == {(endpoint.method, ours)}


@pytest.mark.parametrize("title", CHAPTERS)
def test_headings_agree_except_where_a_contradiction_is_named(title: str) -> None:
    disputed = {"Create a folder": 1, "Import contact": 2, "Get contacts in list": 3, "Get all contacts": 4}
    agrees = (SEED[title].method, SEED[title].path) == (CHAPTERS[title].method, "/v3" + CHAPTERS[title].path)
    assert agrees is (title not in disputed)
    assert disputed.get(title, 1) in CONTRADICTIONS


SAMPLES: dict[str, tuple[Callable[[ContactsClient], Any], Callable[[Any], Any]]] = {
    "Create a folder": (lambda c: c.create_folder("f"), lambda s: s["id"]),
    "Create a list": (lambda c: c.create_list("l", folder_id=5), lambda s: s["id"]),
    "Create a contact": (
        lambda c: c.create_contact(email="elly@example.com"),
        lambda s: CreatedContact(s["id"], created=True),
    ),
    "Import contact": (
        lambda c: c.import_contacts(ImportRequest(file_body="EMAIL\nelly@example.com", list_ids=[2])),
        lambda s: s["processId"],
    ),
    "Get list in folder": (
        lambda c: c.folder_lists(16).items,
        lambda s: tuple(ListSummary.read(entry) for entry in s["lists"]),
    ),
    "Get list info": (lambda c: c.get_list(16), ContactList.read),
    "Get all contacts": (lambda c: c.contacts().items, lambda s: tuple(s["contacts"])),
    "Get contacts in list": (lambda c: c.list_contacts(16).count, lambda s: s["count"]),
}


@pytest.mark.parametrize("title", CHAPTERS)
def test_the_sample_answers_of_the_seed_are_understood(
    title: str, client: ContactsClient, server: ScriptedServer
) -> None:
    call, expected = SAMPLES[title]
    server.plays(answers(min(SEED[title].statuses), SEED[title].sample))
    assert call(client) == expected(SEED[title].sample)


@pytest.mark.parametrize("title", [title for title, endpoint in CHAPTERS.items() if endpoint.method == "GET"])
def test_query_parameters_are_those_of_the_seed(
    title: str, client: ContactsClient, server: ScriptedServer
) -> None:
    since = "2026-01-01T00:00:00Z"
    calls: dict[str, Callable[[], Any]] = {
        "Get list in folder": lambda: client.folder_lists(16),
        "Get list info": lambda: client.get_list(16),
        "Get all contacts": lambda: client.contacts(modified_since=since, created_since=since),
        "Get contacts in list": lambda: client.list_contacts(16, modified_since=since),
    }
    server.plays(answers(200, SEED[title].sample))
    calls[title]()
    path_ids = {"folderId", "listId"}
    documented = {name[0].lower() + name[1:] for name in SEED[title].parameters} - path_ids
    assert set(parse_qs(urlsplit(server.only.path).query)) == documented


def everything_said_of_a_contact(client: ContactsClient) -> None:
    client.create_contact(
        email="elly@example.com", ext_id="e", attributes={"FNAME": "Elly"}, list_ids=[36],
        email_blacklisted=False, sms_blacklisted=False, update_enabled=True,
        smtp_blacklist_sender=["user@example.com"],
    )  # fmt: skip


def import_of(**source: Any) -> ImportRequest:
    return ImportRequest(
        **source,
        list_ids=[2],
        new_list=NewList(list_name="n", folder_id=2),
        notify_url="https://hooks.example.com/x",
    )


def test_body_fields_are_those_of_the_seed(client: ContactsClient, server: ScriptedServer) -> None:
    server.plays(
        answers(200, {"id": 5}), answers(200, {"id": 16}), answers(204),
        *[answers(200, {"processId": 78})] * 3,
    )  # fmt: skip
    client.create_folder("f")
    client.create_list("l", folder_id=5)
    everything_said_of_a_contact(client)
    client.import_contacts(import_of(file_url="https://f.example.com/c.csv"))
    client.import_contacts(import_of(file_body="EMAIL\nelly@example.com"))
    client.import_contacts(import_of(json_body=[{"email": "elly@example.com"}]))
    folder, new_list, contact, *imports = (set(seen.document) for seen in server.seen)
    assert folder == {"name"}
    assert new_list == {"name", "folderId"}
    assert contact == {name.replace("Email", "email") for name in SEED["Create a contact"].parameters}
    assert set.union(*imports) == set(SEED["Import contact"].parameters)


# --- §8, row by row -----------------------------------------------------------------------------------


def curl_paths(call: SeedCall) -> set[str]:
    return {curl.path for curl in call.curls}


@contradiction(1)
def folder_or_folders(client: ContactsClient, server: ScriptedServer) -> None:
    assert SEED["Create a folder"].path == "/v3/contacts/folder"
    assert curl_paths(SEED["Create a folder"]) == {"/v3/contacts/folders"}
    server.plays(answers(200, {"id": 5}))
    client.create_folder("f")
    assert server.only.path == "/v3/contacts/folders"


@contradiction(2)
def import_under_the_heading_of_create(client: ContactsClient, server: ScriptedServer) -> None:
    assert SEED["Import contact"].path == SEED["Create a contact"].path == "/v3/contacts"
    assert curl_paths(SEED["Import contact"]) == {"/v3/contacts/import"}
    server.plays(answers(200, {"processId": 78}))
    client.import_contacts(ImportRequest(prepared=b"[{}]", list_ids=[2]))
    assert server.only.path == "/v3/contacts/import"


@contradiction(3)
def contacts_of_a_list_under_the_heading_of_lists(client: ContactsClient, server: ScriptedServer) -> None:
    assert SEED["Get contacts in list"].path == SEED["Get list in folder"].path
    assert curl_paths(SEED["Get contacts in list"]) == {"/v3/contacts/lists/{}/contacts"}
    server.plays(answers(200, SEED["Get contacts in list"].sample))
    client.list_contacts(18)
    assert urlsplit(server.only.path).path == "/v3/contacts/lists/18/contacts"


@contradiction(4)
def trailing_slash(client: ContactsClient, server: ScriptedServer) -> None:
    assert SEED["Get all contacts"].path == "/v3/contacts/"
    assert curl_paths(SEED["Get all contacts"]) == {"/v3/contacts"}
    server.plays(answers(200, SEED["Get all contacts"].sample))
    client.contacts()
    assert urlsplit(server.only.path).path == "/v3/contacts"


@contradiction(5)
def status_of_a_creation(client: ContactsClient, server: ScriptedServer) -> None:
    for title in ("Create a folder", "Create a list", "Import contact"):
        assert SEED[title].statuses == {200, 400}
    server.plays(*(answers(status, {"id": 5, "processId": 78}) for status in (200, 201, 200, 201, 200, 202)))
    request = ImportRequest(prepared=b"[{}]", list_ids=[2])
    assert [client.create_folder("f") for _ in range(2)] == [5, 5]
    assert [client.create_list("l", folder_id=5) for _ in range(2)] == [5, 5]
    assert [client.import_contacts(request) for _ in range(2)] == [78, 78]


@contradiction(6)
def capitals(client: ContactsClient, server: ScriptedServer) -> None:
    tables = {name for call in SEED.values() for name in call.parameters}
    assert {"Name", "Email", "Limit", "Offset", "Sort"} <= tables
    curls = {name for call in SEED.values() for curl in call.curls for name in curl.fields}
    assert {"name", "email"} <= curls
    assert not {"Name", "Email"} & curls
    server.plays(answers(200, {"id": 5}), answers(204), answers(200, SEED["Get all contacts"].sample))
    client.create_folder("f")
    everything_said_of_a_contact(client)
    client.contacts()
    sent = {
        *server.seen[0].document,
        *server.seen[1].document,
        *parse_qs(urlsplit(server.seen[2].path).query),
    }
    assert {"name", "email", "limit", "offset", "sort"} <= sent
    assert not any(name[0].isupper() for name in sent)


@contradiction(7)
def email_is_mandatory_or_not(client: ContactsClient, server: ScriptedServer) -> None:
    assert "EmailStringEmail address of the user. Mandatory" in SEED["Create a contact"].text
    assert "Pass your own Id to create a contact" in SEED["Create a contact"].text
    server.plays(answers(201, {"id": 1}), answers(201, {"id": 2}))
    client.create_contact(ext_id="e")
    client.create_contact(attributes={"SMS": "491701234567"})
    assert ["email" in seen.document for seen in server.seen] == [False, False]
    with pytest.raises(InvalidRequest, match="needs an identifier"):
        client.create_contact(list_ids=[2])


@contradiction(8)
def list_ids_twice(client: ContactsClient, server: ScriptedServer) -> None:
    assert SEED["Import contact"].parameters.count("listIds") == 2
    body = ImportRequest(prepared=b"[{}]", list_ids=[2, 4]).to_bytes()
    assert body.count(b'"listIds":[2,4]') == body.count(b"listIds") == 1


@contradiction(9)
def folder_of_a_new_list(client: ContactsClient, server: ScriptedServer) -> None:
    assert "pass the listName and an optional folderId" in SEED["Import contact"].text
    with pytest.raises(TypeError, match="folder_id"):
        NewList(list_name="n")  # type: ignore[call-arg]
    with pytest.raises(InvalidRequest, match="folder_id=None"):
        NewList(list_name="n", folder_id=None)  # type: ignore[arg-type]


@contradiction(10)
def all_sources_at_once(client: ContactsClient, server: ScriptedServer) -> None:
    for curl in SEED["Import contact"].curls:
        assert {"fileUrl", "fileBody", "jsonBody", "listIds", "newList"} <= set(curl.fields)
    with pytest.raises(InvalidRequest, match="exactly one source"):
        ImportRequest(file_url="https://f.example.com/c.csv", file_body="EMAIL\na@example.com", list_ids=[2])
    with pytest.raises(InvalidRequest, match="needs a target"):
        ImportRequest(prepared=b"[{}]")
    assert set(json.loads(import_of(prepared=b"[{}]").to_bytes())) >= {"listIds", "newList"}


@contradiction(11)
def blacklisted_senders_without_update(client: ContactsClient, server: ScriptedServer) -> None:
    assert "only available if updateEnabled = true" in SEED["Create a contact"].text
    for curl in SEED["Create a contact"].curls:
        assert '"updateEnabled": false' in curl.body
        assert "smtpBlacklistSender" in curl.fields
    server.plays(answers(201, {"id": 1}), answers(204))
    client.create_contact(email="elly@example.com", smtp_blacklist_sender=["user@example.com"])
    everything_said_of_a_contact(client)
    assert ["smtpBlacklistSender" in seen.document for seen in server.seen] == [False, True]


@contradiction(12)
def blacklist_or_blacklisted(client: ContactsClient, server: ScriptedServer) -> None:
    contact, imported = SEED["Create a contact"].parameters, SEED["Import contact"].parameters
    assert {"emailBlacklisted", "smsBlacklisted"} == {name for name in contact if "lacklisted" in name}
    assert {"emailBlacklist", "smsBlacklist"} == {name for name in imported if "lacklist" in name}
    server.plays(answers(204), answers(200, {"processId": 78}))
    everything_said_of_a_contact(client)
    client.import_contacts(ImportRequest(prepared=b"[{}]", list_ids=[2], email_blacklist=True))
    assert {"emailBlacklisted", "smsBlacklisted"} <= set(server.seen[0].document)
    assert {"emailBlacklist", "smsBlacklist"} <= set(server.seen[1].document)


@contradiction(13)
def wrong_verb_as_sample_of_a_400(client: ContactsClient, server: ScriptedServer) -> None:
    assert '"code": "method_not_allowed"' in SEED["Import contact"].text.partition("400Bad request")[2]
    document = {"code": "method_not_allowed", "message": "POST Method is not allowed on this path"}
    server.plays(answers(400, document), answers(405, document))
    request = ImportRequest(prepared=b"[{}]", list_ids=[2])
    with pytest.raises(BadRequest):
        client.import_contacts(request)
    with pytest.raises(RouteMissing):
        client.import_contacts(request)


@contradiction(14)
def one_list_described_as_many(client: ContactsClient, server: ScriptedServer) -> None:
    assert "200Folder’s Lists details" in SEED["Get list info"].text
    sample = SEED["Get list info"].sample
    server.plays(answers(200, sample))
    found = client.get_list(16)
    assert (found.id, found.folder_id, found.unique_subscribers) == (16, 1, 6596)


@contradiction(15)
def malformed_command_lines(client: ContactsClient, server: ScriptedServer) -> None:
    text = "".join(call.text for call in SEED.values())
    for oddity in ("{{receiver-email}]", "{{api-key}}I", '"notifyUrl": {{notify_url}}', "\\. \n"):
        assert oddity in text
    assert "content-type" not in text.lower()
    server.plays(answers(200, {"id": 5}), answers(200, {"processId": 78}))
    client.create_folder('quotes " and {{braces}}')
    client.import_contacts(import_of(prepared=b"[{}]"))
    for seen in server.seen:
        assert isinstance(seen.document, dict)
        assert seen.headers["content-type"] == "application/json"


@contradiction(16)
def contacts_with_and_without_attributes(client: ContactsClient, server: ScriptedServer) -> None:
    without, with_them = SEED["Get all contacts"].sample, SEED["Get contacts in list"].sample
    assert "attributes" not in without["contacts"][0]
    assert "attributes" in with_them["contacts"][0]
    server.plays(answers(200, without), answers(200, with_them))
    assert list(client.contacts().items) == without["contacts"]
    assert list(client.list_contacts(16).items) == with_them["contacts"]


@contradiction(17)
def a_process_id_and_nothing_to_read_it(client: ContactsClient, server: ScriptedServer) -> None:
    assert "processId" in SEED["Import contact"].sample
    assert not any("process" in path for call in SEED.values() for path in {call.path, *curl_paths(call)})
    assert not endpoints.GET_PROCESS.in_seed
    assert not endpoints.PROCESSES.in_seed
    server.plays(answers(404))
    with pytest.raises(RouteMissing, match="not every platform"):
        client.process(78)


@contradiction(18)
def totals_that_are_zero(client: ContactsClient, server: ScriptedServer) -> None:
    sample = SEED["Get list info"].sample
    members = sample["totalSubscribers"] + sample["totalBlacklisted"]
    assert sample["uniqueSubscribers"] == members > 0
    newer = {**sample, "totalSubscribers": 0, "totalBlacklisted": 0}
    gone = {name: value for name, value in sample.items() if not name.startswith("total")}
    server.plays(answers(200, newer), answers(200, gone))
    for _ in range(2):
        found = client.get_list(16)
        assert (found.unique_subscribers, found.total_subscribers, found.total_blacklisted) == (members, 0, 0)


@pytest.mark.parametrize(
    "row", sorted(CONTRADICTIONS), ids=lambda row: f"{row}-{CONTRADICTIONS[row].__name__}"
)
def test_contradiction(row: int, client: ContactsClient, server: ScriptedServer) -> None:
    CONTRADICTIONS[row](client, server)


def test_the_page_names_every_contradiction_and_every_limit() -> None:
    page = DOCS.read_text(encoding="utf-8")
    table = page.partition("\n## 8.")[2].partition("\n## 9.")[0]
    assert [int(row) for row in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == sorted(CONTRADICTIONS)
    assert re.findall(r"^## (\d)\. ", page, re.MULTILINE) == [str(number) for number in range(10)]
    for endpoint in endpoints.ALL:
        assert f"/v3{endpoint.path}" in page
    limits = dict(re.findall(r"^\| ([a-z ,]+?) \| (\d+ \| \d+) \|$", page, re.MULTILINE))
    assert limits == {
        "contacts": _limits(endpoints.CONTACTS),
        "contacts of a list": _limits(endpoints.LIST_CONTACTS),
        "folders, lists, lists of a folder, processes": _limits(endpoints.FOLDERS),
    }
    for endpoint in (endpoints.LISTS, endpoints.FOLDER_LISTS, endpoints.PROCESSES):
        assert _limits(endpoint) == _limits(endpoints.FOLDERS)


def _limits(endpoint: endpoints.Endpoint) -> str:
    assert endpoint.page is not None
    return f"{endpoint.page.default} | {endpoint.page.maximum}"
