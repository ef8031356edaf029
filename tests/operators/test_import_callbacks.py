"""The callback that a task asks for: which address is sent along, what is heard, and what it is worth."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.imports.callbacks import MAILBOX, CallbackAddress, called_key
from email_contacts.imports.waiting.process_status import ProcessStatuses
from email_contacts.imports.waiting.worker_wait import WaitOutcome
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.conftest import CONN_ID, connect
from tests.imports.conftest import until
from tests.operators.conftest import LIST
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

SECRET = secrets.token_urlsafe(32)
AIRFLOW = "https://airflow.example.com"
CALLED = WaitOutcome(ProcessStatuses(()), is_called=True).to_event()
HEARD_AT = "2026-11-22T10:00:00+00:00"


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The callback addresses of the requests that were sent, in order."""
    seen: list[str | None] = []
    send = ContactsClient.import_contacts

    def watch(client: ContactsClient, request: ImportRequest, **how: Any) -> int:
        seen.append(request.notify_url)
        return send(client, request, **how)

    monkeypatch.setattr(ContactsClient, "import_contacts", watch)
    return seen


@pytest.fixture(autouse=True)
def called_back(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection with callbacks; nobody listens at the address."""
    sandbox.set_knobs(callback_mode="never")
    connect(monkeypatch, sandbox, stage=tmp_path, callback_url=AIRFLOW, callback_secret=SECRET)


def an_import(**arguments: Any) -> ImportContactsOperator:
    people = [{"email": "a@example.com"}]
    given = {"list_ids": [LIST], "json_body": people, "poll_interval": 0.02, **arguments}
    return ImportContactsOperator(task_id="import", reconciliation_timeout=0.0, **given)


def address_in(url: str | None) -> CallbackAddress:
    assert url is not None
    assert url.startswith(f"{AIRFLOW}/email-contacts/notify/")
    return CallbackAddress.read(url.rpartition("/")[2], SECRET)


def hear(store: StateStore, nonce: str) -> None:
    """What the web server writes when the platform calls."""
    store.set(called_key(nonce), {"called_at": HEARD_AT})


def test_the_address_names_the_task_that_submits_and_the_one_that_waits(
    context: Context, asked_for: list[str | None]
) -> None:
    an_import(wait_for_completion=False, wait_task_id="wait").execute(context)
    (url,) = asked_for
    address, ti = address_in(url), context["ti"]
    assert (address.dag_id, address.run_id, address.task_id) == (ti.dag_id, ti.run_id, ti.task_id)
    assert (address.map_index, address.waiter, address.conn_id) == (-1, "wait", CONN_ID)
    assert pushed(context)[MAILBOX] == {"nonce": address.nonce, "called_at": None}
    assert pushed(context)["submission"]["evidence"]["nonce"] == address.nonce


def test_the_nonce_is_in_the_ledger_before_the_request(
    context: Context, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []

    def look(client: ContactsClient, request: ImportRequest, **_: Any) -> int:
        entries = [entry for entry in store.values() if "nonces" in entry]
        kept.append((address_in(request.notify_url).nonce, *(entry["nonces"] for entry in entries)))
        return 7

    monkeypatch.setattr(ContactsClient, "import_contacts", look)
    an_import(wait_for_completion=False).execute(context)
    ((nonce, nonces),) = kept
    assert nonces == [nonce]


def test_the_address_does_not_make_it_another_import(
    context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    first = an_import(wait_for_completion=False).execute(context)
    assert an_import(wait_for_completion=False).execute(make_context(store)) == first
    assert sandbox.imports_accepted() == 1


def test_every_sending_has_an_address_of_its_own(
    context: Context, sandbox: SandboxServer, asked_for: list[str | None]
) -> None:
    sandbox.set_knobs(faults=["import:524"])
    an_import(wait_for_completion=False).execute(context)
    first, second = map(address_in, asked_for)
    assert first.nonce != second.nonce
    assert pushed(context)["submission"]["evidence"]["nonce"] == second.nonce


def test_an_address_of_the_users_own_is_kept(context: Context, asked_for: list[str | None]) -> None:
    an_import(wait_for_completion=False, notify_url="https://example.com/done").execute(context)
    assert asked_for == ["https://example.com/done"]
    assert MAILBOX not in pushed(context)


def test_without_callbacks_on_the_connection_none_is_asked_for(
    context: Context,
    sandbox: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked_for: list[str | None],
) -> None:
    connect(monkeypatch, sandbox, stage=tmp_path)
    an_import(wait_for_completion=False).execute(context)
    assert asked_for == [None]


def test_a_task_whose_address_cannot_be_made_imports_without(
    context: Context, asked_for: list[str | None], caplog: pytest.LogCaptureFixture
) -> None:
    context["ti"].run_id = "manual\x00"
    an_import(wait_for_completion=False).execute(context)
    assert asked_for == [None]
    assert "without a callback address" in caplog.text


def deferral(operator: ImportContactsOperator, context: Context) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(context)
    return caught.value


def test_a_call_that_comes_before_the_end_only_makes_the_task_look(
    context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    first = deferral(an_import(), context)
    with pytest.raises(TaskDeferred) as again:
        an_import().execute_complete(make_context(store), CALLED, **(first.kwargs or {}))
    assert again.value.trigger.process_ids == first.trigger.process_ids
    assert again.value.trigger.deadline == first.trigger.deadline
    assert sandbox.imports_accepted() == 1


def test_a_call_that_comes_at_the_end_ends_the_task(
    context: Context, sandbox: SandboxServer, store: StateStore, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    deferred = deferral(an_import(), context)
    sandbox.set_knobs(hold="none")
    (process_id,) = deferred.trigger.process_ids
    until(lambda: platform.process(process_id).is_finished)
    done = an_import().execute_complete(make_context(store), CALLED, **(deferred.kwargs or {}))
    assert done == process_id


def test_what_was_heard_before_a_retry_is_in_its_mailbox(
    context: Context, sandbox: SandboxServer, store: StateStore, asked_for: list[str | None]
) -> None:
    an_import(wait_for_completion=False).execute(context)
    nonce = address_in(asked_for[0]).nonce
    hear(store, nonce)
    retry = make_context(store)
    an_import(wait_for_completion=False).execute(retry)
    assert pushed(retry)[MAILBOX] == {"nonce": nonce, "called_at": HEARD_AT}


def test_a_call_that_was_heard_finds_the_import_whose_answer_was_lost(
    context: Context, sandbox: SandboxServer, store: StateStore, asked_for: list[str | None]
) -> None:
    sandbox.set_knobs(hold="in_process", faults=["import:524_after_accepting"])
    deferral(an_import(wait_for_completion=False), context)
    hear(store, address_in(asked_for[0]).nonce)
    resumed = make_context(store)
    an_import(wait_for_completion=False).resume_submission(resumed, CALLED)
    assert HEARD_AT in pushed(resumed)["submission"]["decision"]
    assert sandbox.imports_accepted() == 1


def test_the_token_is_shown_in_no_log_and_no_xcom(
    context: Context, asked_for: list[str | None], caplog: pytest.LogCaptureFixture
) -> None:
    an_import(wait_for_completion=False).execute(context)
    token = str(asked_for[0]).rpartition("/")[2]
    assert token not in caplog.text + repr(pushed(context))


@pytest.mark.parametrize(
    "waits", [{}, {"deferrable": False}, {"wait_for_completion": False, "wait_task_id": "wait"}]
)
def test_an_end_that_no_task_could_learn_of_is_refused_before_anything_is_sent(
    waits: dict[str, Any],
    context: Context,
    sandbox: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called = {"callback_url": AIRFLOW, "callback_secret": SECRET, "completion_source": "callback"}
    connect(monkeypatch, sandbox, stage=tmp_path, **called)
    with pytest.raises(AirflowFailException, match=r"notify_url is given, and the completion_source"):
        an_import(notify_url="https://example.com/done", **waits).execute(context)
    assert sandbox.imports_accepted() == 0
    assert an_import(notify_url="https://example.com/done", wait_for_completion=False).execute(context)
