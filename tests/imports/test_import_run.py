"""One import from its submission to its end, as one process of a task sees it."""

from __future__ import annotations

import pytest

from email_contacts.api import ContactsClient
from email_contacts.imports.errors import DeadlinePassed, IntentSuperseded, ProcessForgotten
from email_contacts.imports.import_run import ImportRun
from email_contacts.imports.submission.import_job import ImportJob
from email_contacts.imports.submission.import_record import ImportRecord
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.imports.waiting.process_status import ProcessStatuses
from email_contacts.imports.waiting.worker_wait import WaitOutcome
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import an_import, until_ended
from tests.task_context import StateStore

JOB = ImportJob(an_import())


def a_run(client: ContactsClient, store: StateStore) -> ImportRun:
    """The import as the next process of the task goes on with it."""
    return ImportRun(
        client,
        Ledger(store, JOB.fingerprint),
        lambda: JOB,
        timeout=60.0,
        reconciliation_timeout=0.0,
        max_running=5,
        completion_source="auto",
    )


def submitted(run: ImportRun) -> ImportRecord:
    assert run.reconnect(import_again=False) is None
    came = run.submit(lambda: None)
    assert isinstance(came, ImportRecord)
    return came


def test_it_ends_with_its_process(sandbox: SandboxServer, client: ContactsClient, store: StateStore) -> None:
    run = a_run(client, store)
    record = submitted(run)
    assert record.process_id is not None
    until_ended(client, record.process_id)
    outcome = run.look(record)
    assert outcome is not None
    assert run.end(outcome) == record.process_id
    assert a_run(client, store).reconnect(import_again=False) is not None


def test_while_it_runs_it_has_to_be_waited_for(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    run = a_run(client, store)
    assert run.look(submitted(run)) is None


def test_at_the_deadline_a_person_decides(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    run = a_run(client, store)
    submitted(run)
    with pytest.raises(DeadlinePassed, match="Clear this task to wait longer"):
        run.end(WaitOutcome(ProcessStatuses(()), is_late=True))
    record = run.ledger.record()
    assert record is not None
    assert record.deadline is None


def test_a_process_that_is_gone_is_forgotten(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    run = a_run(client, store)
    record = submitted(run)
    sandbox.reset()
    with pytest.raises(ProcessForgotten, match="import again"):
        run.look(record)
    assert store == {}


@pytest.mark.parametrize("answered", [1, 2])
def test_a_process_that_a_frozen_try_began_is_named(
    answered: int, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    """It was frozen after the look at its record, and sent when its retry had sent again."""
    frozen, run = Ledger(store, JOB.fingerprint), a_run(client, store)
    intent = frozen.intend(deadline=9e9, newest=0)
    assert run.reconnect(import_again=False) is None
    record = run.submit(lambda: None)
    assert isinstance(record, ImportRecord)
    assert (record.process_id, record.repeats) == (1, 1)
    assert run.with_late_answers(record) == record
    with pytest.raises(IntentSuperseded):
        frozen.complete(intent, answered)
    known = run.with_late_answers(record)
    assert known.other_process_ids == (() if answered == 1 else (2,))
    assert known.to_xcom()["other_process_ids"] == list(known.other_process_ids)


def test_a_turn_that_was_lost_before_sending_leaves_no_trace(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    def lost() -> None:
        raise RuntimeError("another task has the turn")

    with pytest.raises(RuntimeError, match="another task"):
        a_run(client, store).submit(lost)
    assert store == {}
    assert sandbox.imports_accepted() == 0
