"""Who can tell that an import has ended, on the sandbox: one look, and waiting in a worker."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest

from email_contacts.api import ContactsClient, NotFound, Unauthorized
from email_contacts.imports.errors import CannotTell
from email_contacts.imports.waiting.completion import SOURCES, Completion, look_for_end
from email_contacts.imports.waiting.completion_signals import CompletionSignals
from email_contacts.imports.waiting.process_status import ProcessStatuses
from email_contacts.imports.waiting.worker_wait import wait_here
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import LIST, asked, submitted, until_ended

LONG_AGO = "2026-01-01T00:00:00.000+00:00"
CALLED = CompletionSignals(("d", "r", "t", -1), "abc")
GROWING = CompletionSignals(("d", "r", "t", -1), "", {LIST: 0}, 1, LONG_AGO)


def heard(*nonces: str) -> Callable[[CompletionSignals], bool]:
    return lambda evidence: evidence.nonce in nonces


def told(statuses: ProcessStatuses | None) -> list[tuple[str, str]]:
    return [(one["status"], one["told_by"]) for one in (statuses or ProcessStatuses(())).to_json()]


def test_the_process_tells_where_there_is_one(sandbox: SandboxServer, client: ContactsClient) -> None:
    ids = submitted(client, 2)
    until_ended(client, *ids)
    before = len(asked(sandbox))
    statuses = look_for_end(client, ids, evidence=[CALLED, GROWING])
    assert told(statuses) == [("completed", "process")] * 2
    assert asked(sandbox)[before:] == ["processes"]


@pytest.mark.parametrize("route", ["404", "405"])
def test_without_the_route_each_is_told_by_what_it_has(
    route: str, sandbox: SandboxServer, client: ContactsClient
) -> None:
    ids = submitted(client, 3)
    until_ended(client, *ids)
    sandbox.set_knobs(process_route=route)
    nothing_yet = CompletionSignals(("d", "r", "t", -1), "def")
    statuses = look_for_end(client, ids, evidence=[CALLED, GROWING, nothing_yet], called=heard("abc"))
    assert told(statuses) == [
        ("completed", "callback"),
        ("completed", "list_growth"),
        ("not seen", "process"),
    ]
    assert statuses is not None
    assert not statuses.is_finished


def test_an_import_without_an_id_is_told_by_its_callback_beside_others(client: ContactsClient) -> None:
    (one,) = submitted(client, 1)
    until_ended(client, one)
    statuses = look_for_end(client, [None, one], evidence=[CALLED, GROWING], called=heard("abc"))
    assert told(statuses) == [("completed", "callback"), ("completed", "process")]
    assert statuses is not None
    assert statuses.to_json()[0]["process_id"] is None


def test_a_callback_that_came_too_early_is_not_believed_where_there_is_a_process(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    ids = submitted(client, 1)
    statuses = look_for_end(client, ids, evidence=[CALLED], source="callback", called=heard("abc"))
    assert told(statuses) in ([("queued", "process")], [("in_process", "process")])


def test_where_only_a_callback_counts_nothing_is_asked_before_it(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    ids = submitted(client, 1)
    before = len(asked(sandbox))
    assert look_for_end(client, ids, evidence=[CALLED], source="callback") is None
    assert asked(sandbox)[before:] == []


def test_where_only_lists_count_no_process_is_asked_for(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    ids = submitted(client, 1)
    until_ended(client, *ids)
    before = len(asked(sandbox))
    statuses = look_for_end(client, ids, evidence=[GROWING], source="list_growth")
    assert told(statuses) == [("completed", "list_growth")]
    assert asked(sandbox)[before:] == ["list"]


@pytest.mark.parametrize(
    ("source", "evidence"),
    [
        ("auto", []),
        ("auto", [CompletionSignals.none()]),
        ("processes", [CALLED]),
        ("callback", [GROWING]),
        ("list_growth", [CALLED]),
    ],
)
def test_when_nobody_can_tell_it_says_what_to_configure(
    source: str, evidence: list[CompletionSignals], sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(process_route="404")
    with pytest.raises(CannotTell, match="set callback_url and callback_secret"):
        look_for_end(client, [1], evidence=evidence, source=source)


@pytest.mark.parametrize("kind", ["429", "500", "reset"])
def test_a_platform_that_cannot_be_asked_now_has_told_nothing(
    kind: str, sandbox: SandboxServer, client: ContactsClient
) -> None:
    ids = submitted(client, 1)
    sandbox.set_knobs(faults=[{"route": "process", "kind": kind}])
    assert look_for_end(client, ids) is None


def test_errors_that_stay_are_raised(sandbox: SandboxServer, client: ContactsClient) -> None:
    with pytest.raises(NotFound):
        look_for_end(client, [999])
    sandbox.set_knobs(faults=["process:401_key"])
    with pytest.raises(Unauthorized):
        look_for_end(client, [999])


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ValueError, match="1 pieces of evidence for 2 imports"):
        Completion([1, 2], [CALLED])
    with pytest.raises(ValueError, match=", ".join(SOURCES)):
        Completion([1], source="guess")


def test_waiting_in_a_worker_asks_for_a_missing_route_once(
    sandbox: SandboxServer, client: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.set_knobs(process_route="404")
    answers = itertools.chain([False] * 4, itertools.repeat(True))
    monkeypatch.setattr(
        "email_contacts.imports.waiting.worker_wait.growth_pauses", lambda: itertools.repeat(0.01)
    )
    outcome = wait_here(
        client,
        [5],
        deadline=time.time() + 30,
        pauses=itertools.repeat(0.01),
        evidence=[CALLED],
        called=lambda _: next(answers),
    )
    assert told(outcome.statuses) == [("completed", "callback")]
    assert asked(sandbox) == ["process"]


def test_waiting_in_a_worker_for_a_callback_that_never_comes_looks_once_at_the_deadline(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    ids = submitted(client, 1)
    until_ended(client, *ids)
    before = len(asked(sandbox))
    outcome = wait_here(
        client, ids, deadline=0.0, pauses=itertools.repeat(0.01), evidence=[CALLED], source="callback"
    )
    assert told(outcome.statuses) == [("completed", "process")]
    assert asked(sandbox)[before:] == ["process"]


def test_waiting_in_a_worker_outlasts_a_key_that_is_refused_for_a_while(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    ids = submitted(client, 1)
    until_ended(client, *ids)
    sandbox.set_knobs(faults=["process:401_ip:2"])
    outcome = wait_here(client, ids, deadline=time.time() + 30, pauses=itertools.repeat(0.01))
    assert outcome.completed()[0].id == ids[0]
    sandbox.set_knobs(faults=["process:401_ip"])
    late = wait_here(client, ids, deadline=0.0, pauses=itertools.repeat(0.01))
    assert late.is_late
    assert "401" in late.error
