"""Connections that are cut, at every byte of request and answer: what is said of them is true.

``NotSent`` is said only when the server cannot have had the whole request. The server knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from email_contacts.api import ContactsApiError, ContactsClient, ImportRequest, NotSent, OutcomeUnknown
from email_contacts.api.upload import Upload
from tests.api.conftest import API_KEY
from tests.api.cutting_server import Cuts, CuttingServer, hang_up, reset

ANSWER = b'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"id": 7}'
ENDS = pytest.mark.parametrize("how", [hang_up, reset])


@pytest.fixture
def server() -> Iterator[CuttingServer]:
    with CuttingServer(ANSWER) as running:
        yield running


@pytest.fixture
def client(server: CuttingServer) -> Iterator[ContactsClient]:
    # Without patience nothing is repeated, so that each call is one connection.
    with ContactsClient(server.url, API_KEY, max_wait=0, requests_per_second=1e6) as made:
        yield made


def outcome(server: CuttingServer, call: Callable[[], int], cuts: Cuts) -> int | type[ContactsApiError]:
    server.cuts = cuts
    result: int | type[ContactsApiError]
    try:
        result = call()
    except ContactsApiError as error:
        result = type(error)
    server.settle()
    return result


@ENDS
def test_a_cut_at_any_byte_of_the_request_is_never_called_more_than_it_was(
    how: Callable[..., None], server: CuttingServer, client: ContactsClient
) -> None:
    def call() -> int:
        return client.create_folder("f")

    assert outcome(server, call, Cuts()) == 7
    size = server.received
    assert size > 200
    for position in range(size):
        result = outcome(server, call, Cuts(after_received=position, how=how))
        assert not server.had_all
        # The client cannot know what its kernel still had when the cut came, once that had everything.
        assert result in (NotSent, OutcomeUnknown), position


@ENDS
def test_a_cut_at_any_byte_of_the_answer_may_have_run(
    how: Callable[..., None], server: CuttingServer, client: ContactsClient
) -> None:
    for position in range(len(ANSWER)):
        cuts = Cuts(after_sent=position, how=how)
        assert outcome(server, lambda: client.create_folder("f"), cuts) is OutcomeUnknown, position
        assert server.had_all
    assert outcome(server, lambda: client.create_folder("f"), Cuts(after_sent=len(ANSWER), how=hang_up)) == 7


@ENDS
@pytest.mark.parametrize("position", [0, 1, 100, 50_000, 1_000_000, 2_500_000])
def test_a_large_request_that_was_cut_did_not_run(
    how: Callable[..., None], position: int, server: CuttingServer, client: ContactsClient
) -> None:
    request = ImportRequest(file_body="EMAIL\n" + "x" * 7_900_000, list_ids=[2])
    cuts = Cuts(after_received=position, how=how)
    assert outcome(server, lambda: client.import_contacts(request), cuts) is NotSent
    assert not server.had_all


STRANGE_ANSWERS = [
    b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\ncontent-length: 8\r\n\r\n" + b'{"id": 7}',
    b"HTTP/1.1 200 OK\r\ncontent-length: 9, 8\r\n\r\n" + b'{"id": 7}',
    b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n" + b'{"id": 7}',
    b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n" + b'{"id": 7}',
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n" + b'{"id": 7}',
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n" + b'{"id": 7}',
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-9\r\n" + b'{"id": 7}',
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n" + b'{"id": 7}',
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/9.9 200 OK\r\n\r\n" + b'{"id": 7}',
    b"HTTP/1.1 abc OK\r\n\r\n" + b'{"id": 7}',
    b"HTTP/1.1 99999 OK\r\n\r\n" + b'{"id": 7}',
    b"\r\n\r\n",
    b"\x00\xff\xfe" * 50,
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"HTTP/1.1 200 OK\r\n: no name\r\n\r\n" + b'{"id" 7}',
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\n\r\n",
    b"HTTP/1.1 503 Unavailable\r\ncontent-length: 9\r\ncontent-length: 8\r\n\r\n",
]


@pytest.mark.parametrize("answer", STRANGE_ANSWERS)
def test_an_answer_that_cannot_be_is_no_proof_that_nothing_ran(
    answer: bytes, server: CuttingServer, client: ContactsClient
) -> None:
    server.answer = answer
    result = outcome(server, lambda: client.create_folder("f"), Cuts())
    assert server.had_all
    assert isinstance(result, type)
    assert not result.safe_to_retry
    # A redirect is a refusal: nobody follows it.
    assert result is OutcomeUnknown or answer.startswith((b"HTTP/1.1 304", b"HTTP/1.1 101"))


def test_a_body_counts_as_handed_over_from_its_last_byte_on() -> None:
    upload = Upload(b"0123456789")
    assert (len(upload), upload.is_handed_over) == (10, False)
    pieces = [upload.read(4), upload.read(4), upload.read(4)]
    assert (pieces, upload.is_handed_over) == ([b"0123", b"4567", b"8"], False)
    assert (upload.read(4), upload.is_handed_over) == (b"9", True)
    assert upload.read(4) == b""


@pytest.mark.parametrize("size", [-1, 1, 3, 16_384])
@pytest.mark.parametrize("body", [b"x", b"xy", b"x" * 40_000])
def test_a_body_is_given_whole_and_once(body: bytes, size: int) -> None:
    upload = Upload(body)
    assert b"".join(iter(lambda: upload.read(size), b"")) == body
    assert upload.read() == b""
    assert b"".join(Upload(body)) == body
