"""Faults on the way there and back, on a real connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from email_contacts.sandbox import Fault, UnknownFault
from email_contacts.sandbox.faults import KINDS
from tests.sandbox.rehearsal import Rehearsal

IMPORT: dict[str, Any] = {"jsonBody": [{"email": "a@example.com"}], "listIds": [2]}


def fails(sandbox: Rehearsal, kind: str, **more: Any) -> requests.Response:
    """Submit an import that meets a fault."""
    sandbox.server.set_knobs(faults=[{"route": "import", "kind": kind, **more}])
    return sandbox.call("POST", "/contacts/import", json=IMPORT)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("400", 400, "bad_request"),
        ("401_key", 401, "unauthorized"),
        ("401_ip", 401, "unauthorized"),
        ("429", 429, "too_many_requests"),
        ("500", 500, "internal_error"),
        ("500_after_accepting", 500, "internal_error"),
    ],
)
def test_errors_of_the_platform(sandbox: Rehearsal, kind: str, status: int, code: str) -> None:
    answer = fails(sandbox, kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert sandbox.server.imports_accepted() == kind.endswith("accepting")


@pytest.mark.parametrize("kind", ["502", "503", "524", "524_after_accepting"])
def test_errors_of_a_proxy_are_html(sandbox: Rehearsal, kind: str) -> None:
    answer = fails(sandbox, kind)
    assert answer.status_code == int(kind[:3])
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert sandbox.server.imports_accepted() == kind.endswith("accepting")


@pytest.mark.parametrize(
    ("kind", "accepted", "cause"),
    [
        ("reset", 0, "ConnectionResetError"),
        ("reset_after_accepting", 1, "ConnectionResetError"),
        ("closed", 0, "RemoteDisconnected"),
        ("truncated", 1, "IncompleteRead"),
    ],
)
def test_connections_are_really_cut(sandbox: Rehearsal, kind: str, accepted: int, cause: str) -> None:
    with pytest.raises(requests.RequestException, match=cause):
        fails(sandbox, kind)
    assert sandbox.server.imports_accepted() == accepted
    assert sandbox.call("POST", "/contacts/import", json=IMPORT).ok, "the next one passes"


def test_a_garbled_answer_looks_right_until_it_is_read(sandbox: Rehearsal) -> None:
    answer = fails(sandbox, "garbled")
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        answer.json()
    assert sandbox.server.imports_accepted() == 1


def test_a_slow_answer_comes_after_the_job_is_accepted(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(faults=[{"route": "import", "kind": "slow", "seconds": 30}])
    with pytest.raises(requests.Timeout):
        sandbox.session.post(sandbox.server.url + "/v3/contacts/import", json=IMPORT, timeout=0.3)
    assert sandbox.server.imports_accepted() == 1


@pytest.mark.parametrize(
    ("kind", "seconds", "header"), [("429", 0, None), ("429", 7, "7"), ("503", 1.5, "1.5")]
)
def test_retry_after_comes_on_demand(
    sandbox: Rehearsal, kind: str, seconds: float, header: str | None
) -> None:
    assert fails(sandbox, kind, seconds=seconds).headers.get("retry-after") == header


def statuses(sandbox: Rehearsal, number: int, call: Callable[[], requests.Response]) -> list[int]:
    return [call().status_code for _ in range(number)]


def test_faults_are_counted(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(
        faults=[
            {"route": "folders", "kind": "500", "times": 2, "skip": 1},
            {"route": "folders", "kind": "503"},
            {"route": "*", "kind": "502"},
        ]
    )
    found = statuses(sandbox, 6, lambda: sandbox.call("GET", "/contacts/folders"))
    assert found == [200, 500, 500, 503, 502, 200]
    assert sandbox.server.knobs.faults == ()


def test_a_fault_may_last(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(faults=[{"route": "lists", "kind": "500", "times": 0}])
    assert statuses(sandbox, 3, lambda: sandbox.call("GET", "/contacts/lists")) == [500] * 3
    assert sandbox.call("GET", "/contacts/folders").ok, "other routes are spared"
    sandbox.server.set_knobs(faults=[])
    assert sandbox.call("GET", "/contacts/lists").ok


def test_latency_delays_every_answer(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(latency_seconds=0.05)
    begun = time.monotonic()
    sandbox.get("/contacts/folders")
    assert time.monotonic() - begun >= 0.05


def test_the_journal_tells_what_was_sent_and_what_was_done(sandbox: Rehearsal) -> None:
    fails(sandbox, "524_after_accepting")
    with pytest.raises(requests.RequestException):
        fails(sandbox, "reset")
    seen = [(entry.route, entry.status, entry.fault, entry.carried_out) for entry in sandbox.server.journal()]
    assert seen == [("import", 524, "524_after_accepting", 200), ("import", 0, "reset", None)]


@pytest.mark.parametrize(
    "document",
    [
        {"route": "import", "kind": "418"},
        {"route": "import"},
        {"route": "", "kind": "500"},
        {"route": "imports", "kind": "500"},
        {"route": "import", "kind": "500", "time": 2},
        {"route": "import", "kind": "500", "times": -1},
        {"route": "import", "kind": "500", "times": True},
        "import:500:often",
        "import",
        5,
    ],
)
def test_faults_that_do_not_exist_are_refused(document: Any) -> None:
    with pytest.raises(UnknownFault):
        Fault.from_json(document)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_survives_its_json(kind: str) -> None:
    fault = Fault(route="import", kind=kind, times=3, seconds=2.0)
    assert Fault.from_json(fault.to_json()) == fault
    assert Fault.from_json(f"import:{kind}:3").kind == kind
