"""What a later try of a task finds of an earlier one."""

from __future__ import annotations

import json

from email_contacts.imports.ledger import Ledger
from tests.task_context import StateStore

ONE, OTHER = "a" * 64, "b" * 64


def test_nothing_was_intended_at_first(store: StateStore) -> None:
    assert Ledger(store, ONE).entry() is None


def test_an_intent_has_a_deadline_and_no_process_yet(store: StateStore) -> None:
    intent = Ledger(store, ONE).intend(deadline=100.0)
    assert (intent.process_id, intent.submitted_at, intent.closed_in) == (None, None, None)
    assert Ledger(store, ONE).entry() == intent
    assert intent.deadline == 100.0


def test_the_answer_completes_the_intent_and_keeps_its_deadline(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    recorded = ledger.record(ledger.intend(deadline=100.0), 78)
    assert (recorded.process_id, recorded.deadline) == (78, 100.0)
    assert recorded.submitted_at is not None
    assert recorded.submitted_at >= recorded.intended_at
    assert Ledger(store, ONE).entry() == recorded


def test_another_body_inherits_nothing(store: StateStore) -> None:
    """A mapped task that is expanded anew may get another batch under the same index, and the same store."""
    ledger = Ledger(store, ONE)
    ledger.record(ledger.intend(deadline=100.0), 78)
    assert Ledger(store, OTHER).entry() is None
    Ledger(store, OTHER).forget()
    assert Ledger(store, ONE).entry() is not None


def test_a_passed_deadline_leaves_room_for_another(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    ledger.record(ledger.intend(deadline=100.0), 78)
    ledger.rest()
    resting = ledger.entry()
    assert resting is not None
    assert (resting.process_id, resting.deadline) == (78, None)
    assert ledger.prolong(resting, deadline=200.0) == ledger.entry()


def test_only_a_cleared_task_is_past_a_closed_import(store: StateStore) -> None:
    ledger = Ledger(store, ONE, generation=3)
    entry = ledger.record(ledger.intend(deadline=100.0), 78)
    assert not ledger.is_past(entry)
    ledger.close()
    closed = ledger.entry()
    assert closed is not None
    assert not Ledger(store, ONE, generation=3).is_past(closed)
    assert Ledger(store, ONE, generation=5).is_past(closed)


def test_what_was_forgotten_is_gone(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    ledger.intend(deadline=100.0)
    ledger.forget()
    ledger.forget()
    assert ledger.entry() is None
    assert store == {}


def test_closing_or_resting_without_an_entry_makes_none(store: StateStore) -> None:
    Ledger(store, ONE).close()
    Ledger(store, ONE).rest()
    assert store == {}


def test_what_is_stored_is_json_and_no_body(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    ledger.record(ledger.intend(deadline=100.0), 78)
    assert json.loads(json.dumps(store)) == store
    assert len(json.dumps(store)) < 500
