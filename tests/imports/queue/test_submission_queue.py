"""Tasks that submit with the same connection do so one at a time, in the order in which they arrived."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import pytest

from email_contacts.imports.queue import submission_queue
from email_contacts.imports.queue.entries import Phase, QueueEntries, Ticket
from email_contacts.imports.queue.submission_queue import QueueTimeout, SubmissionQueue, TurnLost
from tests.imports.queue.conftest import task
from tests.task_context import SharedStore, StateStore

Queues = Callable[..., SubmissionQueue]


def phases(shared: SharedStore) -> list[str]:
    return [entry.phase.value for entry in QueueEntries(shared, "a").read()]


def test_who_is_alone_enters_at_once_and_leaves_nothing_behind(queue_of: Queues, shared: SharedStore) -> None:
    memory = StateStore()
    queue = queue_of(1, memory=memory)
    turn = queue.enter()
    assert turn is not None
    with turn:
        assert phases(shared) == ["submitting"]
    queue.leave()
    assert (shared.values, memory) == ({}, {})


def test_a_second_one_waits_until_the_first_has_left(queue_of: Queues, shared: SharedStore) -> None:
    first, second = queue_of(1), queue_of(2)
    turn = first.enter()
    assert turn is not None
    with turn:
        assert second.enter() is None
        assert phases(shared) == ["submitting", "waiting"]
    assert second.enter() is not None


def test_who_arrived_first_is_served_first(queue_of: Queues) -> None:
    queues = [queue_of(number) for number in range(5)]
    for queue in queues:
        queue.join()
        time.sleep(0.002)  # an arrival is a moment in milliseconds
        queue.entries.write(queue.join().ticket, Phase.WAITING, queue.task)
    for number, queue in enumerate(queues):
        assert [one.enter() for one in queues[number + 1 :]] == [None] * (4 - number)
        turn = queue.enter()
        assert turn is not None
        with turn:
            pass


def test_two_never_have_the_turn_at_once_and_all_have_it_once(
    queue_of: Queues, shared: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission_queue, "READ_EVERY", 0.005)
    monkeypatch.setattr(submission_queue, "BEAT", 0.003)
    monkeypatch.setattr(submission_queue, "_RIVAL_PAUSES", (0.001,) * 4)
    inside, most, had = [], [], []

    def submit(number: int) -> None:
        time.sleep(random.random() / 100)
        queue = queue_of(number)
        with queue.wait_here():
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.01)
            inside.remove(number)
            had.append(number)
        queue.leave()

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(had) == list(range(12))
    assert max(most) == 1
    assert shared.values == {}


def test_of_two_that_claim_the_turn_in_the_same_moment_the_later_one_withdraws(
    queue_of: Queues, shared: SharedStore
) -> None:
    """The claim is written first and looked around second; the other way round both would go."""
    late = queue_of(2)
    early = Ticket.of(task(1), arrived=1)

    class Crowded(SharedStore):
        def set(self, key: str, value: str) -> None:
            super().set(key, value)
            if ".submitting." in key and early.holder not in key:
                QueueEntries(self, "a").write(early, Phase.SUBMITTING, task(1))

    late.entries.store = Crowded()
    assert late.enter() is None
    assert [entry.phase.value for entry in late.entries.read()] == ["submitting", "waiting"]


def test_another_account_does_not_wait(queue_of: Queues, shared: SharedStore) -> None:
    other = SubmissionQueue(shared, account="b", task=task(2), memory=StateStore())
    assert queue_of(1).enter() is not None
    assert other.enter() is not None


def test_a_retry_comes_back_to_its_place(queue_of: Queues) -> None:
    memory = StateStore()
    killed = queue_of(1, memory=memory)
    assert killed.enter() is not None
    killed.entries.remove(killed.join().ticket)  # by those who waited
    assert queue_of(2).enter() is not None
    retry = queue_of(1, memory=memory)
    assert retry.join().ticket == killed.join().ticket
    assert retry.enter() is None, "another one has the turn"
    assert retry.entries.read()[0].ticket == retry.join().ticket


def test_a_retry_takes_over_the_turn_that_its_killed_try_left(queue_of: Queues) -> None:
    memory = StateStore()
    assert queue_of(1, memory=memory).enter() is not None
    assert queue_of(1, memory=memory).enter() is not None


def test_a_cleared_task_comes_last(queue_of: Queues) -> None:
    memory = StateStore()
    before = queue_of(1, memory=memory).join()
    time.sleep(0.002)
    assert queue_of(1, memory=memory, generation=4).join().ticket > before.ticket


def test_one_that_was_taken_for_dead_does_not_submit(queue_of: Queues) -> None:
    queue = queue_of(1)
    turn = queue.enter()
    assert turn is not None
    with turn:
        turn.confirm()
        queue.entries.remove(queue.join().ticket)
        with pytest.raises(TurnLost, match="nothing was sent"):
            turn.confirm()
    assert queue.enter() is not None


def test_one_that_finds_another_with_the_turn_does_not_submit(queue_of: Queues) -> None:
    queue = queue_of(1)
    turn = queue.enter()
    assert turn is not None
    with turn:
        queue.entries.write(Ticket.of(task(2), arrived=5), Phase.SUBMITTING, task(2))
        with pytest.raises(TurnLost):
            turn.confirm()


def test_the_place_can_be_kept_after_the_turn(queue_of: Queues, shared: SharedStore) -> None:
    turn = queue_of(1).enter()
    assert turn is not None
    with turn:
        turn.keep_place()
    assert phases(shared) == ["waiting"]


def test_an_error_gives_the_turn_back(queue_of: Queues, shared: SharedStore) -> None:
    turn = queue_of(1).enter()
    assert turn is not None

    def fail() -> None:
        with turn:
            turn.keep_place()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert shared.values == {}


def test_who_waits_in_vain_says_so(shared: SharedStore, queue_of: Queues) -> None:
    assert queue_of(1).enter() is not None
    late = SubmissionQueue(shared, account="a", task=task(2), memory=StateStore(), timeout=0)
    with pytest.raises(QueueTimeout, match="connection 'a'"):
        late.wait_here()
    assert phases(shared) == ["submitting"], "only the other's entry is left"
