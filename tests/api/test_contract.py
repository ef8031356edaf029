"""The routes, fields and limits of this room, held against the platform's own text and against our page.

Where the text contradicts itself, see test_contradictions.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from email_contacts.api import (
    ContactList,
    ContactsClient,
    CreatedContact,
    ImportRequest,
    ListSummary,
    endpoints,
)
from tests.api.scripted_server import ScriptedServer, answers
from tests.api.seed_text import read_calls
from tests.api.whole_requests import import_of, say_everything_of_a_contact

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
    # Rows 1 to 4 of docs/api-contract.md §8.
    disputed = {"Create a folder", "Import contact", "Get contacts in list", "Get all contacts"}
    agrees = (SEED[title].method, SEED[title].path) == (CHAPTERS[title].method, "/v3" + CHAPTERS[title].path)
    assert agrees is (title not in disputed)


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


def test_body_fields_are_those_of_the_seed(client: ContactsClient, server: ScriptedServer) -> None:
    server.plays(
        answers(200, {"id": 5}), answers(200, {"id": 16}), answers(204),
        *[answers(200, {"processId": 78})] * 3,
    )  # fmt: skip
    client.create_folder("f")
    client.create_list("l", folder_id=5)
    say_everything_of_a_contact(client)
    client.import_contacts(import_of(file_url="https://f.example.com/c.csv"))
    client.import_contacts(import_of(file_body="EMAIL\nelly@example.com"))
    client.import_contacts(import_of(json_body=[{"email": "elly@example.com"}]))
    folder, new_list, contact, *imports = (set(seen.document) for seen in server.seen)
    assert folder == {"name"}
    assert new_list == {"name", "folderId"}
    assert contact == {name.replace("Email", "email") for name in SEED["Create a contact"].parameters}
    assert set.union(*imports) == set(SEED["Import contact"].parameters)


def test_the_page_names_every_route_and_every_limit() -> None:
    page = DOCS.read_text(encoding="utf-8")
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
