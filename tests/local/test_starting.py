"""Waiting for a start: as long as there are signs of work, and in an order that works on a busy machine."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local import processes
from local.home import Home
from local.processes import LONGEST, Service, StartError, wait_until
from local.stack import Stack


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(processes, "time", clock)
    return clock


@pytest.fixture
def service(tmp_path: Path) -> Service:
    (tmp_path / "log").touch()
    return Service("slow", [], {}, tmp_path / "log")


def writing(service: Service, ready: Callable[[], bool]) -> Callable[[], bool]:
    """Ask whether it is ready, while the service goes on writing its log."""

    def asked() -> bool:
        with service.log.open("a") as log:
            log.write("still starting\n")
        return ready()

    return asked


def test_a_slow_start_is_waited_for_while_there_is_progress(clock: Clock, service: Service) -> None:
    wait_until(writing(service, lambda: clock.now > 1000), services=[service], what="waited")
    assert 1000 < clock.now < 1001


def test_a_start_without_a_sign_of_work_is_given_up(clock: Clock, service: Service) -> None:
    with pytest.raises(StartError, match="waited for it for 180 s, the last 180 s without a sign of work"):
        wait_until(lambda: False, services=[service], what="waited for it")


def test_there_is_an_end_to_it(clock: Clock, service: Service) -> None:
    with pytest.raises(StartError, match="still starting"):
        wait_until(writing(service, lambda: False), services=[service], what="waited")
    assert LONGEST < clock.now < LONGEST + 1


def test_processor_time_is_a_sign_of_work(tmp_path: Path) -> None:
    busy = Service("busy", [sys.executable, "-c", "while True: pass"], {}, tmp_path / "log")
    busy.start()
    try:
        at_first = busy.work_done()
        wait_until(lambda: busy.work_done() > at_first, services=[busy], what="waited for processor time")
        assert busy.work_done()[0] == at_first[0] == 0
    finally:
        busy.stop()


def test_a_process_that_has_ended_is_told_at_once(tmp_path: Path) -> None:
    ended = Service("ended", [sys.executable, "-c", "raise SystemExit('no config')"], {}, tmp_path / "log")
    ended.start()
    assert ended.process is not None
    ended.process.wait()
    with pytest.raises(StartError, match="ended with status 1:\nno config"):
        wait_until(lambda: False, services=[ended], what="waited")


def test_the_scheduler_starts_after_the_api_server_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise its first tasks find no API server on a busy machine, and fail."""
    stack = Stack(Home(tmp_path), sandbox_options=None, dag_ids=())
    events: list[str] = []
    answers = itertools.chain([False, False], itertools.repeat(True))

    def answered() -> bool:
        events.append("answers" if (yes := next(answers)) else "silence")
        return yes

    monkeypatch.setattr(stack, "migrate", lambda: None)
    monkeypatch.setattr(stack, "start_component", events.append)
    monkeypatch.setattr(stack.rest, "answers", answered)
    monkeypatch.setattr(stack.rest, "is_healthy", lambda: True)
    monkeypatch.setattr(stack.rest, "login", lambda: None)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    stack.start()
    started = [event for event in events if event not in ("silence", "answers")]
    assert started == ["api-server", "dag-processor", "triggerer", "scheduler"]
    assert events[3:] == ["silence", "silence", "answers", "scheduler"]
