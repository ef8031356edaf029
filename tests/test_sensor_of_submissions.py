"""The sensor that is given submissions: whatever can tell of their end does, in both of its modes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from email_contacts.api import ContactsClient
from email_contacts.imports.callbacks import MAILBOX, mail
from email_contacts.imports.waiting.completion_signals import CompletionSignals
from email_contacts.sandbox import SandboxServer
from email_contacts.sensor import ImportCompletedSensor
from tests.conftest import connect
from tests.deferral import carried_through
from tests.imports.conftest import LIST, submitted, until_ended
from tests.operators.lazy_xcoms import lazy
from tests.sensing import both_modes, deferral, sensor

if TYPE_CHECKING:
    from airflow.sdk import Context


@pytest.fixture(autouse=True)
def connection(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default connection without a pace to keep; nothing waits for a better moment."""
    connect(monkeypatch, sandbox, stage=tmp_path, requests_per_second=1000)
    monkeypatch.setattr("email_contacts.connection.MAX_WAIT", 0.0)
    monkeypatch.setattr("email_contacts.sensor.RESUME_GRACE", 0.0)
    # No test is to spend what another one needs.
    monkeypatch.setattr("email_contacts.imports.waiting.shared_poller._budgets", {})


@pytest.fixture
def platform(sandbox: SandboxServer) -> Iterator[ContactsClient]:
    """A client of the test's own."""
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        yield client


SUBMITTER = ("a_dag", "a_run", "import", 2)


def submission(process_id: int | None, *, nonce: str = "", contacts: int | None = None) -> dict[str, Any]:
    """What the import task pushed, as far as the sensor reads it."""
    evidence = CompletionSignals(SUBMITTER, nonce, {LIST: 0}, contacts, "2026-01-01T00:00:00.000+00:00")
    return {"process_id": process_id, "fingerprint": "f", "evidence": evidence.to_json()}


def mailboxes(context: Context, *nonces: str) -> None:
    """Have the platform call back for these submissions; the trigger hears the same."""

    def xcom_pull(**asked: Any) -> Any:
        assert (asked["dag_id"], asked["run_id"], asked["task_ids"], asked["map_indexes"]) == SUBMITTER
        assert asked["key"] == MAILBOX
        return mail(nonces[0], called_at="2026-11-22T10:00:00+00:00") if nonces else mail("other")

    cast("Any", context["ti"]).xcom_pull = xcom_pull


@both_modes
def test_submissions_stand_for_their_processes(
    deferrable: bool, context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(process_seconds=0.1)
    ids = submitted(platform, 3)
    task = sensor(ids[2], submissions=[submission(ids[0]), None, submission(ids[1])], deferrable=deferrable)
    seen = carried_through(task, context)
    assert [(item["process_id"], item["told_by"]) for item in seen] == [(one, "process") for one in ids]


def test_an_import_that_is_named_twice_is_waited_for_once(context: Context, platform: ContactsClient) -> None:
    (one,) = submitted(platform, 1)
    until_ended(platform, one)
    assert len(sensor([one], submissions=submission(one)).execute(context)) == 1


def test_submissions_may_come_as_a_lazy_sequence(
    context: Context, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = submitted(platform, 2)
    until_ended(platform, *ids)
    task = ImportCompletedSensor(
        task_id="wait", submissions=lazy([submission(one) for one in ids], monkeypatch), timeout=30
    )
    assert len(task.execute(context)) == 2


@pytest.mark.parametrize("wrong", ["[{'process_id': 1}]", [5], [{"process_id": 1, "evidence": {"task": 1}}]])
def test_what_is_no_submission_is_refused(wrong: Any, context: Context) -> None:
    with pytest.raises(AirflowFailException, match="submissions"):
        sensor((), submissions=wrong).execute(context)


@both_modes
def test_where_there_is_no_process_route_the_lists_tell(
    deferrable: bool, context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    ids = submitted(platform, 1)
    until_ended(platform, *ids)
    sandbox.set_knobs(process_route="404")
    task = sensor((), submissions=submission(ids[0], contacts=1), deferrable=deferrable)
    assert carried_through(task, context)[0]["told_by"] == "list_growth"


@both_modes
@pytest.mark.parametrize("process_id", [5, None])
def test_where_there_is_no_process_route_a_callback_is_believed(
    process_id: int | None, deferrable: bool, context: Context, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(process_route="404")
    mailboxes(context, "abc")
    task = sensor((), submissions=submission(process_id, nonce="abc"), deferrable=deferrable)
    assert carried_through(task, context) == [
        {"process_id": process_id, "status": "completed", "rejects": {}, "told_by": "callback"}
    ]


def test_a_call_makes_it_look_again_and_wait_on_with_the_same_deadline(
    context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    (one,) = submitted(platform, 1)
    mailboxes(context)
    task = sensor((), submissions=submission(one, nonce="abc"))
    first = deferral(task, context)
    called = {"outcome": "called", "processes": [], "error": ""}
    with pytest.raises(TaskDeferred) as again:
        task.execute_complete(context, called)
    assert again.value.trigger.deadline == first.trigger.deadline
    assert again.value.trigger.evidence == first.trigger.evidence
    sandbox.set_knobs(hold="none")
    until_ended(platform, one)
    assert task.execute_complete(context, called)[0]["status"] == "completed"


def test_the_connection_says_what_counts_and_without_submissions_only_processes_do(
    context: Context,
    sandbox: SandboxServer,
    platform: ContactsClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called_at = {"callback_url": "https://airflow.example.com", "callback_secret": "s" * 32}
    connect(monkeypatch, sandbox, stage=tmp_path, completion_source="callback", **called_at)
    sandbox.set_knobs(hold="in_process")
    (one,) = submitted(platform, 1)
    mailboxes(context)
    before = len(sandbox.journal())
    with_evidence = deferral(sensor((), submissions=submission(one, nonce="abc")), context).trigger
    assert with_evidence.source == "callback"
    assert sandbox.journal()[before:] == []
    assert deferral(sensor(one), context).trigger.source == "auto"
