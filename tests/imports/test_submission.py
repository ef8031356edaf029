"""An import is submitted once, whatever happens to the task that submits it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from email_contacts.api import (
    BadRequest,
    ContactsClient,
    NotFound,
    NotSent,
    RateLimited,
    Unavailable,
)
from email_contacts.imports.errors import SubmissionUnknown
from email_contacts.imports.ledger import Ledger
from email_contacts.imports.submission import fingerprint, reconnect, running_imports, submit
from email_contacts.sandbox import SandboxServer
from tests.api.scripted_server import ScriptedServer, answers
from tests.imports.conftest import an_import, asked, submitted, until_ended
from tests.task_context import StateStore

REQUEST = an_import()
MARK = fingerprint(REQUEST.to_bytes())


def ledger_of(store: StateStore, *, generation: int = 3) -> Ledger:
    return Ledger(store, MARK, generation=generation)


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
    made = submit(client, REQUEST, ledger_of(store), timeout=60)
    entry = ledger_of(store).entry()
    assert entry is not None
    assert entry.process_id == made.process_id == client.process(made.process_id).id
    assert made.deadline == entry.deadline
    assert before + 60 <= made.deadline <= time.time() + 60
    assert not made.is_reconnected
    assert sandbox.imports_accepted() == 1


def test_the_intent_is_written_before_anything_is_sent(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    class Full(StateStore):
        def set(self, key: str, value: Any) -> None:
            raise RuntimeError("the store is out of order")

    with pytest.raises(RuntimeError, match="out of order"):
        submit(client, REQUEST, ledger_of(Full()), timeout=60)
    assert sandbox.imports_accepted() == 0


def test_a_retry_waits_for_the_import_of_the_earlier_try(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    first = submit(client, REQUEST, ledger_of(store), timeout=60)
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
    submit(client, REQUEST, ledger_of(store), timeout=0)
    ledger_of(store).rest()
    again = reconnect(client, ledger_of(store), timeout=60)
    assert again is not None
    assert again.deadline > time.time() + 30
    kept = ledger_of(store).entry()
    assert kept is not None
    assert kept.deadline == again.deadline


def test_a_try_that_was_killed_while_submitting_stops_the_next_one_once(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    ledger_of(store).intend(deadline=time.time() + 60)
    with pytest.raises(SubmissionUnknown, match=r"killed while it submitted.*clear the task"):
        reconnect(client, ledger_of(store), timeout=60)
    assert asked(sandbox) == []
    # The way out: a person has looked, and cleared the task.
    assert reconnect(client, ledger_of(store), timeout=60) is None


def test_clearing_the_task_reconnects_while_its_import_runs(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    first = submit(client, REQUEST, ledger_of(store), timeout=60)
    ledger_of(store).close()
    again = reconnect(client, ledger_of(store, generation=7), timeout=60)
    assert again is not None
    assert again.process_id == first.process_id


def test_clearing_the_task_imports_again_once_its_import_ended(
    client: ContactsClient, store: StateStore
) -> None:
    first = submit(client, REQUEST, ledger_of(store), timeout=60)
    ledger_of(store).close()
    until_ended(client, first.process_id)
    assert reconnect(client, ledger_of(store, generation=7), timeout=60) is None
    second = submit(client, REQUEST, ledger_of(store, generation=7), timeout=60)
    assert second.process_id != first.process_id


def test_a_retry_is_not_taken_for_a_clear(client: ContactsClient, store: StateStore) -> None:
    """The worker died after the task was done and before Airflow heard of it."""
    first = submit(client, REQUEST, ledger_of(store), timeout=60)
    ledger_of(store).close()
    until_ended(client, first.process_id)
    again = reconnect(client, ledger_of(store), timeout=60)
    assert again is not None
    assert again.process_id == first.process_id


@pytest.mark.parametrize("status", ["404", "405"])
def test_clearing_the_task_imports_again_where_nobody_can_tell_how_the_import_is(
    status: str, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    submit(client, REQUEST, ledger_of(store), timeout=60)
    ledger_of(store).close()
    sandbox.set_knobs(process_route=status)
    assert reconnect(client, ledger_of(store, generation=7), timeout=60) is None


@pytest.mark.parametrize("kind", ["524_after_accepting", "reset_after_accepting", "truncated", "garbled"])
def test_an_import_that_may_have_been_accepted_is_not_sent_again(
    kind: str, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(faults=[{"route": "import", "kind": kind}])
    with pytest.raises(SubmissionUnknown, match="newest import processes") as caught:
        submit(client, REQUEST, ledger_of(store), timeout=60)
    assert caught.value.__cause__ is not None
    assert sandbox.imports_accepted() == 1
    assert asked(sandbox, "import") == ["import"]
    # The error fails the task for good; a person who clears it has decided to submit again.
    assert ledger_of(store).entry() is None


def test_an_answer_that_nobody_documented_is_not_taken_for_a_refusal(store: StateStore) -> None:
    with (
        ScriptedServer([answers(418, {"message": "I am a teapot"})]) as server,
        ContactsClient(server.url, "key", max_wait=0) as client,
        pytest.raises(SubmissionUnknown, match="418"),
    ):
        submit(client, REQUEST, ledger_of(store), timeout=60)


@pytest.mark.parametrize(("kind", "error"), [("429", RateLimited), ("400", BadRequest)])
def test_a_refusal_leaves_no_trace_and_may_be_tried_again(
    kind: str,
    error: type[Exception],
    sandbox: SandboxServer,
    client: ContactsClient,
    store: StateStore,
) -> None:
    sandbox.set_knobs(faults=[{"route": "import", "kind": kind}])
    with pytest.raises(error):
        submit(client, REQUEST, ledger_of(store), timeout=60)
    assert store == {}
    with ContactsClient(sandbox.url, sandbox.api_key) as later:
        assert reconnect(later, ledger_of(store), timeout=60) is None
        submit(later, REQUEST, ledger_of(store), timeout=60)
    assert sandbox.imports_accepted() == 1


def test_a_request_that_was_never_sent_leaves_no_trace(store: StateStore) -> None:
    with ScriptedServer() as gone:
        url = gone.url
    with ContactsClient(url, "key", max_wait=0) as client, pytest.raises(NotSent):
        submit(client, REQUEST, ledger_of(store), timeout=60)
    assert store == {}


def test_an_unknown_list_is_refused_without_a_trace(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    with pytest.raises((BadRequest, NotFound), match="List"):
        submit(client, an_import(list_id=999), ledger_of(store), timeout=60)
    assert store == {}
    assert sandbox.imports_accepted() == 0


def test_running_imports_are_everybodys(sandbox: SandboxServer, client: ContactsClient) -> None:
    assert running_imports(client) == ()
    sandbox.set_knobs(hold="queued")
    ids = submitted(client, 2)
    assert sorted(running_imports(client)) == ids
    sandbox.set_knobs(hold="none")
    until_ended(client, *ids)
    assert running_imports(client) == ()


@pytest.mark.parametrize("status", ["404", "405"])
def test_where_there_is_no_process_route_no_import_is_seen_running(
    status: str, sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(hold="queued", process_route=status)
    submitted(client, 1)
    assert running_imports(client) == ()


def test_running_imports_that_cannot_be_asked_for_are_not_taken_as_none(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(faults=["processes:500"])
    with pytest.raises(Unavailable):
        running_imports(client)
