"""Runs of one connection at once on a real Airflow: in order, one start for a place, kills included."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from email_contacts.imports import failpoints
from email_contacts.imports.waiting.rate_budget import AT_FIRST, Bucket
from tests.faults.queue_trial import QueueTrial, Strike
from tests.faults.under_fire import UnderFire

RUNS = 6
KILL, FREEZE = signal.SIGKILL.name, signal.SIGSTOP.name
# Each in the middle of its turn, but the first one, which has only joined.
STRIKES = (
    Strike(KILL, failpoints.QUEUED),
    Strike(KILL, failpoints.BEFORE_INTENT),
    Strike(KILL, failpoints.AFTER_INTENT),
    Strike(KILL, failpoints.AFTER_LEDGER),
    Strike(FREEZE, failpoints.BEFORE_INTENT),
    Strike(FREEZE, failpoints.AFTER_INTENT),
)


def test_runs_at_once_are_served_in_the_order_of_arrival_and_started_once_for_it(
    airflow: UnderFire, tmp_path: Path
) -> None:
    begin = time.monotonic()
    with QueueTrial(airflow, "queue-of-six", tmp_path / "trial", polls_per_hour=1800) as trial:
        trial.occupy()
        runs = [trial.begin() for _ in range(RUNS)]
        trial.await_queue(*runs)
        arrived = [run for run, _ in trial.queue()]
        trial.release()
        trial.await_success(*runs)
        assert trial.served(*runs) == arrived, trial.report()
        assert trial.sandbox.imports_accepted() == 1 + RUNS
        assert sum(map(trial.starts, runs)) <= 2.2 * RUNS
        assert trial.queue() == []
        assert trial.complaints() == []
        # All looks, of the triggerer and of the workers: a few at once, then as tokens drip in.
        assert trial.budget(), "it was counted"
        seconds = time.monotonic() - begin
        assert trial.looks() <= AT_FIRST + seconds / Bucket(1800).seconds_per_token + 1


@pytest.fixture(scope="module")
def struck(
    airflow: UnderFire, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Strike, tuple[QueueTrial, str]]]:
    """For each strike an account in whose queue the first one is struck when its turn comes; side by side."""
    with ExitStack() as stack:
        trials = {}
        for strike in STRIKES:
            trial = stack.enter_context(
                QueueTrial(airflow, f"queue-{strike}", tmp_path_factory.mktemp("queue") / "trial")
            )
            trial.occupy()
            trials[strike] = (trial, trial.begin())
        for trial, first in trials.values():
            trial.await_queue(first)
            trial.begin()
            trial.begin()
        for strike, (trial, first) in trials.items():
            trial.await_queue(*trial.runs)
            trial.arm(first, strike)
            trial.release()
        yield trials


@pytest.mark.parametrize("strike", STRIKES, ids=str)
def test_one_that_is_struck_in_its_turn_does_not_stop_the_others(
    strike: Strike,
    struck: dict[Strike, tuple[QueueTrial, str]],
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    trial, first = struck[strike]
    others = [run for run in trial.runs if run != first]
    trial.await_strike(first)
    trial.await_success(*others)
    # Measured, and not asserted: a busy machine takes any time to start a task.
    seconds = min(trial.seconds_until(run, first) for run in others)
    record_testsuite_property(f"{strike}: seconds until the next import", seconds)
    # It is tried again after ten minutes, or frozen: nothing that it did has let the others go on.
    assert trial.task(first)["state"] == ("running" if strike.signal == FREEZE else "up_for_retry")
    before = trial.sandbox.imports_accepted()
    assert before == 1 + len(others) + (strike.failpoint == failpoints.AFTER_LEDGER)
    if strike.signal == FREEZE:
        trial.thaw(first)
        trial.until(lambda: trial.task(first)["state"] == "up_for_retry", f"{first} finds its turn lost")
        assert trial.sandbox.imports_accepted() == before, trial.report()
    trial.clear(first)
    trial.await_success(first)
    assert trial.sandbox.imports_accepted() == 1 + len(trial.runs), trial.report()
    assert trial.queue() == []
