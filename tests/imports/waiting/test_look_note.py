"""The last look, as it is left for people: after each look, of little size, and of no weight for a wait."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from email_contacts.api import ContactsClient, Process, Unavailable
from email_contacts.imports.waiting.look_note import MAX_PROCESSES, LookNote, LookReport, look_key
from email_contacts.imports.waiting.worker_wait import pauses, wait_here
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import submitted
from tests.imports.simulated import Platform, end_of, seen_ends, wall_clock
from tests.imports.virtual_time import run
from tests.task_context import SharedStore

KEY = look_key("c")


def noted(store: SharedStore) -> LookNote:
    """The entry."""
    text = store.get(KEY)
    assert text is not None
    note = LookNote.parse(text)
    assert note is not None
    return note


def test_each_look_is_noted_with_the_next_one() -> None:
    store = SharedStore()
    platform = Platform(store=store)

    async def waiting() -> None:
        platform.ended_at = dict.fromkeys((7, 8), 1e9)
        poller = platform.poller()
        tasks = [asyncio.ensure_future(end_of(poller, one, every=60)) for one in (7, 8)]
        await asyncio.sleep(90)
        note, now = noted(store), wall_clock()
        assert note.is_answered
        assert note.statuses == {7: "in_process", 8: "in_process"}
        assert note.at <= now < note.next_at <= now + 60
        platform.always = Unavailable("503")
        await asyncio.sleep(60)
        assert not noted(store).is_answered
        assert noted(store).at > note.at
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(waiting())


def test_a_connection_has_one_entry_however_long_it_is_waited() -> None:
    store = SharedStore()
    platform = Platform(store=store)
    seen_ends(platform, {7: 3000.0})
    assert len(platform.asked_at) > 5
    assert list(store.keys("email_contacts.look.")) == [KEY]
    assert noted(store).statuses == {7: "completed"}


def test_a_store_that_fails_keeps_nobody_waiting() -> None:
    class Broken(SharedStore):
        def set(self, key: str, value: str) -> None:
            if key == KEY:
                raise ConnectionError
            super().set(key, value)

    late = seen_ends(Platform(store=Broken()), {7: 30.0})
    assert late[7] <= 60


def test_an_entry_is_of_bounded_size() -> None:
    many = [Process(one, "IMPORTUSER", "x" * 1000) for one in range(10_000)]
    note = LookNote.of(many, at=1.0, next_look_in=2.0, is_answered=True)
    assert min(note.statuses) == 10_000 - MAX_PROCESSES
    assert len(note.to_text()) < 16_000
    assert LookNote.parse(note.to_text()) == note


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "7", '{"at": "x", "next_at": 1, "statuses": {}, "is_answered": true}',
        '{"at": Infinity, "next_at": 1, "statuses": {}, "is_answered": true}',
        '{"at": 1, "next_at": 1, "statuses": [], "is_answered": true}',
        '{"at": 1, "next_at": 1, "statuses": {"a": "b"}, "is_answered": true}',
    ],
)  # fmt: skip
def test_what_is_no_entry_is_none(text: str) -> None:
    assert LookNote.parse(text) is None


def test_a_wait_in_a_worker_leaves_its_looks_where_people_see_them(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    (process_id,) = submitted(client, 1)
    left: dict[str, Any] = {}

    def push(key: str, value: Any) -> None:
        left[key] = value
        if LookNote.parse(value["note"]):
            sandbox.set_knobs(hold="none")

    deadline = time.time() + 300
    outcome = wait_here(
        client, [process_id], deadline=deadline, pauses=pauses(100, every=0.02),
        report=LookReport(push, deadline, "auto"),
    )  # fmt: skip
    assert outcome.completed()
    (said,) = left.values()
    assert (said["deadline"], said["source"]) == (deadline, "auto")
    note = LookNote.parse(said["note"])
    assert note is not None
    assert (note.statuses, note.is_answered) == ({process_id: "in_process"}, True)
    assert note.at < note.next_at


def test_looks_that_cannot_be_left_end_no_wait(sandbox: SandboxServer, client: ContactsClient) -> None:
    sandbox.set_knobs(hold="in_process")
    ids = submitted(client, 1)

    def refuse(_key: str, _value: Any) -> None:
        sandbox.set_knobs(hold="none")
        raise ConnectionError

    deadline = time.time() + 300
    report = LookReport(refuse, deadline, "auto")
    assert wait_here(
        client, ids, deadline=deadline, pauses=pauses(100, every=0.02), report=report
    ).completed()
