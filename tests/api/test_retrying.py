"""The retry table of api-contract §5, row by row, over real connections."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import (
    ContactsApiError,
    ContactsClient,
    ImportRequest,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
    retrying,
)
from tests.api.conftest import API_KEY
from tests.api.fake_clock import FakeClock
from tests.api.scripted_server import (
    Play,
    ScriptedServer,
    answers,
    answers_bytes,
    answers_html,
    hangs_up,
    resets,
    stays_silent,
    truncates,
)


@dataclass(frozen=True)
class Operation:
    """One method of the client and the answer that pleases it."""

    name: str
    call: Callable[[ContactsClient], Any]
    success: Any

    def __str__(self) -> str:
        return self.name


IMPORT = ImportRequest(json_body=[{"email": "jane@example.com"}], list_ids=[2])
REMOVED = {"contacts": {"success": [5], "failure": []}}
LIST = {"id": 7, "name": "l", "folderId": 1, "uniqueSubscribers": 0}

ALWAYS = [
    Operation("get_list", lambda c: c.get_list(7), LIST),
    Operation("contacts", lambda c: c.contacts(), {"contacts": [], "count": 0}),
    Operation("process", lambda c: c.process(3), {"id": 3, "name": "IMPORTUSER", "status": "queued"}),
    Operation("upsert", lambda c: c.create_contact(email="a@example.com", update_enabled=True), {"id": 1}),
]
WHEN_REFUSED = [Operation("create_contact", lambda c: c.create_contact(email="a@example.com"), {"id": 1})]
WHEN_NOT_RUN = [
    Operation("create_folder", lambda c: c.create_folder("f"), {"id": 1}),
    Operation("create_list", lambda c: c.create_list("l", folder_id=1), {"id": 1}),
    Operation("import_contacts", lambda c: c.import_contacts(IMPORT), {"processId": 1}),
    Operation("remove_from_list", lambda c: c.remove_from_list(2, ids=[5]), REMOVED),
]
NOT_REPEATABLE = WHEN_REFUSED + WHEN_NOT_RUN
ALL = ALWAYS + NOT_REPEATABLE

UNCERTAIN: dict[str, Play] = {
    "408": answers(408),
    "500 json": answers(500, {"code": "internal", "message": "oops"}),
    "502 html": answers_html(502),
    "503": answers(503),
    "524 html": answers_html(524),
    "reset": resets,
    "hang-up": hangs_up,
    "truncated": truncates(200, {"id": 1, "processId": 1, "name": "something long enough"}),
    "not json": answers_bytes(200, b'{"id": 1'),
    "not utf-8": answers_bytes(200, b'{"id": "\xff\xfe"}'),
    "broken gzip": answers_bytes(200, b"no gzip", headers={"content-encoding": "gzip"}),
}


@pytest.mark.parametrize("operation", ALWAYS, ids=str)
@pytest.mark.parametrize("fault", UNCERTAIN)
def test_a_repeatable_call_survives_a_fault(
    operation: Operation, fault: str, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(UNCERTAIN[fault], answers(200, operation.success))
    operation.call(client)
    assert (client.requests.made, client.requests.retried) == (2, 1)


@pytest.mark.parametrize("fault", UNCERTAIN)
def test_a_repeatable_call_gives_up_after_its_attempts(
    fault: str, client: ContactsClient, server: ScriptedServer, clock: FakeClock
) -> None:
    server.plays(*[UNCERTAIN[fault]] * 9)
    with pytest.raises(Unavailable) as caught:
        client.get_list(7)
    assert len(server.seen) == retrying.ATTEMPTS == 4
    assert clock.waits == pytest.approx([0.25, 0.5, 1.0])
    assert caught.value.safe_to_retry
    assert (caught.value.method, caught.value.path) == ("GET", "/v3/contacts/lists/7")


@pytest.mark.parametrize("operation", NOT_REPEATABLE, ids=str)
@pytest.mark.parametrize("fault", UNCERTAIN)
def test_a_call_that_must_not_run_twice_is_sent_once(
    operation: Operation, fault: str, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(UNCERTAIN[fault], answers(200, operation.success))
    with pytest.raises(OutcomeUnknown, match="may have run") as caught:
        operation.call(client)
    assert len(server.seen) == 1
    assert not caught.value.safe_to_retry


@pytest.mark.parametrize("operation", NOT_REPEATABLE, ids=str)
@pytest.mark.parametrize("document", [{}, [], {"id": "7"}, {"id": True, "processId": None}])
def test_a_success_without_the_promised_id_is_an_unknown_outcome(
    operation: Operation, document: Any, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers(201, document))
    with pytest.raises(OutcomeUnknown, match="not the documented answer"):
        operation.call(client)


@pytest.mark.parametrize("operation", ALL, ids=str)
def test_a_rate_limit_is_waited_out_by_every_call(
    operation: Operation, client: ContactsClient, server: ScriptedServer, clock: FakeClock
) -> None:
    server.plays(answers(429, headers={"retry-after": "7"}), answers(200, operation.success))
    operation.call(client)
    assert clock.waits == pytest.approx([7.0])


@pytest.mark.parametrize("operation", ALWAYS + WHEN_REFUSED, ids=str)
def test_too_early_is_repeated_for_contacts(
    operation: Operation, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers(425), answers(200, operation.success))
    operation.call(client)


@pytest.mark.parametrize("operation", WHEN_NOT_RUN, ids=str)
def test_too_early_stops_the_rest(
    operation: Operation, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers(425), answers(200, operation.success))
    with pytest.raises(UnexpectedAnswer):
        operation.call(client)
    assert len(server.seen) == 1


@pytest.mark.parametrize("operation", ALL, ids=str)
@pytest.mark.parametrize("status", [302, 400, 401, 402, 403, 404, 405, 406, 409, 418, 422])
def test_other_refusals_are_not_repeated(
    operation: Operation, status: int, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers(status, {"code": "bad_request", "message": "no"}), answers(200, operation.success))
    with pytest.raises(ContactsApiError) as caught:
        operation.call(client)
    assert len(server.seen) == 1
    assert not caught.value.safe_to_retry
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("operation", ALL, ids=str)
def test_every_call_is_repeated_when_nothing_was_sent(operation: Operation, clock: FakeClock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with ContactsClient(url, API_KEY, clock=clock.clock) as client:
            with pytest.raises(NotSent, match="Nothing was sent") as caught:
                operation.call(client)
            assert client.requests.made == retrying.ATTEMPTS
    assert caught.value.safe_to_retry
    assert isinstance(caught.value, ConnectionError)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [*((o, Unavailable) for o in ALWAYS), *((o, OutcomeUnknown) for o in NOT_REPEATABLE)],
    ids=str,
)
def test_silence_ends_at_the_timeout(
    operation: Operation, expected: type[ContactsApiError], server: ScriptedServer, clock: FakeClock
) -> None:
    server.plays(*[stays_silent] * 9)
    with (
        ContactsClient(server.url, API_KEY, clock=clock.clock, timeout=0.05) as client,
        # On a busy machine the time-out may pass while the answer is read, or before the request has left.
        pytest.raises((expected, NotSent), match=r"no answer within the time-out|TimeoutError") as caught,
    ):
        operation.call(client)
    assert isinstance(caught.value, expected) or len(server.seen) < client.requests.made


def test_waiting_is_bounded_by_max_wait_in_all(server: ScriptedServer, clock: FakeClock) -> None:
    server.plays(*[answers(429, headers={"retry-after": "25"})] * 9)
    with (
        ContactsClient(server.url, API_KEY, clock=clock.clock, max_wait=60.0) as client,
        pytest.raises(RateLimited) as caught,
    ):
        client.contacts()
    assert sum(clock.slept) <= 60.0
    assert len(server.seen) == 3
    assert caught.value.retry_after == 25.0


@pytest.mark.parametrize("operation", ALL, ids=str)
def test_a_rate_limit_without_a_reset_says_so(operation: Operation, server: ScriptedServer) -> None:
    server.plays(*[answers(429, {"message": "Too many"})] * 9)
    with (
        ContactsClient(server.url, API_KEY, clock=FakeClock().clock) as client,
        pytest.raises(RateLimited, match="does not say when") as caught,
    ):
        operation.call(client)
    assert caught.value.retry_after == 0.0


def test_a_rate_limit_is_given_no_less_patience_than_a_fault(server: ScriptedServer) -> None:
    waited = []
    for status in (503, 429):
        clock = FakeClock()
        server.plays(*[answers(status)] * 9)
        with ContactsClient(server.url, API_KEY, clock=clock.clock) as client:
            with pytest.raises((Unavailable, RateLimited)):
                client.get_list(7)
            assert client.requests.made == retrying.ATTEMPTS
        waited.append(sum(clock.slept))
    assert waited[0] < waited[1]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 524])
def test_retry_after_is_honoured_for_faults(
    status: int, client: ContactsClient, server: ScriptedServer, clock: FakeClock
) -> None:
    server.plays(answers(status, headers={"retry-after": "20"}), answers(200, LIST))
    client.get_list(7)
    assert clock.waits == pytest.approx([20.0])
    server.plays(answers(status, headers={"retry-after": "0"}), answers(200, LIST))
    client.get_list(7)
    assert clock.waits == pytest.approx([20.0, 0.25])
    server.plays(*[answers(status, headers={"retry-after": "61"})] * 2)  # beyond max_wait
    with pytest.raises(Unavailable) as caught:
        client.get_list(7)
    with pytest.raises(OutcomeUnknown) as unknown:
        client.create_folder("f")
    assert (caught.value.retry_after, unknown.value.retry_after) == (61.0, 61.0)
    assert clock.waits == pytest.approx([20.0, 0.25])


def test_no_wait_at_all_is_possible(server: ScriptedServer, clock: FakeClock) -> None:
    server.plays(answers(503), answers(200, LIST))
    with (
        ContactsClient(server.url, API_KEY, clock=clock.clock, max_wait=0) as client,
        pytest.raises(Unavailable),
    ):
        client.get_list(7)
    assert clock.slept == []


def test_each_repeat_is_logged_without_personal_data(
    client: ContactsClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    contact = {"id": 1, "email": "jane@example.com"}
    server.plays(answers(500, {"message": "jane@example.com broke it"}), answers(200, contact))
    assert client.get_contact("jane@example.com") == contact
    (record,) = [record for record in caplog.records if record.name.startswith("email_contacts")]
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        "repeating GET /v3/contacts/{identifier} in 0.2 s, after attempt 1 of 4: "
        "GET /v3/contacts/{identifier}: 500: [e-mail] broke it"
    )


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_backoff_grows_and_is_capped(attempt: int, chance: float) -> None:
    wait = retrying.backoff(attempt, chance=chance)
    assert 0.25 <= wait <= 8.0
    assert retrying.backoff(attempt + 1, chance=chance) >= wait
