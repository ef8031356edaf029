"""Where the platform's own text contradicts itself: first that it really says so, then what we do instead.

Each test bears the number of its row in docs/api-contract.md §8.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from email_contacts.api import (
    BadRequest,
    ContactsClient,
    ImportRequest,
    InvalidRequest,
    NewList,
    RouteMissing,
    endpoints,
)
from tests.api.scripted_server import ScriptedServer, answers
from tests.api.seed_text import SeedCall, read_calls
from tests.api.whole_requests import import_of, say_everything_of_a_contact

SEED = read_calls()
DOCS = Path(__file__).parents[2] / "docs" / "api-contract.md"


def test_every_row_of_the_page_has_its_test() -> None:
    table = DOCS.read_text(encoding="utf-8").partition("\n## 8.")[2].partition("\n## 9.")[0]
    rows = [int(row) for row in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    tested = [int(name.split("_")[2]) for name in globals() if name.startswith("test_row_")]
    assert rows == tested == list(range(1, 19))


def curl_paths(call: SeedCall) -> set[str]:
    return {curl.path for curl in call.curls}


def test_row_1_folder_or_folders(client: ContactsClient, server: ScriptedServer) -> None:
    assert SEED["Create a folder"].path == "/v3/contacts/folder"
    assert curl_paths(SEED["Create a folder"]) == {"/v3/contacts/folders"}
    server.plays(answers(200, {"id": 5}))
    client.create_folder("f")
    assert server.only.path == "/v3/contacts/folders"


def test_row_2_import_under_the_heading_of_create(client: ContactsClient, server: ScriptedServer) -> None:
    assert SEED["Import contact"].path == SEED["Create a contact"].path == "/v3/contacts"
    assert curl_paths(SEED["Import contact"]) == {"/v3/contacts/import"}
    server.plays(answers(200, {"processId": 78}))
    client.import_contacts(ImportRequest(prepared=b"[{}]", list_ids=[2]))
    assert server.only.path == "/v3/contacts/import"


def test_row_3_contacts_of_a_list_headed_as_lists(client: ContactsClient, server: ScriptedServer) -> None:
    assert SEED["Get contacts in list"].path == SEED["Get list in folder"].path
    assert curl_paths(SEED["Get contacts in list"]) == {"/v3/contacts/lists/{}/contacts"}
    server.plays(answers(200, SEED["Get contacts in list"].sample))
    client.list_contacts(18)
    assert urlsplit(server.only.path).path == "/v3/contacts/lists/18/contacts"


def test_row_4_trailing_slash(client: ContactsClient, server: ScriptedServer) -> None:
    assert SEED["Get all contacts"].path == "/v3/contacts/"
    assert curl_paths(SEED["Get all contacts"]) == {"/v3/contacts"}
    server.plays(answers(200, SEED["Get all contacts"].sample))
    client.contacts()
    assert urlsplit(server.only.path).path == "/v3/contacts"


def test_row_5_status_of_a_creation(client: ContactsClient, server: ScriptedServer) -> None:
    for title in ("Create a folder", "Create a list", "Import contact"):
        assert SEED[title].statuses == {200, 400}
    server.plays(*(answers(status, {"id": 5, "processId": 78}) for status in (200, 201, 200, 201, 200, 202)))
    request = ImportRequest(prepared=b"[{}]", list_ids=[2])
    assert [client.create_folder("f") for _ in range(2)] == [5, 5]
    assert [client.create_list("l", folder_id=5) for _ in range(2)] == [5, 5]
    assert [client.import_contacts(request) for _ in range(2)] == [78, 78]


def test_row_6_capitals(client: ContactsClient, server: ScriptedServer) -> None:
    tables = {name for call in SEED.values() for name in call.parameters}
    assert {"Name", "Email", "Limit", "Offset", "Sort"} <= tables
    curls = {name for call in SEED.values() for curl in call.curls for name in curl.fields}
    assert {"name", "email"} <= curls
    assert not {"Name", "Email"} & curls
    server.plays(answers(200, {"id": 5}), answers(204), answers(200, SEED["Get all contacts"].sample))
    client.create_folder("f")
    say_everything_of_a_contact(client)
    client.contacts()
    sent = {
        *server.seen[0].document,
        *server.seen[1].document,
        *parse_qs(urlsplit(server.seen[2].path).query),
    }
    assert {"name", "email", "limit", "offset", "sort"} <= sent
    assert not any(name[0].isupper() for name in sent)


def test_row_7_email_is_mandatory_or_not(client: ContactsClient, server: ScriptedServer) -> None:
    assert "EmailStringEmail address of the user. Mandatory" in SEED["Create a contact"].text
    assert "Pass your own Id to create a contact" in SEED["Create a contact"].text
    server.plays(answers(201, {"id": 1}), answers(201, {"id": 2}))
    client.create_contact(ext_id="e")
    client.create_contact(attributes={"SMS": "491701234567"})
    assert ["email" in seen.document for seen in server.seen] == [False, False]
    with pytest.raises(InvalidRequest, match="needs an identifier"):
        client.create_contact(list_ids=[2])


def test_row_8_list_ids_twice() -> None:
    assert SEED["Import contact"].parameters.count("listIds") == 2
    body = ImportRequest(prepared=b"[{}]", list_ids=[2, 4]).to_bytes()
    assert body.count(b'"listIds":[2,4]') == body.count(b"listIds") == 1


def test_row_9_folder_of_a_new_list() -> None:
    assert "pass the listName and an optional folderId" in SEED["Import contact"].text
    with pytest.raises(TypeError, match="folder_id"):
        NewList(list_name="n")  # type: ignore[call-arg]
    with pytest.raises(InvalidRequest, match="folder_id=None"):
        NewList(list_name="n", folder_id=None)  # type: ignore[arg-type]


def test_row_10_all_sources_at_once() -> None:
    for curl in SEED["Import contact"].curls:
        assert {"fileUrl", "fileBody", "jsonBody", "listIds", "newList"} <= set(curl.fields)
    with pytest.raises(InvalidRequest, match="exactly one source"):
        ImportRequest(file_url="https://f.example.com/c.csv", file_body="EMAIL\na@example.com", list_ids=[2])
    with pytest.raises(InvalidRequest, match="needs a target"):
        ImportRequest(prepared=b"[{}]")
    assert set(json.loads(import_of(prepared=b"[{}]").to_bytes())) >= {"listIds", "newList"}


def test_row_11_blacklisted_senders_without_update(client: ContactsClient, server: ScriptedServer) -> None:
    assert "only available if updateEnabled = true" in SEED["Create a contact"].text
    for curl in SEED["Create a contact"].curls:
        assert '"updateEnabled": false' in curl.body
        assert "smtpBlacklistSender" in curl.fields
    server.plays(answers(201, {"id": 1}), answers(204))
    client.create_contact(email="elly@example.com", smtp_blacklist_sender=["user@example.com"])
    say_everything_of_a_contact(client)
    assert ["smtpBlacklistSender" in seen.document for seen in server.seen] == [False, True]


def test_row_12_blacklist_or_blacklisted(client: ContactsClient, server: ScriptedServer) -> None:
    contact, imported = SEED["Create a contact"].parameters, SEED["Import contact"].parameters
    assert {"emailBlacklisted", "smsBlacklisted"} == {name for name in contact if "lacklisted" in name}
    assert {"emailBlacklist", "smsBlacklist"} == {name for name in imported if "lacklist" in name}
    server.plays(answers(204), answers(200, {"processId": 78}))
    say_everything_of_a_contact(client)
    client.import_contacts(ImportRequest(prepared=b"[{}]", list_ids=[2], email_blacklist=True))
    assert {"emailBlacklisted", "smsBlacklisted"} <= set(server.seen[0].document)
    assert {"emailBlacklist", "smsBlacklist"} <= set(server.seen[1].document)


def test_row_13_wrong_verb_as_sample_of_a_400(client: ContactsClient, server: ScriptedServer) -> None:
    assert '"code": "method_not_allowed"' in SEED["Import contact"].text.partition("400Bad request")[2]
    document = {"code": "method_not_allowed", "message": "POST Method is not allowed on this path"}
    server.plays(answers(400, document), answers(405, document))
    request = ImportRequest(prepared=b"[{}]", list_ids=[2])
    with pytest.raises(BadRequest):
        client.import_contacts(request)
    with pytest.raises(RouteMissing):
        client.import_contacts(request)


def test_row_14_one_list_described_as_many(client: ContactsClient, server: ScriptedServer) -> None:
    assert "200Folder’s Lists details" in SEED["Get list info"].text
    sample = SEED["Get list info"].sample
    server.plays(answers(200, sample))
    found = client.get_list(16)
    assert (found.id, found.folder_id, found.unique_subscribers) == (16, 1, 6596)


def test_row_15_malformed_command_lines(client: ContactsClient, server: ScriptedServer) -> None:
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


def test_row_16_contacts_with_and_without_attributes(client: ContactsClient, server: ScriptedServer) -> None:
    without, with_them = SEED["Get all contacts"].sample, SEED["Get contacts in list"].sample
    assert "attributes" not in without["contacts"][0]
    assert "attributes" in with_them["contacts"][0]
    server.plays(answers(200, without), answers(200, with_them))
    assert list(client.contacts().items) == without["contacts"]
    assert list(client.list_contacts(16).items) == with_them["contacts"]


def test_row_17_a_process_id_and_nothing_to_read_it(client: ContactsClient, server: ScriptedServer) -> None:
    assert "processId" in SEED["Import contact"].sample
    assert not any("process" in path for call in SEED.values() for path in {call.path, *curl_paths(call)})
    assert not endpoints.GET_PROCESS.in_seed
    assert not endpoints.PROCESSES.in_seed
    server.plays(answers(404))
    with pytest.raises(RouteMissing, match="not every platform"):
        client.process(78)


def test_row_18_totals_that_are_zero(client: ContactsClient, server: ScriptedServer) -> None:
    sample = SEED["Get list info"].sample
    members = sample["totalSubscribers"] + sample["totalBlacklisted"]
    assert sample["uniqueSubscribers"] == members > 0
    newer = {**sample, "totalSubscribers": 0, "totalBlacklisted": 0}
    gone = {name: value for name, value in sample.items() if not name.startswith("total")}
    server.plays(answers(200, newer), answers(200, gone))
    for _ in range(2):
        found = client.get_list(16)
        assert (found.unique_subscribers, found.total_subscribers, found.total_blacklisted) == (members, 0, 0)
