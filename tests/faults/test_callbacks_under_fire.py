"""The platform's callback on a real Airflow: heard, forged, and lost while nobody was there to hear it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from email_contacts.imports.callbacks import MAILBOX, NOTIFY_PATH, CallbackAddress, called_key
from tests.faults.trial import Trial
from tests.faults.under_fire import UnderFire

SECRET = secrets.token_urlsafe(32)
# Polling cannot be what wakes a task within the time that these tests have.
ONE_AN_HOUR = 1
AS_OFTEN_AS_NEEDED = 36000
WAITERS = ("operator", "sensor")
TRIALS = {
    **{f"{waiter}_is_called": (waiter, ONE_AN_HOUR) for waiter in WAITERS},
    **{f"{waiter}_is_lied_to": (waiter, ONE_AN_HOUR) for waiter in WAITERS},
    **{f"{waiter}_hears_nothing": (waiter, AS_OFTEN_AS_NEEDED) for waiter in WAITERS},
}


@pytest.fixture(scope="module")
def trials(airflow: UnderFire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Trial]]:
    """Imports that wait without a worker until they are released, all at once."""
    folder = tmp_path_factory.mktemp("called")
    begun = {name: make(airflow, name, folder / name) for name in TRIALS}
    for trial in begun.values():
        trial.begin()
    yield begun
    for trial in begun.values():
        trial.end()


def make(airflow: UnderFire, name: str, folder: Path) -> Trial:
    waiter, polls = TRIALS[name]
    return Trial(
        airflow,
        name,
        dag_id=f"{waiter}_waits_deferred",
        folder=folder,
        knobs={"hold": "in_process"},
        extra={
            "callback_url": airflow.stack.rest.url,
            "callback_secret": SECRET,
            "process_polls_per_hour": polls,
        },
    )


def mailbox(trial: Trial) -> dict[str, Any]:
    """What the submitting task's XCom says of the callback."""
    path = f"dags/{trial.dag_id}/dagRuns/{trial.run_id}/taskInstances/import/xcomEntries/{MAILBOX}"
    value: dict[str, Any] = trial.airflow.stack.rest.get(path, map_index=0, deserialize="true")["value"]
    return value


def is_remembered(trial: Trial) -> bool:
    """Whether the submitting task's state store knows of a call."""
    store = f"dags/{trial.dag_id}/dagRuns/{trial.run_id}/taskInstances/import/state-store"
    keys = trial.airflow.stack.rest.get(store, map_index=0, limit=100)
    return called_key(mailbox(trial)["nonce"]) in str(keys)


def address(trial: Trial) -> CallbackAddress:
    return CallbackAddress(
        dag_id=trial.dag_id,
        run_id=trial.run_id,
        task_id="import",
        map_index=0,
        waiter="wait" if trial.waiter == "wait" else "",
        conn_id=trial.name,
        nonce=mailbox(trial)["nonce"],
    )


def notify(trial: Trial, token: str) -> int:
    answer = requests.post(f"{trial.airflow.stack.rest.url}{NOTIFY_PATH}{token}", timeout=30)
    return answer.status_code


@pytest.mark.parametrize("waiter", WAITERS)
def test_a_callback_wakes_an_import_that_polling_would_not(waiter: str, trials: dict[str, Trial]) -> None:
    trial = trials[f"{waiter}_is_called"]
    trial.await_waiting()
    trial.release()
    trial.ends_whole()
    assert is_remembered(trial)


@pytest.mark.parametrize("waiter", WAITERS)
def test_a_forged_callback_changes_nothing(waiter: str, trials: dict[str, Trial]) -> None:
    trial, other = trials[f"{waiter}_is_lied_to"], trials[f"{waiter}_is_called"]
    trial.await_waiting()
    body, _, signature = address(trial).token(SECRET).partition(".")
    foreign = address(other).token(SECRET).partition(".")[2]
    stolen_secret = address(trial).token("a secret that is long enough and not the right one")
    for forged in (stolen_secret, f"{body}.{foreign}", f"{body}.{signature[:-1]}", body, "nothing"):
        assert notify(trial, forged) == 404
    assert mailbox(trial)["called_at"] is None
    assert not is_remembered(trial)
    assert trial.is_waiting()
    trial.release()
    trial.ends_whole()


@pytest.mark.parametrize("waiter", WAITERS)
def test_a_callback_that_nobody_heard_is_made_up_for_by_polling(
    waiter: str, trials: dict[str, Trial]
) -> None:
    trial = trials[f"{waiter}_hears_nothing"]
    trial.await_waiting()
    with trial.airflow.without("api_server"):
        trial.release()
        trial.await_platform()
    trial.ends_whole()
    assert not is_remembered(trial)


def test_no_log_has_a_token(airflow: UnderFire, trials: dict[str, Trial]) -> None:
    """Neither Airflow's access log, which has the path of each call, nor any task's log."""
    logs = {path.name: path.read_text(errors="replace") for path in airflow.stack.logs.rglob("*.log")}
    # A token begins with the base64 of an array's opening bracket.
    assert [name for name, text in logs.items() if f"{NOTIFY_PATH}W" in text] == []
    assert any(f"{NOTIFY_PATH}***" in text for text in logs.values()), "the calls are there, without it"
