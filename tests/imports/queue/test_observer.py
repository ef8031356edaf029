"""An entry stays as long as its holder lives, and no longer; whose clock says what does not matter."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from email_contacts.imports.queue.entries import Phase, QueueEntries, Ticket
from email_contacts.imports.queue.observer import BEAT, DOUBT, LEASE, NOT_STARTED, QueueObserver
from tests.imports.queue.conftest import task
from tests.task_context import SharedStore

FIRST, SECOND = Ticket.of(task(1), arrived=1000), Ticket.of(task(2), arrived=2000)


class Watched:
    """A queue of two, and one that watches it on a clock that moves when it is told to."""

    def __init__(self, shared: SharedStore, phase: Phase) -> None:
        self.shared = shared
        self.seconds = 0.0
        # The holders' clock is a day behind.
        self.entries = QueueEntries(shared, "a", now=lambda: 1_795_000_000.0 + self.seconds)
        self.entries.write(FIRST, phase, task(1))
        self.entries.write(SECOND, Phase.WAITING, task(2))
        self.observer = QueueObserver(QueueEntries(shared, "a"), now=lambda: self.seconds)
        self.phase = phase

    def removed_after(self, *, at_most: float, beating: bool = False) -> float | None:
        """When the first entry was removed; None when it was not."""
        while self.seconds <= at_most:
            if FIRST not in [entry.ticket for entry in self.observer.observe()]:
                return self.seconds
            self.seconds += 1.0
            if beating and self.seconds % BEAT == 0:
                self.entries.write(FIRST, self.phase, task(1))
        return None


@pytest.fixture
def watched(shared: SharedStore) -> Callable[..., Watched]:
    return lambda phase: Watched(shared, phase)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_holder_that_lives_keeps_its_entry_for_hours(phase: Phase, watched: Callable[..., Watched]) -> None:
    assert watched(phase).removed_after(at_most=7200, beating=True) is None


@pytest.mark.parametrize("phase", list(Phase))
def test_one_whose_worker_died_with_its_supervisor_holds_the_others_up_for_less_than_half_a_minute(
    phase: Phase, watched: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    """Airflow takes the task for running for minutes."""
    with caplog.at_level(logging.WARNING):
        after = watched(phase).removed_after(at_most=60)
    assert after is not None
    assert LEASE <= after < 30
    assert "no heartbeat" in caplog.text


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("state", ["up_for_retry", "failed", "success", "skipped", None])
def test_one_whose_task_has_ended_is_removed_at_once(
    state: str | None, phase: Phase, shared: SharedStore, watched: Callable[..., Watched]
) -> None:
    shared.states[task(1)] = state
    after = watched(phase).removed_after(at_most=60)
    assert after is not None
    assert after <= DOUBT + 1


@pytest.mark.parametrize("state", ["scheduled", "queued"])
def test_one_that_was_called_and_waits_for_a_worker_is_given_more_time(
    state: str, shared: SharedStore, watched: Callable[..., Watched]
) -> None:
    shared.states[task(1)] = state
    after = watched(Phase.CALLED).removed_after(at_most=300)
    assert after is not None
    assert NOT_STARTED < after < NOT_STARTED + 10


@pytest.mark.parametrize("state", ["scheduled", "queued", "restarting"])
@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.SUBMITTING])
def test_one_that_was_killed_and_is_tried_again_at_once_is_not(
    phase: Phase, state: str, shared: SharedStore, watched: Callable[..., Watched]
) -> None:
    """A busy executor may take any time to start it; its place is kept, and its turn is not."""
    shared.states[task(1)] = state
    after = watched(phase).removed_after(at_most=60)
    assert after is not None
    assert LEASE <= after < 30


def test_a_state_that_cannot_be_read_leaves_it_to_the_lease(
    shared: SharedStore, watched: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> str:
        raise ConnectionError("the API server restarts")

    monkeypatch.setattr(shared, "task_state", broken)
    after = watched(Phase.SUBMITTING).removed_after(at_most=60)
    assert after is not None
    assert LEASE <= after < 30


def test_who_is_not_first_owes_no_sign_of_life(shared: SharedStore, watched: Callable[..., Watched]) -> None:
    line = watched(Phase.SUBMITTING)
    line.removed_after(at_most=600, beating=True)
    assert [entry.ticket for entry in line.entries.read()] == [FIRST, SECOND]
    line.entries.remove(FIRST)
    line.observer.observe()
    line.seconds += LEASE - 1
    assert [entry.ticket for entry in line.observer.observe()] == [SECOND], "its time begins when it is first"
    line.seconds += 5
    assert line.observer.observe() == []
