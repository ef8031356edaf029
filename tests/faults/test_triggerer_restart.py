"""A triggerer is killed while two hundred imports are waited for, and started again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from email_contacts.api import ContactsClient
from email_contacts.imports.waiting.rate_budget import AT_FIRST
from email_contacts.sandbox import SandboxServer
from local.home import Home
from tests.faults.lone_triggerer import POLLS_PER_HOUR, Waiting
from tests.imports.conftest import submitted, until_ended

WAITS = 200
# One look at all of them: four pages of fifty.
ROUND = WAITS // 50


@pytest.fixture
def waiting(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Waiting]:
    """Two hundred imports that the platform holds, and as many deferred tasks."""
    sandbox.set_knobs(hold="in_process")
    made = Waiting(Home(tmp_path / "home"), sandbox)
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=10_000) as client:
        ids = submitted(client, WAITS)
    made.defer([{"process_ids": [one], "deadline": time.time() + 3600} for one in ids])
    try:
        yield made
    finally:
        made.triggerer.stop()


def test_none_is_lost_and_requests_are_not_multiplied(waiting: Waiting, sandbox: SandboxServer) -> None:
    assert waiting.states() == {"deferred": WAITS}
    waiting.triggerer.start()
    waiting.wait(lambda: waiting.asked() >= ROUND, "waited for a look at all imports")
    waiting.triggerer.kill()

    before, killed_at = waiting.asked(), time.monotonic()
    waiting.triggerer.start()
    waiting.wait(lambda: waiting.asked() >= before + ROUND, "waited for a look after the restart")
    assert waiting.states() == {"deferred": WAITS}
    # Two hundred waits, and no more requests than a single one may make: a few at once, then the budget.
    seconds = time.monotonic() - killed_at
    assert waiting.asked() - before <= AT_FIRST + seconds * POLLS_PER_HOUR / 3600

    sandbox.set_knobs(hold="none")
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=10_000) as client:
        until_ended(client, *range(1, WAITS + 1, 50))
    waiting.wait(lambda: waiting.states() == {"scheduled": WAITS}, "waited for all tasks to be resumed")
    outcomes = [json.dumps(event) for event in waiting.events()]
    assert len(outcomes) == WAITS
    assert all('"seen"' in text and '"completed"' in text for text in outcomes)
