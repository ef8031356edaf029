"""An import is submitted once, whatever happens to the task that submits it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from email_contacts.api import (
    BadRequest,
    ContactsClient,
    ImportRequest,
    NotFound,
    NotSent,
    RateLimited,
    Unavailable,
)
from email_contacts.imports.submission.import_job import ImportJob, fingerprint
from email_contacts.imports.submission.import_record import ImportRecord
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.imports.submission.reconnecting import reconnect
from email_contacts.imports.submission.submitter import Blocked, Submitter
from email_contacts.sandbox import SandboxServer
from tests.api.scripted_server import ScriptedServer
from tests.imports.conftest import an_import, asked, submitted, until_ended
from tests.task_context import StateStore

REQUEST = an_import()
MARK = fingerprint(REQUEST.to_bytes())


def ledger_of(store: StateStore, *, generation: int = 3) -> Ledger:
    return Ledger(store, MARK, generation=generation)


def next_process(store: StateStore) -> Ledger:
    """The ledger as the next process of the same task sees it, once it has taken the record over."""
    ledger = ledger_of(store)
    ledger.take_over()
    return ledger


def submit(
    client: ContactsClient, ledger: Ledger, request: ImportRequest = REQUEST, **settings: Any
) -> ImportRecord | Blocked:
    """Go as far as one try of a task goes."""
    given = {"max_running": 1, "timeout": 60.0, "reconciliation_timeout": 0.0, **settings}
    job = ImportJob(request, given.pop("callback", None))
    return Submitter(client, job, ledger, **given).advance()


def accepted(came: ImportRecord | Blocked) -> ImportRecord:
    assert isinstance(came, ImportRecord)
    return came


def process_of(came: ImportRecord | Blocked) -> int:
    process_id = accepted(came).process_id
    assert process_id is not None
    return process_id


def test_bodies_are_told_apart_by_rows_and_by_targets() -> None:
    marks = {
        fingerprint(request.to_bytes())
        for request in (REQUEST, an_import("b@example.com"), an_import(list_id=7))
    }
    assert len(marks) == 3
    assert fingerprint(an_import().to_bytes()) == MARK


def test_a_new_body_is_submitted_and_written_down(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    before = time.time()
    assert reconnect(client, ledger_of(store), timeout=60) is None
    made = accepted(submit(client, ledger_of(store)))
    entry = ledger_of(store).record()
    assert entry is not None
    assert entry.process_id == made.process_id == client.process(process_of(made)).id
    assert made.deadline == entry.deadline
    assert made.deadline is not None
    assert before + 60 <= made.deadline <= time.time() + 60
    assert (made.is_reconnected, made.decision, made.repeats) == (False, "accepted", 0)
    assert sandbox.imports_accepted() == 1


def test_the_intent_is_written_before_anything_is_sent(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    class Full(StateStore):
        def set(self, key: str, value: Any) -> None:
            raise RuntimeError("the store is out of order")

    with pytest.raises(RuntimeError, match="out of order"):
        submit(client, ledger_of(Full()))
    assert sandbox.imports_accepted() == 0


def test_the_intent_says_what_was_newest_before(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    (stranger,) = submitted(client, 1)
    until_ended(client, stranger)
    submit(client, ledger_of(store))
    entry = ledger_of(store).record()
    assert entry is not None
    assert entry.newest == stranger


def test_a_retry_waits_for_the_import_of_the_earlier_try(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    first = accepted(submit(client, ledger_of(store)))
    again = reconnect(client, ledger_of(store), timeout=9999)
    assert again is not None
    assert again.is_reconnected
    assert (again.process_id, again.deadline, again.submitted_at) == (
        first.process_id, first.deadline, first.submitted_at,
    )  # fmt: skip
    assert sandbox.imports_accepted() == 1


def test_a_retry_after_the_deadline_was_reported_gets_a_new_one(
    client: ContactsClient, store: StateStore
) -> None:
    submit(client, ledger_of(store), timeout=0.0)
    next_process(store).rest()
    again = reconnect(client, ledger_of(store), timeout=60)
    assert again is not None
    assert again.deadline is not None
    assert again.deadline > time.time() + 30
    kept = ledger_of(store).record()
    assert kept is not None
    assert kept.deadline == again.deadline


def test_clearing_the_task_reconnects_while_its_import_runs(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    first = accepted(submit(client, ledger_of(store)))
    next_process(store).close()
    again = reconnect(client, ledger_of(store, generation=7), timeout=60)
    assert again is not None
    assert again.process_id == first.process_id


def test_clearing_the_task_imports_again_once_its_import_ended(
    client: ContactsClient, store: StateStore
) -> None:
    first = process_of(submit(client, ledger_of(store)))
    next_process(store).close()
    until_ended(client, first)
    assert reconnect(client, ledger_of(store, generation=7), timeout=60) is None
    assert process_of(submit(client, ledger_of(store, generation=7))) != first


def test_clearing_the_task_imports_again_while_its_import_runs_only_if_asked_to(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    first = process_of(submit(client, ledger_of(store)))
    retry, cleared = ledger_of(store), ledger_of(store, generation=7)
    assert reconnect(client, retry, timeout=60, import_again=True) is not None, "a retry is no clear"
    assert reconnect(client, cleared, timeout=60, import_again=True) is None
    second = process_of(submit(client, cleared, max_running=2))
    assert second != first
    assert reconnect(client, cleared, timeout=60, import_again=True) is not None, "and only once"


def test_a_retry_is_not_taken_for_a_clear(client: ContactsClient, store: StateStore) -> None:
    """The worker died after the task was done and before Airflow heard of it."""
    first = process_of(submit(client, ledger_of(store)))
    next_process(store).close()
    until_ended(client, first)
    again = reconnect(client, ledger_of(store), timeout=60)
    assert again is not None
    assert again.process_id == first


@pytest.mark.parametrize("status", ["404", "405"])
def test_clearing_the_task_imports_again_where_nobody_can_tell_how_the_import_is(
    status: str, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    submit(client, ledger_of(store))
    next_process(store).close()
    sandbox.set_knobs(process_route=status)
    assert reconnect(client, ledger_of(store, generation=7), timeout=60) is None


@pytest.mark.parametrize(("kind", "error"), [("429", RateLimited), ("400", BadRequest)])
def test_a_refusal_leaves_no_trace_and_may_be_tried_again(
    kind: str, error: type[Exception], sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(faults=[{"route": "import", "kind": kind}])
    with pytest.raises(error):
        submit(client, ledger_of(store))
    assert store == {}
    with ContactsClient(sandbox.url, sandbox.api_key) as later:
        assert reconnect(later, ledger_of(store), timeout=60) is None
        submit(later, ledger_of(store))
    assert sandbox.imports_accepted() == 1


def test_a_request_that_was_never_sent_leaves_no_trace(store: StateStore) -> None:
    with ScriptedServer() as gone:
        url = gone.url
    with ContactsClient(url, "key", max_wait=0) as client, pytest.raises(NotSent):
        submit(client, ledger_of(store))
    assert store == {}


def test_an_unknown_list_is_refused_without_a_trace(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    with pytest.raises((BadRequest, NotFound), match="List"):
        submit(client, ledger_of(store), an_import(list_id=999))
    assert store == {}
    assert sandbox.imports_accepted() == 0


def test_running_imports_are_everybodys(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="queued")
    ids = submitted(client, 2)
    blocked = submit(client, ledger_of(store), max_running=2)
    assert isinstance(blocked, Blocked)
    assert (sorted(blocked.process_ids), blocked.enough) == (ids, "any")
    assert store == {}, "nothing is intended before there is a slot"
    assert process_of(submit(client, ledger_of(store), max_running=3)) not in ids


@pytest.mark.parametrize("status", ["404", "405"])
def test_where_there_is_no_process_route_no_import_is_seen_running(
    status: str, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="queued", process_route=status)
    submitted(client, 1)
    accepted(submit(client, ledger_of(store)))
    entry = ledger_of(store).record()
    assert entry is not None
    assert entry.newest is None


def test_running_imports_that_cannot_be_asked_for_are_not_taken_as_none(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(faults=["processes:500"])
    with pytest.raises(Unavailable):
        submit(client, ledger_of(store))
    assert sandbox.imports_accepted() == 0


class Noted:
    """What a submission notes for whoever waits for it, without a callback."""

    is_asked_for = False

    def __init__(self, *, measures_lists: bool = False) -> None:
        self.measures_lists = measures_lists
        self.seen: list[tuple[Mapping[int, int], int | None]] = []

    def ask(self, nonce: str) -> str | None:
        raise AssertionError(f"no address was asked for, not even for {nonce!r}")

    def signals(self, nonce: str, sizes: Mapping[int, int], contacts: int | None) -> dict[str, Any]:
        self.seen.append((dict(sizes), contacts))
        return {"nonce": nonce}


@pytest.mark.parametrize("measured", [False, True])
def test_lists_are_measured_before_only_where_their_growth_is_to_tell(
    measured: bool, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    noted = Noted(measures_lists=measured)
    sandbox.seed_contacts(7, list_ids=[2])
    came = accepted(submit(client, ledger_of(store), callback=noted))
    assert came.evidence == {"nonce": ""}
    ((sizes, contacts),) = noted.seen
    assert (sizes, contacts) == (({2: 7}, 1) if measured else ({}, None))
    assert ("list" in asked(sandbox)) is measured


def test_where_there_is_no_process_route_the_lists_are_measured(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(process_route="404")
    noted = Noted()
    submit(client, ledger_of(store), callback=noted)
    assert noted.seen == [({2: 0}, 1)]
