"""Pages of contacts: caps, order, filters, counts, and changes during a walk (api-contract §4)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from email_contacts.sandbox import clock
from tests.sandbox.rehearsal import Rehearsal, eventually


@pytest.mark.parametrize(
    ("path", "default", "cap"), [("/contacts", 50, 1000), ("/contacts/lists/2/contacts", 50, 500)]
)
def test_pages_of_contacts(sandbox: Rehearsal, path: str, default: int, cap: int) -> None:
    sandbox.server.seed_contacts(1003, list_ids=[2])
    everyone = list(range(1, 1004))

    def ids(**params: Any) -> list[int]:
        return [contact["id"] for contact in sandbox.get(path, **params)["contacts"]]

    assert ids() == everyone[::-1][:default], "newest first"
    assert ids(limit=cap, sort="asc") == everyone[:cap]
    assert ids(limit=cap, offset=1000, sort="asc") == everyone[1000:]
    assert ids(offset=5000) == []
    assert sandbox.get(path, limit=0) == {"contacts": [], "count": 1003}
    assert sandbox.refusal("GET", path, params={"limit": cap + 1}) == (400, "out_of_range")
    assert sandbox.get(path + "/", limit=1)["count"] == 1003, "a slash at the end changes nothing"


def test_filters_are_inclusive_and_count_ignores_them(sandbox: Rehearsal) -> None:
    sandbox.server.seed_contacts(3, list_ids=[2])
    first_second = sandbox.contact(1)["modifiedAt"]
    # The platform writes whole seconds: step into the next one, so that "since" can tell the two apart.
    eventually(lambda: int(time.time()) > clock.read(first_second) // 1000, what="the next second")
    sandbox.call("PUT", "/contacts/2", json={"attributes": {"POINTS": 7}})
    changed = sandbox.contact(2)["modifiedAt"]
    for path in ("/contacts", "/contacts/lists/2/contacts"):
        page = sandbox.get(path, modifiedSince=changed)
        assert [contact["id"] for contact in page["contacts"]] == [2]
        assert page["count"] == 3
    assert sandbox.get("/contacts", createdSince=changed)["contacts"] == []
    assert len(sandbox.get("/contacts", createdSince=first_second)["contacts"]) == 3


def test_moments_of_filters_may_have_an_offset_if_it_is_encoded(sandbox: Rehearsal) -> None:
    sandbox.server.seed_contacts(1)
    past, future = "2020-01-01T02:00:00.000+02:00", "2099-01-01T00:00:00.000Z"
    assert len(sandbox.get("/contacts", modifiedSince=past)["contacts"]) == 1
    assert sandbox.get("/contacts", modifiedSince=future)["contacts"] == []
    raw = sandbox.refusal("GET", f"/contacts?modifiedSince={past}")
    assert raw == (400, "invalid_parameter"), "a plus sign that is not encoded is a space"
    for nonsense in ("yesterday", "2026-01-01", ""):
        answer = sandbox.refusal("GET", "/contacts", params={"modifiedSince": nonsense})
        assert answer == (400, "invalid_parameter")


def test_a_change_of_membership_is_a_modification(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(timestamps="offset")
    sandbox.server.seed_contacts(1)
    before = clock.read(sandbox.contact(1)["modifiedAt"])
    eventually(lambda: clock.now_ms() > before, what="the next millisecond")
    sandbox.post("/contacts/lists/2/contacts/add", ids=[1])
    assert clock.read(sandbox.contact(1)["modifiedAt"]) > before


@pytest.mark.parametrize(
    ("style", "shape"),
    [("utc", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"), ("offset", r"^[\d-]{10}T[\d:]{8}\.\d{3}\+02:00$")],
)
def test_timestamps(sandbox: Rehearsal, style: str, shape: str) -> None:
    import re

    sandbox.server.set_knobs(timestamps=style)
    sandbox.server.seed_contacts(1)
    contact = sandbox.contact(1)
    assert re.match(shape, contact["createdAt"])
    assert abs(clock.read(contact["createdAt"]) - clock.now_ms()) < 60_000


def walk(sandbox: Rehearsal, path: str, sort: str) -> list[int]:
    """Page through a collection as a plain client does."""
    seen: list[int] = []
    while True:
        page = sandbox.get(path, limit=3, offset=len(seen), sort=sort)["contacts"]
        seen += [contact["id"] for contact in page]
        if len(page) < 3 or len(seen) > 100:
            return seen


@pytest.mark.parametrize("path", ["/contacts", "/contacts/lists/2/contacts"])
def test_who_joins_during_a_walk_doubles_rows_when_descending(sandbox: Rehearsal, path: str) -> None:
    sandbox.server.seed_contacts(7, list_ids=[2])
    sandbox.server.set_knobs(mutate_while_paging="insert")
    seen = walk(sandbox, path, "desc")
    assert len(seen) > len(set(seen))
    assert set(range(1, 8)) <= set(seen)


def test_who_leaves_during_a_walk_hides_a_row(sandbox: Rehearsal) -> None:
    sandbox.server.seed_contacts(7, list_ids=[2])
    sandbox.server.set_knobs(mutate_while_paging="delete")
    assert walk(sandbox, "/contacts/lists/2/contacts", "asc") == [1, 2, 3, 5, 6, 7]
