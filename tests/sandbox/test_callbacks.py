"""The call of ``notifyUrl``, in every mode (api-contract §2.4)."""

from __future__ import annotations

import json
import queue
from typing import Any

import pytest

from tests.sandbox.rehearsal import Host, Rehearsal, eventually

ROWS: list[dict[str, Any]] = [{"email": "a@example.com"}]


def is_quiet(host: Host, sandbox: Rehearsal) -> bool:
    """Let another import call back; calls are made in order, so one that was to come before has come."""
    sandbox.server.set_knobs(callback_mode="once")
    sandbox.imported(ROWS, notifyUrl=host.url + "/marker")
    return host.visit().path == "/marker"


def test_a_finished_import_calls_once_with_an_empty_body(sandbox: Rehearsal, host: Host) -> None:
    process_id = sandbox.submit(ROWS, notifyUrl=host.url + "/done/token?x=1")
    visit = host.visit()
    assert (visit.method, visit.path, visit.body) == ("POST", "/done/token?x=1", b"")
    assert visit.headers["content-length"] == "0"
    assert "api-key" not in visit.headers
    assert sandbox.get(f"/processes/{process_id}")["status"] == "completed", "it is finished by then"
    assert is_quiet(host, sandbox)


def test_no_call_without_an_url(sandbox: Rehearsal, host: Host) -> None:
    sandbox.imported(ROWS)
    assert is_quiet(host, sandbox)


def test_never(sandbox: Rehearsal, host: Host) -> None:
    sandbox.server.set_knobs(callback_mode="never")
    sandbox.imported(ROWS, notifyUrl=host.url)
    with sandbox.server.account.database.reading() as connection:
        eventually(
            lambda: connection.execute("SELECT 1 FROM processes WHERE notified = 1").fetchone(),
            what="the decision not to call",
        )
    assert is_quiet(host, sandbox)


def test_json(sandbox: Rehearsal, host: Host) -> None:
    sandbox.server.set_knobs(callback_mode="json", final_status="failed")
    process_id = sandbox.submit(ROWS, notifyUrl=host.url)
    assert json.loads(host.visit().body) == {"processId": process_id, "status": "failed"}


def test_duplicate(sandbox: Rehearsal, host: Host) -> None:
    sandbox.server.set_knobs(callback_mode="duplicate")
    sandbox.submit(ROWS, notifyUrl=host.url + "/twice")
    assert [host.visit().path, host.visit().path] == ["/twice", "/twice"]
    assert is_quiet(host, sandbox)


def test_late(sandbox: Rehearsal, host: Host) -> None:
    sandbox.server.set_knobs(callback_mode="late", callback_delay_seconds=3600)
    sandbox.imported(ROWS, notifyUrl=host.url + "/late")
    with pytest.raises(queue.Empty):
        host.visits.get_nowait()
    sandbox.server.set_knobs(callback_delay_seconds=0)
    assert host.visit().path == "/late"


def test_before_completed(sandbox: Rehearsal, host: Host) -> None:
    seen: list[str] = []
    sandbox.server.set_knobs(callback_mode="before-completed")
    host.on_post = lambda: seen.append(sandbox.get("/processes/1")["status"])
    assert sandbox.imported(ROWS, notifyUrl=host.url + "/early")["status"] == "completed"
    assert host.visit().path == "/early"
    assert seen == ["in_process"], "who is called looks, and is told that it still runs"
    host.on_post = lambda: None
    assert is_quiet(host, sandbox), "and there is no second call at the end"


def test_a_receiver_that_is_not_there_does_no_harm(sandbox: Rehearsal, host: Host) -> None:
    sandbox.imported(ROWS, notifyUrl="http://127.0.0.1:1/")
    assert is_quiet(host, sandbox)
