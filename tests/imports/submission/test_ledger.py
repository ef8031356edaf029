"""What a later try of a task finds of an earlier one."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from email_contacts.imports.callbacks import called_key, new_nonce
from email_contacts.imports.errors import IntentExpired, IntentSuperseded
from email_contacts.imports.submission.ledger import Ledger
from tests.task_context import StateStore

ONE, OTHER = "a" * 64, "b" * 64


def test_nothing_was_intended_at_first(store: StateStore) -> None:
    assert Ledger(store, ONE).record() is None


def test_an_intent_has_a_deadline_and_no_process_yet(store: StateStore) -> None:
    intent = Ledger(store, ONE).intend(deadline=100.0)
    assert (intent.process_id, intent.submitted_at, intent.closed_in) == (None, None, None)
    assert Ledger(store, ONE).record() == intent
    assert intent.deadline == 100.0


def test_the_answer_completes_the_intent_and_keeps_its_deadline(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    recorded = ledger.complete(ledger.intend(deadline=100.0), 78)
    assert (recorded.process_id, recorded.deadline) == (78, 100.0)
    assert recorded.submitted_at is not None
    assert recorded.submitted_at >= recorded.intended_at
    assert Ledger(store, ONE).record() == recorded


def test_another_body_inherits_nothing(store: StateStore) -> None:
    """A mapped task that is expanded anew may get another batch under the same index, and the same store."""
    ledger = Ledger(store, ONE)
    ledger.complete(ledger.intend(deadline=100.0), 78)
    assert Ledger(store, OTHER).record() is None
    Ledger(store, OTHER).forget()
    assert Ledger(store, ONE).record() is not None


def test_a_passed_deadline_leaves_room_for_another(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    ledger.complete(ledger.intend(deadline=100.0), 78)
    ledger.rest()
    resting = ledger.record()
    assert resting is not None
    assert (resting.process_id, resting.deadline) == (78, None)
    assert ledger.prolong(resting, deadline=200.0) == ledger.record()


def test_only_a_cleared_task_is_past_a_closed_import(store: StateStore) -> None:
    ledger = Ledger(store, ONE, generation=3)
    entry = ledger.complete(ledger.intend(deadline=100.0), 78)
    assert not ledger.is_past(entry)
    ledger.close()
    closed = ledger.record()
    assert closed is not None
    assert not Ledger(store, ONE, generation=3).is_past(closed)
    assert Ledger(store, ONE, generation=5).is_past(closed)


def test_what_was_forgotten_is_gone(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    ledger.intend(deadline=100.0)
    ledger.forget()
    ledger.forget()
    assert ledger.record() is None
    assert store == {}


def test_closing_or_resting_without_a_record_makes_none(store: StateStore) -> None:
    Ledger(store, ONE).close()
    Ledger(store, ONE).rest()
    assert store == {}


def test_what_is_stored_is_json_and_no_body(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    ledger.complete(ledger.intend(deadline=100.0), 78)
    assert json.loads(json.dumps(store)) == store
    assert len(json.dumps(store)) < 800


def test_a_record_of_the_first_version_can_still_be_read(store: StateStore) -> None:
    """A task may be waiting while the package is upgraded."""
    old = {
        "fingerprint": ONE,
        "intended_at": "2026-11-22T10:00:00.000+00:00",
        "deadline": 100.0,
        "process_id": 78,
        "submitted_at": "2026-11-22T10:00:01.000+00:00",
        "closed_in": None,
    }
    store.set(f"email_contacts.import.{ONE}", old)
    entry = Ledger(store, ONE).record()
    assert entry is not None
    assert (entry.process_id, entry.is_submitted, entry.nonces, entry.repeats) == (78, True, (), 0)


def test_a_record_of_a_later_version_can_be_read_as_far_as_it_is_known(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    kept = ledger.intend(deadline=100.0)
    (key,) = store
    store[key]["invented_later"] = True
    assert ledger.record() == kept


def test_sending_again_is_counted_and_keeps_the_deadline(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    first = ledger.suspect(ledger.intend(deadline=100.0, newest=7, nonce=new_nonce()), (8, 9))
    again = ledger.intend_again(first, newest=9, nonce=new_nonce(), evidence=None)
    assert ledger.record() == again
    assert (first.repeats, again.repeats) == (0, 1)
    assert (again.deadline, again.newest, again.candidates) == (100.0, 9, ())
    assert again.nonces[0] == first.nonces[0] != again.nonces[1]


def test_a_callback_is_heard_whichever_sending_it_was_for(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    first = ledger.intend(deadline=100.0, nonce=new_nonce())
    again = ledger.intend_again(first, newest=9, nonce=new_nonce(), evidence=None)
    assert ledger.called_at(again) is None
    store.set(called_key(new_nonce()), {"called_at": "for somebody else"})
    assert ledger.called_at(again) is None
    store.set(called_key(first.nonces[0]), {"called_at": "2026-11-22T10:00:00+00:00"})
    assert ledger.called_at(again) == "2026-11-22T10:00:00+00:00"


def test_without_a_callback_address_nothing_is_heard(store: StateStore) -> None:
    ledger = Ledger(store, ONE)
    store.set(called_key(""), {"called_at": "2026-11-22T10:00:00+00:00"})
    assert ledger.called_at(ledger.intend(deadline=100.0)) is None


def test_whoever_lost_the_record_neither_sends_nor_writes(store: StateStore) -> None:
    frozen, retry = Ledger(store, ONE), Ledger(store, ONE)
    intent = frozen.intend(deadline=100.0)
    frozen.confirm(intent)
    taken = retry.take_over()
    assert taken is not None
    before = json.dumps(store)
    for write in (
        lambda: frozen.confirm(intent),
        lambda: frozen.suspect(intent, (7,)),
        lambda: frozen.intend(deadline=100.0),
        lambda: frozen.intend_again(intent, newest=7, nonce="", evidence=None),
        lambda: frozen.complete(intent, 7, decision="adopted: it was found"),
        lambda: frozen.prolong(intent, deadline=9.0),
        frozen.rest,
        frozen.close,
        frozen.forget,
    ):
        with pytest.raises(IntentSuperseded):
            write()
    assert json.dumps(store) == before
    assert retry.complete(taken, 8).process_id == 8


def test_an_answer_that_comes_late_is_kept_beside_the_record(store: StateStore) -> None:
    frozen, retry = Ledger(store, ONE), Ledger(store, ONE)
    intent = frozen.intend(deadline=100.0)
    taken = retry.take_over()
    assert taken is not None
    assert retry.late_answer(taken) is None
    with pytest.raises(IntentSuperseded):
        frozen.complete(intent, 7)
    assert (retry.late_answer(taken), retry.late_answers(taken)) == (7, (7,))
    again = retry.intend_again(taken, newest=6, nonce="", evidence=None)
    assert retry.late_answer(again) is None, "of the last sending nothing is known yet"
    assert retry.late_answers(again) == (7,)


def test_a_record_that_was_forgotten_is_nobodys(store: StateStore) -> None:
    frozen, retry = Ledger(store, ONE), Ledger(store, ONE)
    intent = frozen.intend(deadline=100.0)
    retry.take_over()
    retry.forget()
    with pytest.raises(IntentSuperseded):
        frozen.confirm(intent)


@pytest.mark.parametrize("age", [timedelta(seconds=61), timedelta(days=3), -timedelta(seconds=61)])
def test_an_intent_that_is_not_fresh_is_not_sent(
    age: timedelta, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(store, ONE)
    intent = ledger.intend(deadline=100.0)
    ledger.confirm(intent)
    then = datetime.fromisoformat(intent.intended_at) + age
    monkeypatch.setattr("email_contacts.imports.submission.ledger.now", then.isoformat)
    with pytest.raises(IntentExpired, match="sent nothing"):
        ledger.confirm(intent)
