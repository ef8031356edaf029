"""Calls of the platform that are what they say: remembered once, in the right place."""

from __future__ import annotations

import json
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select

from email_contacts.imports.callbacks import has_mail, new_nonce
from email_contacts.web import airflow_core
from email_contacts.web.airflow_core import Attempt
from tests.web.conftest import set_connection
from tests.web.door import SECRET, Door, eventually
from tests.web.runs import Run

ROOM = "email_contacts.web"


def test_a_call_is_remembered_and_wakes_the_task_that_waits(door: Door, run: Run) -> None:
    run.add("send", "deferred")
    address = run.address()
    run.open_mailbox("send", address.nonce)
    assert door.call(address) == 204
    assert set(run.remembered(address)) == {"called_at"}
    assert run.mailbox("send") == {"nonce": address.nonce, **run.remembered(address)}
    eventually(lambda: run.state("send") == "scheduled")
    assert run.event("send") == {"outcome": "called", "processes": [], "error": ""}


def test_a_mapped_task_has_a_mailbox_of_its_own(door: Door, run: Run) -> None:
    for index in (0, 1):
        run.add("send", "running", map_index=index)
        run.open_mailbox("send", new_nonce(), map_index=index)
    address = run.address(map_index=1)
    run.open_mailbox("send", address.nonce, map_index=1)
    assert door.call(address) == 204
    assert has_mail(run.mailbox("send", 1), address.nonce)
    assert run.mailbox("send", 0)["called_at"] is None


def test_unicode_names_are_found(door: Door, database: str) -> None:
    run = Run(dag_id="импорт_контактов")
    run.add("senden_für_alle", "running")
    address = run.address("senden_für_alle")
    assert door.call(address) == 204
    assert has_mail(run.mailbox("senden_für_alle"), address.nonce)


def test_a_repeated_call_changes_nothing(door: Door, run: Run) -> None:
    run.add("send", "deferred")
    address = run.address()
    assert door.call(address) == 204
    eventually(lambda: run.state("send") == "scheduled")
    heard = run.remembered(address)
    # The import had not ended, the task waits again; and somebody replays what stood in a log.
    run.defer("send")
    assert [door.call(address) for _ in range(3)] == [204, 204, 204]
    other = run.address()
    run.add("another", "deferred")
    assert door.call(replace(other, task_id="another")) == 204
    # Calls are handled in turn: what the replays could have set off came before this.
    eventually(lambda: run.state("another") == "scheduled")
    assert run.state("send") == "deferred"
    assert run.remembered(address) == heard


def test_of_calls_at_once_one_is_the_first(door: Door, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, ROOM)
    run.add("send", "deferred")
    token = run.address().token(SECRET)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(door.knock, [token] * 16)) == {204}
    lines = [record.getMessage() for record in caplog.records]
    assert sum(line.endswith(": remembered") for line in lines) == 1
    assert sum(line.endswith(": was received before") for line in lines) == 15


def test_the_call_of_an_earlier_submission_does_not_take_the_place_of_the_newest(
    door: Door, run: Run
) -> None:
    run.add("send", "deferred")
    earlier, newest = run.address(), run.address()
    run.open_mailbox("send", newest.nonce)
    assert door.call(newest) == 204
    eventually(lambda: run.state("send") == "scheduled")
    run.defer("send")
    assert door.call(earlier) == 204
    # Whoever asks what became of the earlier one finds the answer; the mailbox stays, and nobody is woken.
    assert run.remembered(earlier)
    assert has_mail(run.mailbox("send"), newest.nonce)
    assert run.state("send") == "deferred"


def test_a_new_try_finds_a_call_that_came_while_it_had_no_mailbox(door: Door, run: Run) -> None:
    run.add("send", "up_for_retry")
    address = run.address()
    assert run.mailbox("send") is None
    assert door.call(address) == 204
    assert run.remembered(address)
    assert has_mail(run.mailbox("send"), address.nonce)


