"""What a task that waits says in its log: for what, when it looks next, and when it gives up."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowRescheduleException

from email_contacts.api import ContactsClient
from email_contacts.imports.waiting.deadline import in_words, utc
from email_contacts.imports.waiting.worker_wait import wait_here
from email_contacts.sandbox import SandboxServer
from tests.conftest import connect
from tests.deferral import event_of
from tests.imports.conftest import submitted, until_ended
from tests.sensing import sensor
from tests.triggering import evidence, trigger

if TYPE_CHECKING:
    from airflow.sdk import Context

# 2027-01-15 08:00:00 UTC
DEADLINE = 1_800_000_000.0


@pytest.fixture(autouse=True)
def connection(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default connection without a pace to keep."""
    connect(monkeypatch, sandbox, stage=tmp_path, requests_per_second=1000)
    monkeypatch.setattr("email_contacts.imports.waiting.shared_poller._budgets", {})


@pytest.fixture
def ended(sandbox: SandboxServer) -> list[int | None]:
    """Two imports that have ended."""
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        ids = submitted(client, 2)
        until_ended(client, *ids)
    return [*ids]


@pytest.mark.parametrize(
    ("nonces", "call"), [([], ""), (["", ""], ""), (["", "n"], ", or when the platform calls")]
)
def test_the_trigger(
    ended: list[int | None], nonces: list[str], call: str, caplog: pytest.LogCaptureFixture
) -> None:
    signals = [evidence(nonce=nonce) for nonce in nonces]
    with caplog.at_level(logging.INFO):
        event_of(trigger(ended, deadline=DEADLINE, evidence=signals))
    (said,) = [one.getMessage() for one in caplog.records if "waiting for the end" in one.getMessage()]
    head, _, rest = said.partition(" UTC")
    assert head.startswith("waiting for the end of processes 1, 2; next look by 2")
    assert rest == (f"{call}, later only if the hourly budget is spent; gives up at 2027-01-15 08:00:00 UTC")


def test_a_wait_in_a_worker(
    ended: list[int | None], sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), ContactsClient(sandbox.url, sandbox.api_key) as client:
        wait_here(client, ended[:1], deadline=DEADLINE, pauses=iter([0.01] * 100))
    assert "waiting in this worker for the end of process 1; gives up at 2027-01-15 08:00" in caplog.text


def test_the_sensor_in_a_worker(
    ended: list[int | None], context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    before = time.time()
    with caplog.at_level(logging.INFO):
        sensor(ended, deferrable=False, timeout=3600.0, poke_interval=7.0).execute(context)
    (said,) = [one.getMessage() for one in caplog.records if "waiting for the end" in one.getMessage()]
    head, _, given_up = said.partition("; gives up at ")
    assert head == "waiting for the end of processes 1, 2; looks every 7 s, as the hourly budget allows"
    assert utc(before + 3600) <= given_up <= utc(time.time() + 3600)


def test_the_sensor_that_is_rescheduled_gives_up_when_its_first_try_does(
    sandbox: SandboxServer, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.set_knobs(hold="in_process")
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        ids = submitted(client, 1)
    began = datetime.now(timezone.utc) - timedelta(minutes=30)
    ti: Any = context["ti"]
    ti.get_first_reschedule_date = lambda _: began
    with caplog.at_level(logging.INFO), pytest.raises(AirflowRescheduleException):
        sensor(ids, deferrable=False, mode="reschedule", timeout=3600.0, poke_interval=60.0).execute(context)
    assert f"gives up at {utc(began.timestamp() + 3600)}" in caplog.text


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([7], "process 7"),
        ([7, 8], "processes 7, 8"),
        ([None], "1 import whose process id is not known"),
        ([7, None, None], "process 7 and 2 imports whose process id is not known"),
        (list(range(1, 13)), "processes 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"),
    ],
)
def test_imports_in_words(ids: list[int | None], words: str) -> None:
    assert in_words(ids) == words
