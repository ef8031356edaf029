"""Runs that exceeded their brakes: no task sends, removes or confirms anything before they are approved."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient
from email_contacts.operators.brakes import CheckBrakesOperator
from email_contacts.sandbox import SandboxServer
from tests.operators.conftest import LIST, asked
from tests.operators.syncing import Sync
from tests.operators.test_brakes import answered
from tests.task_context import StateStore, make_context

PEOPLE = {f"p{number}@example.com": "Ada" for number in range(10)}
CUT_OFF = dict(list(PEOPLE.items())[:2])


@pytest.fixture
def sync(platform: ContactsClient, tmp_path: Path) -> Sync:
    """An audience of ten people, whose source was cut off after two: nothing is to be sent."""
    sync = Sync(tmp_path)
    sync.run(PEOPLE, gone="remove")
    assert sync.prepare(CUT_OFF, gone="remove") == []
    return sync


class AskedError(Exception):
    """Somebody is asked; with a real Airflow, ``tests/e2e/test_brakes.py`` answers."""


@pytest.fixture(autouse=True)
def _nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> None:
        raise AskedError

    monkeypatch.setattr(HITLOperator, "execute", ask)


def brake(sync: Sync, **limits: Any) -> CheckBrakesOperator:
    """Run the brakes; they ask if a limit is exceeded."""
    task = CheckBrakesOperator(task_id="brakes", manifest_uri=sync.manifest_uri, **limits)
    with suppress(AskedError):
        task.execute(make_context(StateStore()))
    return task


def size(platform: ContactsClient) -> int:
    return len(list(platform.iter_list_contacts(LIST)))


def test_who_is_gone_stays_and_nothing_is_confirmed(sync: Sync, platform: ContactsClient) -> None:
    brake(sync, max_removals=5)
    sync.is_settling = False
    with pytest.raises(AirflowFailException, match="the brakes have not let through"):
        sync.send([])
    with pytest.raises(AirflowFailException, match="the verdict on the import is failed"):
        sync.settle()
    sync.verdict = {"state": "completed"}  # of another run, or made up
    with pytest.raises(AirflowFailException, match=r"so nothing is sent\. Clear the task of the brakes"):
        sync.settle()
    assert size(platform) == 10


def test_a_rejected_run_stays_held(sync: Sync) -> None:
    task = brake(sync, max_removals=5)
    with pytest.raises(AirflowFailException, match="the run was rejected"):
        task.execute_complete(make_context(StateStore()), answered("Reject", ""))
    sync.is_settling = False
    with pytest.raises(AirflowFailException, match="the brakes have not let through"):
        sync.send([])


def test_an_approved_run_goes_on(sync: Sync, platform: ContactsClient) -> None:
    task = brake(sync, max_removals=5)
    fingerprint = task._manifest().fingerprint
    task.execute_complete(make_context(StateStore()), answered("Approve", fingerprint))
    sync.send([])
    assert sync.confirm()["is_confirmed"]
    assert size(platform) == 2


def test_brakes_with_other_limits_let_it_go_on(sync: Sync, platform: ContactsClient) -> None:
    brake(sync, max_removals=5)
    brake(sync, max_removals=8)
    sync.send([])
    assert size(platform) == 2


def test_a_batch_of_a_held_run_is_not_sent_until_it_is_prepared_again(
    sync: Sync, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    batches = sync.prepare({**PEOPLE, "new@example.com": "Eva"}, gone="remove")
    brake(sync, max_changes=0)
    before = asked(sandbox).count("import")
    with pytest.raises(AirflowFailException, match="the brakes have not let through"):
        sync.send(batches)
    assert asked(sandbox).count("import") == before
    sync.run({**PEOPLE, "new@example.com": "Eva"}, gone="remove")
    assert size(platform) == 11
