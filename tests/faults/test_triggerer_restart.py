"""A triggerer is killed while two hundred imports are waited for, and started again."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from email_contacts.api import ContactsClient
from email_contacts.imports.budget import AT_FIRST
from email_contacts.sandbox import SandboxServer
from local.deferred import defer
from local.home import Home
from local.processes import Service, wait_until
from local.stack import Stack
from tests.imports.conftest import submitted, until_ended

WAITS = 200
CONN_ID = "email_contacts_default"
POLLS_PER_HOUR = 3600
# One look at all of them: four pages of fifty.
ROUND = WAITS // 50


class Waiting:
    """An Airflow that is nothing but a database and a triggerer.

    :param home: where it lives.
    :param platform: what it asks.
    """

    def __init__(self, home: Home, platform: SandboxServer) -> None:
        self.home = home
        self.platform = platform
        connection = {
            "conn_type": "email_contacts",
            "host": platform.url,
            "password": platform.api_key,
            "extra": {"process_polls_per_hour": POLLS_PER_HOUR},
        }
        self.environment = {
            **home.environment(),
            f"AIRFLOW_CONN_{CONN_ID.upper()}": json.dumps(connection),
            # A triggerer that is gone is missed after 4 s (30).
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "4",
        }
        self.triggerer = Service(
            "triggerer", ["airflow", "triggerer"], self.environment, home.logs / "triggerer.log"
        )

    def asked(self) -> int:
        """How often the platform was asked for processes so far."""
        return sum(entry.route in ("process", "processes") for entry in self.platform.journal())

    def states(self) -> dict[str, int]:
        """How many task instances are in each state."""
        with closing(sqlite3.connect(self.home.folder / "airflow.db", timeout=30)) as database:
            rows = database.execute("SELECT state, count(*) FROM task_instance GROUP BY state")
            return {str(state): count for state, count in rows}

    def events(self) -> list[dict[str, Any]]:
        """What the task instances that were resumed came back with."""
        with closing(sqlite3.connect(self.home.folder / "airflow.db", timeout=30)) as database:
            rows = database.execute("SELECT next_kwargs FROM task_instance WHERE state = 'scheduled'")
            return [json.loads(text) for (text,) in rows]

    def wait(self, condition: Any, what: str) -> None:
        """Come back once it is so."""
        wait_until(condition, services=[self.triggerer], seconds=60, what=what)


@pytest.fixture
def waiting(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Waiting]:
    """Two hundred imports that the platform holds, and as many deferred tasks."""
    sandbox.set_knobs(hold="in_process")
    home = Home(tmp_path / "home")
    home.create()
    Stack(home, sandbox_options=None).migrate()
    made = Waiting(home, sandbox)
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=10_000) as client:
        ids = submitted(client, WAITS)
    kwargs = [
        {"conn_id": CONN_ID, "process_ids": [one], "deadline": time.time() + 3600, "not_before": 0.0}
        for one in ids
    ]
    defer("email_contacts.trigger.ImportCompletedTrigger", kwargs, environment=made.environment)
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
