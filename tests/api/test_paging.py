"""Walking pages: everything once, whatever happens to the collection meanwhile (api-contract §4)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import ContactsClient, InvalidRequest, Page, UnexpectedAnswer
from email_contacts.api.paging import walk
from tests.api.scripted_server import ScriptedServer, answers


@given(size=st.integers(0, 60), page_size=st.integers(1, 20), lying_count=st.integers(0, 99))
def test_every_item_comes_once_whatever_count_says(size: int, page_size: int, lying_count: int) -> None:
    rows = list(range(1, size + 1))
    asked: list[int] = []

    def fetch(limit: int, offset: int) -> Page[int]:
        asked.append(offset)
        return Page(tuple(rows[offset : offset + limit]), lying_count)

    assert list(walk(fetch, page_size=page_size, identity=int)) == rows
    assert len(asked) <= 1 + size // max(1, page_size - 1)


@given(
    size=st.integers(0, 40),
    page_size=st.integers(1, 10),
    moves=st.lists(st.sampled_from(["append", "prepend", "nothing"]), max_size=10),
)
def test_rows_that_come_during_the_walk_neither_repeat_nor_hide_others(
    size: int, page_size: int, moves: list[str]
) -> None:
    rows = list(range(100, 100 + size))
    before = set(rows)
    steps = iter(moves)

    def fetch(limit: int, offset: int) -> Page[int]:
        page = Page(tuple(rows[offset : offset + limit]), len(rows))
        move = next(steps, "nothing")
        if move == "append":
            rows.append(max(rows, default=99) + 1)
        elif move == "prepend":  # shifts everything after it, as an insert does in descending order
            rows.insert(0, min(rows, default=100) - 1)
        return page

    try:
        seen = list(walk(fetch, page_size=page_size, identity=int))
    except UnexpectedAnswer:
        assert page_size <= 2  # a shift by one looks like an offset without effect, where a step is one row
        return
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def test_a_platform_that_ignores_the_offset_does_not_hold_us_for_ever() -> None:
    walked = walk(lambda limit, offset: Page((1, 2, 3), 3), page_size=3, identity=int)
    with pytest.raises(UnexpectedAnswer, match="offset 2 repeats 3 items"):
        list(walked)


@given(
    size=st.integers(0, 120),
    page_size=st.integers(2, 12),
    changes=st.lists(
        st.lists(st.tuples(st.sampled_from(["delete", "append", "enter"]), st.integers(0, 119)), max_size=20),
        max_size=12,
    ),
)
def test_what_exists_throughout_is_never_missed(
    size: int, page_size: int, changes: list[list[tuple[str, int]]]
) -> None:
    """Rows are deleted and made, and older ones enter the filter, between any two pages."""
    rows = list(range(0, 10 * size, 10))
    throughout = set(rows)
    steps = iter(changes)

    def fetch(limit: int, offset: int) -> Page[int]:
        page = Page(tuple(rows[offset : offset + limit]), len(rows))
        for change, place in next(steps, ()):
            if change == "append":
                rows.append(max(rows, default=0) + 10)
            elif change == "enter" and 10 * place + 1 not in rows:
                rows.append(10 * place + 1)
                rows.sort()
            elif change == "delete" and rows:
                throughout.discard(rows.pop(place % len(rows)))
        return page

    try:
        seen = list(walk(fetch, page_size=page_size, identity=int))
    except UnexpectedAnswer:
        assert any(change == "enter" for step in changes for change, _ in step)  # as many as a step is long
        return
    assert len(seen) == len(set(seen))
    assert throughout <= set(seen)


def test_half_of_a_large_collection_is_deleted_at_once() -> None:
    rows = list(range(100_000))
    asked: list[int] = []

    def fetch(limit: int, offset: int) -> Page[int]:
        asked.append(offset)
        if len(asked) == 90:
            del rows[:50_000]
        return Page(tuple(rows[offset : offset + limit]), len(rows))

    assert list(walk(fetch, page_size=1000, identity=int)) == list(range(100_000))
    assert len(asked) < 250


def test_pages_in_an_order_that_changes_do_not_hold_us_for_ever() -> None:
    pages = iter(range(10_000))

    def fetch(limit: int, offset: int) -> Page[int]:
        first = 0 if offset == 0 else 1000 + next(pages) * limit
        return Page(tuple(range(first, first + limit)), 9999)

    with pytest.raises(UnexpectedAnswer, match="does not keep the order"):
        list(walk(fetch, page_size=5, identity=int))


def contacts(first: int, last: int) -> dict[str, Any]:
    return {
        "contacts": [{"id": n, "email": f"p{n}@example.com"} for n in range(first, last + 1)],
        "count": 9999,
    }


def test_contacts_are_walked_in_pages_of_the_maximum_oldest_first(
    client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers(200, contacts(1, 1000)), answers(200, contacts(991, 1500)))
    ids = [contact["id"] for contact in client.iter_contacts(modified_since="2026-01-02T03:04:05+02:00")]
    assert ids == list(range(1, 1501))
    assert [parse_qs(urlsplit(seen.path).query) for seen in server.seen] == [
        {
            "limit": ["1000"],
            "offset": [offset],
            "sort": ["asc"],
            "modifiedSince": ["2026-01-02T01:04:05.000Z"],
        }
        for offset in ("0", "990")
    ]


def test_a_last_page_that_is_nearly_full_is_followed_by_one_with_its_last_item(
    client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers(200, contacts(1, 985)), answers(200, contacts(985, 985)))
    assert [contact["id"] for contact in client.iter_contacts()] == list(range(1, 986))
    assert [parse_qs(urlsplit(seen.path).query)["offset"] for seen in server.seen] == [["0"], ["984"]]


@pytest.mark.parametrize(
    ("method", "arguments", "path", "limit", "key", "item"),
    [
        ("iter_folders", (), "/v3/contacts/folders", 50, "folders", {"id": 1, "name": "f"}),
        ("iter_lists", (), "/v3/contacts/lists", 50, "lists", {"id": 1, "name": "l", "folderId": 3}),
        ("iter_folder_lists", (4,), "/v3/contacts/folders/4/lists", 50, "lists", {"id": 1, "name": "l"}),
        ("iter_contacts", (), "/v3/contacts", 1000, "contacts", {"id": 1}),
        ("iter_list_contacts", (4,), "/v3/contacts/lists/4/contacts", 500, "contacts", {"id": 1}),
        ("iter_processes", (), "/v3/processes", 50, "processes", {"id": 1, "name": "x", "status": "queued"}),
    ],
)
def test_each_walk_takes_its_own_route_and_cap(
    method: str,
    arguments: tuple[int, ...],
    path: str,
    limit: int,
    key: str,
    item: dict[str, Any],
    client: ContactsClient,
    server: ScriptedServer,
) -> None:
    server.plays(answers(200, {key: [item], "count": 1}))
    (found,) = getattr(client, method)(*arguments)
    assert (found["id"] if isinstance(found, dict) else found.id) == 1
    assert server.only.path == f"{path}?limit={limit}&offset=0&sort=asc"


def test_a_walk_with_a_wrong_argument_is_refused_when_it_is_made(client: ContactsClient) -> None:
    with pytest.raises(InvalidRequest):
        client.iter_folder_lists(0)
    with pytest.raises(InvalidRequest):
        client.iter_list_contacts(2, modified_since="yesterday")
    with pytest.raises(InvalidRequest):
        client.iter_contacts(created_since="2026-01-01T00:00:00")
