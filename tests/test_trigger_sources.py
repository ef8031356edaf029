"""The trigger where other things than processes tell the end of an import."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from email_contacts.api import ContactsClient
from email_contacts.imports.waiting.completion_signals import CompletionSignals
from email_contacts.sandbox import SandboxServer
from tests.conftest import connect
from tests.deferral import event_of
from tests.imports.conftest import submitted, until_ended
from tests.triggering import evidence, trigger


@pytest.fixture(autouse=True)
def connection(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default connection without a pace to keep; a failed look is not repeated by the client."""
    connect(monkeypatch, sandbox, stage=tmp_path, requests_per_second=1000)
    monkeypatch.setattr("email_contacts.connection.MAX_WAIT", 0.0)
    # No test is to spend what another one needs.
    monkeypatch.setattr("email_contacts.imports.waiting.shared_poller._budgets", {})


@pytest.fixture
def platform(sandbox: SandboxServer) -> Iterator[ContactsClient]:
    """A client of the test's own."""
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        yield client


def test_where_there_is_no_process_route_the_lists_tell(
    sandbox: SandboxServer, platform: ContactsClient
) -> None:
    ids = submitted(platform, 1)
    until_ended(platform, *ids)
    sandbox.set_knobs(process_route="404")
    assert event_of(trigger(ids, evidence=[evidence()]))["processes"] == [
        {"process_id": ids[0], "status": "completed", "rejects": {}, "told_by": "list_growth"}
    ]


@pytest.mark.parametrize("process_id", [5, None])
def test_where_there_is_no_process_route_a_callback_tells(
    process_id: int | None, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.set_knobs(process_route="405")
    heard = iter([False, True])

    async def was_called(of: CompletionSignals) -> bool:
        assert of.nonce == "abc"
        return next(heard)

    monkeypatch.setattr("email_contacts.trigger._was_called", was_called)
    event = event_of(trigger([process_id], evidence=[evidence(nonce="abc", contacts=None)]))
    assert event["processes"] == [
        {"process_id": process_id, "status": "completed", "rejects": {}, "told_by": "callback"}
    ]


def test_a_callback_alone_is_waited_for_without_a_request_and_the_process_then_looked_at(
    sandbox: SandboxServer, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = submitted(platform, 1)
    until_ended(platform, *ids)
    before = len(sandbox.journal())
    heard = iter([False, False, True])

    async def was_called(of: CompletionSignals) -> bool:
        assert sandbox.journal()[before:] == []
        return next(heard)

    monkeypatch.setattr("email_contacts.trigger._was_called", was_called)
    event = event_of(trigger(ids, source="callback", evidence=[evidence(nonce="abc")]))
    assert event["processes"][0]["told_by"] == "process"
    assert [entry.route for entry in sandbox.journal()[before:]] == ["process"]


def test_at_the_deadline_a_callback_that_never_came_is_not_missed(platform: ContactsClient) -> None:
    ids = submitted(platform, 1)
    until_ended(platform, *ids)
    event = event_of(
        trigger(ids, source="callback", deadline=0.0, evidence=[evidence(nonce="abc")], poll_interval=None)
    )
    assert event["outcome"] == "seen"


@pytest.mark.parametrize(("source", "given"), [("callback", {}), ("list_growth", {"contacts": None})])
def test_a_source_that_cannot_tell_says_what_to_configure(source: str, given: dict[str, Any]) -> None:
    event = event_of(trigger([1], source=source, evidence=[evidence(**given)]))
    assert event["outcome"] == "error"
    assert f"completion_source is {source}" in event["error"]
