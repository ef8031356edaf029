"""Requests that no client means to send: refused in the documented shape, and no later answer suffers."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from email_contacts.sandbox import Knobs
from tests.sandbox.rehearsal import Rehearsal

DEEP = 5000
# Written by hand where json.dumps would not write them, or not so.
TEXTS = (
    *("0", "-1", "1.5", "1e400", "-0", str(2**63), str(-(2**64)), "9" * 4301, "9" * 400_000),
    *("NaN", "Infinity", "-Infinity", "null", "true", "[]", "{}", "[null]", '[{"":null}]', '{"email": 1}'),
    *('""', '" "', '"\\u0000"', '"\\ud800"', '"' + "x" * 1_000_000 + '"', '"\\"; DROP TABLE contacts; --"'),
    *("[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, "[" * 300 + "]" * 300),
)
RAW = (b"{", b"\xff\xfe{}", b'{"name": "\xc3\x28"}', b"\x00", b'{"name": "a", "name": 1}', b"[" * 100_000)
HUGE = (str(2**64), "9" * 4301, "x" * 10_000)
PATHS = ("0", "-1", "1", "x", "%00", "%ff", "%ED%A0%80", "a%2Fb", "%20", "\u0663", *HUGE)
QUERIES = ("-1", "0", "1.0", "NaN", "", "\x00", "asc,desc", "9999-99-99T99:99:99Z", *HUGE)
PARAMETERS = (
    *("limit", "offset", "sort", "identifierType"),
    *("modifiedSince", "createdSince", "startDate", "endDate"),
)
BODIES: dict[str, dict[str, Any]] = {
    "create_folder": {"name": "A folder"},
    "update_folder": {"name": "A folder"},
    "create_list": {"name": "A list", "folderId": 1},
    "update_list": {"name": "A list"},
    "add_to_list": {"emails": ["a@example.com"], "ids": [1], "extIds": ["1"]},
    "remove_from_list": {"emails": ["a@example.com"], "ids": [1], "extIds": ["1"], "all": False},
    "create_attribute": {
        "type": "category",
        "value": "v",
        "enumeration": [{"value": 1, "label": "one"}],
        "multiCategoryOptions": ["one"],
    },
    "create_contact": {
        "email": "a@example.com",
        "ext_id": "1",
        "attributes": {"SMS": "4917012345", "POINTS": 1, "BIRTHDAY": "1815-12-10", "INTERESTS": ["books"]},
        "listIds": [2],
        "updateEnabled": True,
        "emailBlacklisted": False,
    },
    "update_contact": {"attributes": {"EMAIL": "b@example.com", "POINTS": 1}, "unlinkListIds": [2]},
    "update_batch": {"contacts": [{"id": 1, "email": "a@example.com", "attributes": {"POINTS": 1}}]},
    "import": {
        "jsonBody": [{"email": "a@example.com", "attributes": {"POINTS": 1, "EXT_ID": "1"}}],
        "listIds": [2],
        "newList": {"listName": "New", "folderId": 1},
        "updateExistingContacts": True,
    },
}
BODIES["update_attribute"] = BODIES["create_attribute"]


def routes(sandbox: Rehearsal) -> Iterator[tuple[str, str, str]]:
    """Method, path and name of every route of the platform."""
    document = requests.get(sandbox.server.url + "/openapi.json", timeout=30).json()
    for path, methods in document["paths"].items():
        if path.startswith("/v3/"):
            for method, operation in methods.items():
                name = operation["operationId"].partition("_v3_")[0]
                yield method.upper(), path.removeprefix("/v3"), name


def test_no_hostile_request_is_more_than_refused(sandbox: Rehearsal) -> None:
    """Every route, with every text in the place of every value of its body, and then at random."""
    chance = random.Random(20261128)
    seen = list(routes(sandbox))
    assert len(seen) == 27
    for method, path, name in seen:
        for body in bodies(name, chance):
            send(sandbox, method, filled(path, chance, hostile=0.1), body)
        for _ in range(12):
            params = {chance.choice(PARAMETERS): chance.choice(QUERIES) for _ in range(2)}
            send(sandbox, method, filled(path, chance, hostile=0.7), b"{}", **params)
    check_nothing_suffered(sandbox)


def bodies(name: str, chance: random.Random) -> Iterator[bytes]:
    """The bodies for one route: no JSON at all, and its own with a hostile text at each place."""
    if name not in BODIES:
        return
    yield b""
    yield from RAW
    yield from (text.encode() for text in TEXTS)
    for place in places(BODIES[name]):
        for text in chance.sample(TEXTS, 6):
            yield json.dumps(replaced(BODIES[name], place)).replace('"@HERE"', text, 1).encode()
    for _ in range(3):
        chosen = {field: value for field, value in BODIES[name].items() if chance.random() < 0.7}
        yield json.dumps(chosen).encode()


def places(value: Any, *way: Any) -> Iterator[tuple[Any, ...]]:
    """Where values stand in a document."""
    if way:
        yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, *way, key)


def replaced(document: Any, place: tuple[Any, ...]) -> Any:
    """The document with a mark at one place."""
    copy = json.loads(json.dumps(document))
    holder = copy
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = "@HERE"
    return copy


def filled(path: str, chance: random.Random, *, hostile: float) -> str:
    """The path with something in the place of each parameter."""
    usual = {"listId": "2", "attributeCategory": "category", "attributeName": f"A{chance.randrange(10**6)}"}

    def fill(part: str) -> str:
        if not part.startswith("{"):
            return part
        return chance.choice(PATHS) if chance.random() < hostile else usual.get(part.strip("{}"), "1")

    return "/".join(map(fill, path.split("/")))


def send(sandbox: Rehearsal, method: str, path: str, body: bytes, **params: str) -> None:
    """Send one request; the answer must be one that the platform documents."""
    headers = {"content-type": "application/json"}
    answer = sandbox.call(method, path, data=body, headers=headers, params=params)
    what = (method, path[:80], body[:80], params, answer.status_code, answer.text[:200])
    assert answer.status_code < 500, what
    if answer.status_code >= 400:
        assert set(answer.json()) <= {"code", "message", "metadata"}, what
        assert len(answer.content) < 1000, what


def check_nothing_suffered(sandbox: Rehearsal) -> None:
    """Everything can be read, and an import runs to its end."""
    for path in ("/contacts", "/contacts/lists", "/contacts/folders", "/contacts/attributes", "/processes"):
        sandbox.get(path)
    for path in ("/", "/contacts", "/sandbox/knobs", "/sandbox/journal"):
        assert requests.get(sandbox.server.url + path, timeout=30).status_code == 200
    list_id = sandbox.post("/contacts/lists", name="Afterwards", folderId=folder(sandbox))["id"]
    assert sandbox.imported([{"email": "last@example.com"}], listIds=[list_id])["status"] == "completed"
    assert sandbox.get(f"/contacts/lists/{list_id}")["uniqueSubscribers"] == 1
    for page in itertools.count():
        contacts = sandbox.get("/contacts", limit=1000, offset=1000 * page)["contacts"]
        if not contacts:
            break


def folder(sandbox: Rehearsal) -> int:
    return int(sandbox.post("/contacts/folders", name="Afterwards")["id"])


@pytest.mark.parametrize("body", [*RAW[:4], RAW[5]])
def test_a_body_that_cannot_be_read_is_a_400(sandbox: Rehearsal, body: bytes) -> None:
    for method, path in (("POST", "/contacts/folders"), ("POST", "/contacts/import"), ("POST", "/contacts")):
        refused = sandbox.refusal(method, path, data=body, headers={"content-type": "application/json"})
        assert refused[0] == 400, (path, refused)


def test_a_value_beyond_64_bits_does_not_poison_the_attributes(sandbox: Rehearsal) -> None:
    body = {"enumeration": [{"value": 2**64, "label": "huge"}]}
    assert sandbox.refusal("POST", "/contacts/attributes/category/HUGE", json=body) == (400, "out_of_range")
    assert len(sandbox.get("/contacts/attributes")["attributes"]) == 11


@pytest.mark.parametrize("digits", [19, 20, 4300, 4301])
def test_a_path_of_many_digits_is_refused(sandbox: Rehearsal, digits: int) -> None:
    for path in ("/contacts/{}", "/contacts/lists/{}", "/contacts/folders/{}/lists", "/processes/{}"):
        status, _ = sandbox.refusal("GET", path.format("9" * digits))
        assert status == 400


@pytest.mark.parametrize("name", ["x" * 256, "x" * 1_000_000])
def test_a_name_without_an_end_is_refused(sandbox: Rehearsal, name: str) -> None:
    refused = (400, "invalid_parameter")
    assert sandbox.refusal("POST", "/contacts/folders", json={"name": name}) == refused
    assert sandbox.refusal("PUT", "/contacts/folders/1", json={"name": name}) == refused
    assert sandbox.refusal("POST", "/contacts/lists", json={"name": name, "folderId": 1}) == refused
    assert sandbox.refusal("PUT", "/contacts/lists/2", json={"name": name}) == refused
    new_list = {"jsonBody": [{"email": "a@example.com"}], "newList": {"listName": name, "folderId": 1}}
    assert sandbox.refusal("POST", "/contacts/import", json=new_list) == refused


def test_knobs_take_nothing_that_cannot_be_shown(sandbox: Rehearsal) -> None:
    url = sandbox.server.url + "/sandbox/knobs"
    before = requests.get(url, timeout=30).json()
    for name in Knobs().to_json():
        for text in (*TEXTS, '["\\ud800"]', '[{"route": "*", "kind": "slow", "seconds": NaN}]'):
            body = f'{{"{name}": {text}}}'.encode()
            answer = requests.patch(url, data=body, headers={"content-type": "application/json"}, timeout=30)
            assert answer.status_code in (200, 400), (name, text[:50], answer.text[:200])
        assert requests.get(url, timeout=30).status_code == 200, name
        sandbox.server.reset()
    assert requests.get(url, timeout=30).json() == before
