"""A thousand waiting imports in one real triggerer, against per-task polling; and how soon a task is resumed.

Both triggers wait for the same imports on the same sandbox, one after the other, each in a fresh ``airflow
triggerer`` on a separate database. The window begins when every trigger runs.
"""

from __future__ import annotations

import json
import logging
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks import waking
from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.sandbox import SandboxServer
from local.deferred import defer
from local.home import PROJECT, Home
from local.processes import Service, members, wait_until
from local.stack import Stack

WAITS = 1000
WINDOW = 60.0
# What a task asks for by itself; the providers' own defaults are between 3 s and 60 s.
PEER_INTERVAL = 60.0
CONN_ID = "email_contacts_default"
IN_AN_HOUR = 3600


@dataclass(frozen=True)
class Load:
    """What a triggerer and the platform had to bear.

    :param requests: to the process routes within the window.
    :param first_requests: before the window, while the triggers started.
    :param seconds: the window.
    :param processor: seconds of processor time within it, of the triggerer and its children.
    :param memory: bytes that only they use, at its end.
    """

    requests: int
    first_requests: int
    seconds: float
    processor: float
    memory: int

    @property
    def per_hour(self) -> float:
        return self.requests * 3600 / self.seconds

    def describe(self) -> str:
        return (
            f"{self.requests} requests in {self.seconds:.0f} s ({self.per_hour:,.0f} an hour; "
            f"{self.first_requests} before, at the start), "
            f"{self.processor / self.seconds:.1%} of a core, {self.memory / 2**20:.0f} MB"
        )


def waiting_imports(platform: SandboxServer) -> list[int]:
    """Submit the imports; the platform holds them."""
    platform.set_knobs(hold="in_process")
    with ContactsClient(platform.url, platform.api_key, requests_per_second=10_000) as client:
        return [
            client.import_contacts(ImportRequest(json_body=[{"email": f"p{one}@example.com"}], list_ids=[2]))
            for one in range(WAITS)
        ]


def load_of(
    name: str, platform: SandboxServer, classpath: str, kwargs: Sequence[Mapping[str, Any]], polls: int
) -> Load:
    """Let the triggers run in a triggerer, and measure.

    :param polls: the connection's ``process_polls_per_hour``.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-wait-") as folder:
        home = Home(Path(folder))
        home.create()
        Stack(home, sandbox_options=None).migrate()
        environment = {
            **home.environment(),
            "PYTHONPATH": f"{PROJECT}:{PROJECT / 'plugins'}",
            f"AIRFLOW_CONN_{CONN_ID.upper()}": json.dumps(
                {
                    "conn_type": "email_contacts",
                    "host": platform.url,
                    "password": platform.api_key,
                    "extra": {"process_polls_per_hour": polls},
                }
            ),
        }
        defer(classpath, kwargs, environment=environment)
        triggerer = Service(name, ["airflow", "triggerer"], environment, home.logs / "triggerer.log")
        before = asked(platform)
        triggerer.start()
        try:
            wait_until(
                started(home), services=[triggerer], seconds=120, what="waited for the triggers to run"
            )
            return measured(triggerer, platform, before)
        finally:
            triggerer.stop()


def started(home: Home) -> Callable[[], bool]:
    """Whether every trigger has said in its log that it starts."""

    def check() -> bool:
        with closing(sqlite3.connect(home.folder / "airflow.db", timeout=30)) as database:
            query = "SELECT count(*) FROM trigger WHERE triggerer_id IS NOT NULL"
            (assigned,) = database.execute(query).fetchone()
        return bool(assigned == WAITS and len(list(home.logs.rglob("*.trigger.*.log"))) == WAITS)

    return check


def measured(triggerer: Service, platform: SandboxServer, before: int) -> Load:
    """Measure for one window."""
    first, begin, processor = asked(platform), time.monotonic(), processor_time(triggerer)
    time.sleep(WINDOW)
    seconds = time.monotonic() - begin
    return Load(
        requests=asked(platform) - first,
        first_requests=first - before,
        seconds=seconds,
        processor=processor_time(triggerer) - processor,
        memory=sum(psutil.Process(pid).memory_full_info().uss for pid in members(triggerer.pid)),
    )


def asked(platform: SandboxServer) -> int:
    """How often the platform was ever asked for processes."""
    return sum(entry.route in ("process", "processes") for entry in platform.journal())


def processor_time(triggerer: Service) -> float:
    """Seconds that its processes have computed so far."""
    times = [psutil.Process(pid).cpu_times() for pid in members(triggerer.pid)]
    return sum(one.user + one.system for one in times)


def main() -> None:
    """Print the figures and their ratio."""
    logging.getLogger("email_contacts.sandbox").setLevel(logging.WARNING)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the triggerer has a log file for each task
    deadline = time.time() + IN_AN_HOUR
    with SandboxServer(api_key="benchmark-key") as platform:
        ids = waiting_imports(platform)
        print(f"{WAITS} waiting imports, one triggerer, windows of {WINDOW:.0f} s")
        ours = [
            {"conn_id": CONN_ID, "process_ids": [one], "deadline": deadline, "not_before": 0.0} for one in ids
        ]
        watch = load_of("shared", platform, "email_contacts.trigger.ImportCompletedTrigger", ours, 100)
        print(f"  shared watch, default budget (100 an hour): {watch.describe()}", flush=True)
        theirs = [
            {"conn_id": CONN_ID, "process_id": one, "poll_interval": PEER_INTERVAL, "deadline": deadline}
            for one in ids
        ]
        peer = load_of("peer", platform, "benchmarks.peer_trigger.PollingTrigger", theirs, 100)
        print(f"  per-task polling every {PEER_INTERVAL:.0f} s: {peer.describe()}", flush=True)
        # The window is short beside an hour, so the budget is taken where it is more than what was counted.
        ratio = peer.per_hour / max(watch.per_hour, 100.0)
        print(f"  ratio of requests: {ratio:,.0f} to 1 (against the whole budget of 100 an hour)")
        print(f"  ratio of processor time: {peer.processor / watch.processor:.1f} to 1")
    waking.main()


if __name__ == "__main__":
    main()
