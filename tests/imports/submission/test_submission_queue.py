"""Tasks that submit with the same connection take turns, whatever becomes of one of them."""

from __future__ import annotations

import random
import threading
import time

import pytest

from email_contacts.imports.submission.submission_queue import LEASE, Clock, TurnNotTaken, turn
from tests.task_context import SharedStore


class Hands:
    """A clock whose time passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 1000.0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += seconds

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.time, sleep=self.sleep, chance=lambda: 0.5)


def test_a_turn_leaves_nothing_behind() -> None:
    shared = SharedStore()
    with turn(shared, account="a", holder="one"):
        assert len(shared.values) == 1
    assert shared.values == {}


def test_a_turn_is_given_back_when_the_submission_fails() -> None:
    shared = SharedStore()
    with pytest.raises(RuntimeError), turn(shared, account="a", holder="one"):
        raise RuntimeError
    assert shared.values == {}


def test_two_never_have_it_at_once_and_all_have_it_once() -> None:
    shared, inside, most, had = SharedStore(), [], [], []
    quick = Clock(sleep=lambda _: time.sleep(random.random() / 500))

    def submit(name: str) -> None:
        with turn(shared, account="a", holder=name, clock=quick):
            inside.append(name)
            most.append(len(inside))
            time.sleep(0.001)
            inside.remove(name)
            had.append(name)

    names = [f"task {number}" for number in range(12)]
    threads = [threading.Thread(target=submit, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(had) == sorted(names)
    assert max(most) == 1
    assert shared.values == {}


def test_another_account_does_not_wait() -> None:
    shared = SharedStore()
    with turn(shared, account="a", holder="one"), turn(shared, account="b", holder="other"):
        assert len(shared.values) == 2


def test_the_retry_of_a_killed_task_takes_its_claim_over() -> None:
    shared, hands = SharedStore(), Hands()
    killed = turn(shared, account="a", holder="one", clock=hands.clock)
    killed.__enter__()
    with turn(shared, account="a", holder="one", clock=hands.clock):
        assert hands.time == 1000.0
    assert shared.values == {}


def test_the_claim_of_a_task_that_never_came_back_ends(caplog: pytest.LogCaptureFixture) -> None:
    shared, hands = SharedStore(), Hands()
    killed = turn(shared, account="a", holder="one", clock=hands.clock)
    killed.__enter__()
    with turn(shared, account="a", holder="other", clock=hands.clock):
        assert LEASE <= hands.time - 1000.0 < LEASE + 10
    assert "never came back" in caplog.text
    assert shared.values == {}


def test_whoever_never_gets_a_turn_says_so() -> None:
    shared, hands = SharedStore(), Hands()
    with turn(shared, account="a", holder="one", clock=Clock(now=lambda: 1e9)):
        with (
            pytest.raises(TurnNotTaken, match="connection 'a'"),
            turn(shared, account="a", holder="other", clock=hands.clock),
        ):
            raise AssertionError("not to be reached")
        assert len(shared.values) == 1, "only the other's claim is left"


def test_a_claim_that_another_makes_in_the_very_moment_is_seen() -> None:
    """The claim is written first and looked around second; the other way round two would go."""
    hands = Hands()

    class Crowded(SharedStore):
        is_crowded = False

        def set(self, key: str, value: str) -> None:
            super().set(key, value)
            if not self.is_crowded:
                self.is_crowded = True
                super().set(f"{key[:-3]}xyz", value)

    with turn(Crowded(), account="a", holder="one", clock=hands.clock):
        assert hands.time - 1000.0 >= LEASE
