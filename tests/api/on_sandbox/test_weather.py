"""The platform on a bad day: what is repeated, what never is, and how long is waited."""

from __future__ import annotations

import pytest

from email_contacts.api import (
    BadRequest,
    ContactsApiError,
    ContactsClient,
    ImportRequest,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from email_contacts.sandbox import SandboxServer
from tests.api.fake_clock import FakeClock
from tests.api.on_sandbox.waiting import wait_for

FIRST_LIST = 2
IMPORT = ImportRequest(json_body=[{"email": "person@example.com"}], list_ids=[FIRST_LIST])

UNCERTAIN = ["500", "502", "503", "524", "reset", "closed", "500_after_accepting", "524_after_accepting",
             "reset_after_accepting", "truncated", "garbled"]  # fmt: skip
DONE_ALL_THE_SAME = {"truncated", "garbled"}


@pytest.mark.parametrize("kind", UNCERTAIN)
def test_an_import_is_never_sent_twice(kind: str, client: ContactsClient, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(faults=[{"route": "import", "kind": kind}])
    with pytest.raises(OutcomeUnknown):
        client.import_contacts(IMPORT)
    carried_out = kind.endswith("_after_accepting") or kind in DONE_ALL_THE_SAME
    assert sandbox.imports_accepted() == int(carried_out)
    assert [entry.route for entry in sandbox.journal()] == ["import"]


def test_an_import_that_was_refused_for_its_pace_is_sent_again(
    client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(faults=[{"route": "import", "kind": "429", "seconds": 1, "times": 2}])
    client.import_contacts(IMPORT)
    assert sandbox.imports_accepted() == 1
    assert client.requests.retried == 2


@pytest.mark.parametrize("kind", [*UNCERTAIN, "429"])
def test_a_read_comes_through_bad_weather(kind: str, client: ContactsClient, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(faults=[{"route": "list", "kind": kind, "times": 3}])
    assert client.get_list(FIRST_LIST).name == "Your first list"
    assert client.requests.retried == 3


def test_weather_that_stays_bad_is_told(client: ContactsClient, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(faults=[{"route": "list", "kind": "524", "times": 0}])
    with pytest.raises(Unavailable, match="524 HTML page from a proxy"):
        client.get_list(FIRST_LIST)


def test_a_slow_answer_ends_at_the_timeout(sandbox: SandboxServer, clock: FakeClock) -> None:
    sandbox.set_knobs(faults=[{"route": "import", "kind": "slow", "seconds": 0.5}])
    with (
        ContactsClient(sandbox.url, sandbox.api_key, timeout=0.1, clock=clock.clock) as client,
        pytest.raises(OutcomeUnknown, match="time-out"),
    ):
        client.import_contacts(IMPORT)
    assert sandbox.imports_accepted() == 1
    wait_for(lambda: len(sandbox.journal()) == 1)  # the answer that nobody waited for


@pytest.mark.parametrize("retry_after", [True, False])
def test_the_limit_per_second_is_kept_by_waiting(retry_after: bool, sandbox: SandboxServer) -> None:
    # Real time: the platform's clock cannot be faked from here.
    sandbox.set_knobs(contacts_per_second=4, retry_after=retry_after)
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        for _ in range(6):
            client.get_list(FIRST_LIST)
    assert [entry.status for entry in sandbox.journal()].count(200) == 6


def test_a_spent_hour_is_told_at_once_and_holds_up_nothing_else(
    client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(others_per_hour=2)
    client.processes()
    client.processes()
    with pytest.raises(RateLimited) as caught:
        client.processes()
    assert 60 < caught.value.retry_after < 3601
    client.contacts(limit=1)
    assert [entry.route for entry in sandbox.journal()] == ["processes", "processes", "contacts"]


def test_a_body_over_the_platforms_limit_is_refused(client: ContactsClient, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(body_limit_bytes=100)
    with pytest.raises(ContactsApiError) as caught:
        client.import_contacts(IMPORT)
    assert isinstance(caught.value, BadRequest)
    assert caught.value.status == 413
