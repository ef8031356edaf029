"""What is counted, seen by a StatsD server of the test's own; what the docs and the dashboard say of it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from email_contacts import metrics
from email_contacts.hook import ContactsHook
from email_contacts.operators.receipts import WriteReceiptOperator
from email_contacts.trigger import ImportCompletedTrigger
from tests.conftest import CONN_ID
from tests.task_context import StateStore, make_context

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs" / "metrics.md"
DASHBOARD = PROJECT / "include" / "grafana" / "email_contacts.json"
STATES = ("completed", "completed_with_rejects", "failed", "unknown", "dry_run")
RECEIPT = {
    "state": "completed_with_rejects",
    "rows": {"read": 10, "accepted": 7, "rejected": 2, "duplicates": 1, "held_back": 0},
    "platform": {"invalid email": 1},
    "started_at": "2026-11-28T01:00:00.000+00:00",
    "finished_at": "2026-11-28T01:00:02.500+00:00",
}


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """Airflow's StatsD client, pointed at a socket: a function that gives what has arrived since."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        for name, value in {
            "STATSD_ON": "True",
            "STATSD_HOST": "127.0.0.1",
            "STATSD_PORT": str(server.getsockname()[1]),
        }.items():
            monkeypatch.setenv(f"AIRFLOW__METRICS__{name}", value)
        metrics._stats.cache_clear()

        def drain() -> list[str]:
            lines = []
            with suppress(BlockingIOError):
                while True:
                    lines.append(server.recv(65536).decode())
            return lines

        yield drain
        monkeypatch.undo()
        metrics._stats.cache_clear()
        metrics._stats()  # turned off again
        metrics._stats.cache_clear()


def test_a_receipt_is_counted_by_state_and_by_row(received: Callable[[], list[str]]) -> None:
    metrics.of_receipt(RECEIPT, conn_id=CONN_ID)
    assert sorted(received()) == [
        "airflow.email_contacts.imports.completed_with_rejects:1|c",
        "airflow.email_contacts.imports.duration:2500.000000|ms",
        "airflow.email_contacts.rows.accepted:7|c",
        "airflow.email_contacts.rows.duplicates:1|c",
        "airflow.email_contacts.rows.read:10|c",
        "airflow.email_contacts.rows.rejected:2|c",
        "airflow.email_contacts.rows.rejected_by_platform:1|c",
    ]


def test_the_task_of_the_receipt_counts_it(
    connection: str, store: StateStore, received: Callable[[], list[str]]
) -> None:
    task = WriteReceiptOperator(task_id="receipt", manifest_uri=None, verdict=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="failed"):
        task.execute(make_context(store))
    assert "airflow.email_contacts.imports.failed:1|c" in received()


def test_each_request_to_the_process_route_is_counted(
    connection: str, received: Callable[[], list[str]]
) -> None:
    ContactsHook(CONN_ID).client.processes()
    assert received() == ["airflow.email_contacts.process_requests:1|c"]


def test_a_wait_in_the_triggerer_is_counted_until_it_ends(
    connection: str, received: Callable[[], list[str]]
) -> None:
    trigger = ImportCompletedTrigger(
        conn_id=CONN_ID, process_ids=[1], deadline=0.0, not_before=0.0, source="no such source"
    )
    asyncio.run(anext(trigger.run()))  # type: ignore[arg-type]
    assert received() == [f"airflow.email_contacts.waits.{what}:1|c" for what in ("started", "ended")]


def test_a_metric_that_cannot_be_sent_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise OSError("no route to the collector")

    monkeypatch.setattr(metrics, "_stats", broken)
    metrics.count("callbacks", conn_id=CONN_ID)
    assert "email_contacts.callbacks was not sent: no route" in caplog.text


def documented() -> set[str]:
    return set(re.findall(r"^\| `email_contacts\.([a-z_.]+)`", PAGE.read_text(), re.MULTILINE))


def test_the_page_lists_what_is_sent() -> None:
    sent = {f"imports.{state}" for state in STATES} | {f"rows.{outcome}" for outcome in metrics.ROWS}
    sent |= {"imports.duration", "rows.rejected_by_platform", "callbacks", "process_requests"}
    sent |= {"waits.started", "waits.ended"}
    assert documented() == sent


def test_each_query_of_the_dashboard_asks_for_metrics_that_are_sent() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    asked = {name for query in queries for name in re.findall(r"airflow_email_contacts_(\w+)", query)}
    exported = {name.replace(".", "_") for name in documented()}
    assert asked
    assert asked <= exported | {f"{name}_{suffix}" for name in exported for suffix in ("sum", "count")}
