"""An Airflow that is nothing but a database and a triggerer, with tasks that wait in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from email_contacts.sandbox import SandboxServer
from local.deferred import defer
from local.home import Home
from local.processes import Service, wait_until
from local.stack import Stack

CONN_ID = "email_contacts_default"
POLLS_PER_HOUR = 3600


class Waiting:
    """Tasks that wait for imports.

    :param home: where the Airflow lives.
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

    def defer(self, kwargs: Sequence[Mapping[str, Any]]) -> None:
        """Have a task instance wait for each of these triggers."""
        self.home.create()
        Stack(self.home, sandbox_options=None).migrate()
        given = {"conn_id": CONN_ID, "not_before": 0.0}
        defer(
            "email_contacts.trigger.ImportCompletedTrigger",
            [{**given, **one} for one in kwargs],
            environment=self.environment,
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

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Come back once it is so."""
        wait_until(condition, services=[self.triggerer], seconds=600, what=what)
