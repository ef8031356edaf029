"""Neither the time nor the memory of a call is up to the server."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from email_contacts.api import (
    BadRequest,
    ContactsApiError,
    ContactsClient,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Unauthorized,
    Unavailable,
)
from tests.api.conftest import API_KEY
from tests.api.endless import LARGE, SLOW, UNTIL_CLOSED, coded, flood, sends
from tests.api.scripted_server import ScriptedServer, answers, answers_bytes

PATIENCE = 60.0  # seconds; only a client that hangs is waited for so long


@pytest.fixture
def hurried(server: ScriptedServer) -> Iterator[ContactsClient]:
    """A client with little time, and none for repeats."""
    with ContactsClient(server.url, API_KEY, timeout=0.3, max_wait=0) as made:
        yield made


@pytest.fixture
def patient(server: ScriptedServer) -> Iterator[ContactsClient]:
    """A client with time for everything, so that only the size of an answer ends a call."""
    with ContactsClient(server.url, API_KEY, timeout=PATIENCE, max_wait=0) as made:
        yield made


def error_of(call: Callable[[], Any]) -> ContactsApiError:
    """Make a call that must fail, and must end."""
    caught: list[ContactsApiError] = []

    def run() -> None:
        with pytest.raises(ContactsApiError) as error:
            call()
        caught.append(error.value)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert caught, "the call did not end, or not with an error of the package"
    return caught[0]


@pytest.mark.parametrize("play", SLOW.values(), ids=SLOW)
def test_an_answer_that_drips_ends_at_the_timeout(
    play: Any, server: ScriptedServer, hurried: ContactsClient
) -> None:
    server.plays(play, play)
    read = error_of(lambda: hurried.get_list(7))
    assert isinstance(read, Unavailable)
    assert "no answer within the time-out" in str(read)
    assert isinstance(error_of(lambda: hurried.create_folder("f")), OutcomeUnknown)


@pytest.fixture
def silent_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A look-up of a name that does not come back; the real one gives up when it likes."""
    is_over = threading.Event()
    real = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == "platform.example":
            is_over.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "it took too long")
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield
    is_over.set()


@pytest.mark.usefixtures("silent_resolver")
def test_looking_up_the_host_ends_at_the_timeout() -> None:
    with ContactsClient("https://platform.example", API_KEY, timeout=0.3, max_wait=0) as hurried:
        for call in (lambda: hurried.get_list(7), lambda: hurried.create_folder("f")):
            error = error_of(call)
            assert isinstance(error, NotSent)
            assert "no connection to the host" in str(error)


@pytest.mark.usefixtures("silent_resolver")
def test_looking_up_the_host_of_a_report_ends_at_the_timeout(hurried: ContactsClient) -> None:
    error = error_of(lambda: hurried.count_report_rows("https://platform.example/report.csv"))
    assert isinstance(error, Unavailable)


@pytest.mark.parametrize("play", LARGE.values(), ids=LARGE)
def test_an_answer_without_an_end_is_not_read_to_its_end(
    play: Any, server: ScriptedServer, patient: ContactsClient
) -> None:
    server.plays(play, play)
    tracemalloc.start()
    try:
        read = error_of(lambda: patient.get_list(7))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(read, Unavailable)
    assert peak < 120_000_000
    assert isinstance(error_of(lambda: patient.create_folder("f")), OutcomeUnknown)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, BadRequest), (401, Unauthorized), (429, RateLimited), (503, OutcomeUnknown)]
)
@pytest.mark.parametrize("body", ["endless", "bomb", "br"])
def test_of_a_refusal_its_status_is_enough(
    status: int, kind: type[ContactsApiError], body: str, server: ScriptedServer, patient: ContactsClient
) -> None:
    head = UNTIL_CLOSED.replace(b"200", str(status).encode())
    server.plays({
        "endless": sends(head, flood(b'{"code": "x'), flood(b" " * 65_536)),
        "bomb": sends(coded("gzip", gzip.compress(bytes(50_000_000), 1), status=status)),
        "br": sends(coded("br", b"?" * 100, status=status)),
    }[body])  # fmt: skip
    error = error_of(lambda: patient.create_folder("f"))
    assert isinstance(error, kind)
    assert error.status == status


def test_a_gzip_that_was_asked_for_is_read(client: ContactsClient, server: ScriptedServer) -> None:
    body = gzip.compress(b'{"id": 7}')
    server.plays(answers_bytes(200, body, headers={"content-encoding": "GZIP"}))
    assert client.create_folder("f") == 7
    assert server.only.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    "body",
    [b"", b"\x1f\x8b", gzip.compress(b'{"id": 7}')[:-4], gzip.compress(b"{}") * 2],
    ids=["empty", "only the mark", "cut", "two members"],
)
def test_a_gzip_that_is_none_is_no_answer(
    body: bytes, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers_bytes(200, body, headers={"content-encoding": "gzip"}))
    with pytest.raises(OutcomeUnknown):
        client.create_folder("f")


def test_a_large_page_is_read(client: ContactsClient, server: ScriptedServer) -> None:
    contacts = [{"id": number, "attributes": {"NOTE": "x" * 9000}} for number in range(1, 1001)]
    server.plays(answers(200, {"contacts": contacts, "count": 1000}))
    assert client.contacts(limit=1000).items == tuple(contacts)


def test_a_large_body_has_more_time(server: ScriptedServer) -> None:
    """A slow line is no fault: ``timeout`` is for the platform, and a body is given a second for 100 kB."""
    from email_contacts.api import ImportRequest

    request = ImportRequest(file_body="EMAIL\n" + "x" * 5_000_000, list_ids=[2])
    server.plays(answers(202, {"processId": 3}))
    with ContactsClient(server.url, API_KEY, timeout=0.001) as client:
        assert client.import_contacts(request) == 3