def test_a_call_that_was_answered_is_not_lost_when_nobody_can_be_woken(
    door: Door, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As when the API server dies after its answer: who waits finds the call in the mailbox."""

    def fails(*_: object) -> Attempt:
        raise RuntimeError("the server dies")

    monkeypatch.setattr(airflow_core, "wake", fails)
    run.add("send", "deferred")
    address = run.address()
    assert door.call(address) == 204
    eventually(lambda: "cannot be woken" in caplog.text)
    assert run.remembered(address)
    assert has_mail(run.mailbox("send"), address.nonce)


# SQLite locks the whole database, and waits for five seconds; the code is the same.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_that_is_busy_is_no_lie(door: Door, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be remembered is not answered as if it had been."""
    monkeypatch.setattr(airflow_core, "LOCK_TIMEOUT", "50ms")
    run.add("send", "deferred")
    address = run.address()
    with create_session(scoped=False) as session:
        session.scalar(select(TaskInstance).filter_by(run_id=run.run_id).with_for_update(of=TaskInstance))
        assert door.call(address) == 503
    assert run.remembered(address) is None
    assert door.call(address) == 204
    assert run.remembered(address)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_answer_does_not_wait_for_the_task_to_be_woken(
    door: Door, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, ROOM)
    run.add("send", "success")
    run.add("wait", "deferred")
    with create_session(scoped=False) as session:
        locked = select(TaskInstance).filter_by(run_id=run.run_id, task_id="wait")
        waiting = session.scalars(locked.with_for_update(of=TaskInstance)).one()
        assert door.call(run.address(waiter="wait")) == 204
        # Somebody ends it meanwhile, who had the lock first.
        waiting.state, waiting.trigger_id = "failed", None
    eventually(lambda: "task 'wait' has ended (failed)" in caplog.text)
    assert run.state("wait") == "failed"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_call_is_heard_while_somebody_pushes_an_xcom_of_the_task(door: Door, run: Run) -> None:
    """Pushing locks the key of the task instance against removal; a plain FOR UPDATE would wait for it."""
    run.add("send", "deferred")
    with create_session(scoped=False) as session:
        run.push_with(session, "send")
        assert door.call(run.address()) == 204
        eventually(lambda: run.state("send") == "scheduled")


def test_a_body_is_never_waited_for(door: Door, run: Run) -> None:
    run.add("send", "running")
    address = run.address()
    host, _, port = urlsplit(door.url).netloc.partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as wire:
        first = f"POST /notify/{address.token(SECRET)} HTTP/1.1"
        wire.sendall(f"{first}\r\nHost: {host}\r\nContent-Length: 65536\r\n\r\n".encode())
        assert wire.recv(64).startswith(b"HTTP/1.1 204 ")
    assert run.remembered(address)


def test_forms_of_an_empty_notice_are_all_heard(door: Door, run: Run) -> None:
    """Nobody documented what the platform sends (api-contract §2.4)."""
    run.add("send", "running")
    chunked = {"data": iter([b"x" * 9000])}
    for body in ({"data": b""}, {"json": {"processId": 5}}, {"data": {"a": "b"}}, chunked):
        address = run.address()
        assert door.request("POST", f"/notify/{address.token(SECRET)}", **body).status_code == 204
        assert run.remembered(address)


def test_one_line_is_logged_of_each_call_and_never_the_token(
    door: Door, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "email_contacts")
    run.add("send", "success")
    address = run.address()
    tokens = [address.token(SECRET), address.token(SECRET[::-1]), "junk.junk"]
    for token in tokens:
        door.knock(token)
    eventually(lambda: "has ended" in caplog.text)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith(ROOM)]
    named = f"callback for import_contacts.send of run {run.run_id}:"
    assert lines.count(f"{named} remembered") == 1
    assert lines.count(f"{named} task 'send' has ended (success)") == 1
    assert len([line for line in lines if line.startswith("callback refused: not signed")]) == 1
    assert len([line for line in lines if line.startswith("callback refused: not a callback token")]) == 1
    assert len(lines) == 4
    for hidden in (*tokens, SECRET, tokens[0].partition(".")[0], tokens[0].partition(".")[2]):
        assert not [line for line in lines if hidden in line]


def test_a_secret_that_is_changed_holds_at_once(
    door: Door, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.add("send", "running")
    another = "another-secret-of-more-than-32-letters"
    assert door.call(run.address(), another) == 404
    set_connection(monkeypatch, callback_url="https://airflow.example.com", callback_secret=another)
    assert door.call(run.address(), another) == 204
    assert door.call(run.address(), SECRET) == 404


def test_what_is_remembered_is_what_a_worker_reads(door: Door, run: Run) -> None:
    """The state store and XComs as the execution API gives them to a task."""
    run.add("send", "running")
    address = run.address()
    assert door.call(address) == 204
    (at,) = run.remembered(address).values()
    assert json.loads(json.dumps(run.mailbox("send"))) == {"nonce": address.nonce, "called_at": at}
