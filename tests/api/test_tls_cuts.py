"""Connections that are cut in every phase of TLS: before, in and after the handshake and the request."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator

import pytest
import requests

from email_contacts.api import ContactsClient, NotSent, OutcomeUnknown
from tests.api.certificates import Authority
from tests.api.conftest import API_KEY
from tests.api.cutting_server import Cuts, CuttingServer, hang_up, reset
from tests.api.test_cuts import ANSWER, outcome

STRIDE = 23  # bytes; records, and with them the phases, are far longer

Connected = tuple[CuttingServer, ContactsClient]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name)
def connected(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Connected]:
    yield from _connected(authority, authority.server_context(request.param))


def _connected(authority: Authority, context: ssl.SSLContext) -> Iterator[Connected]:
    with CuttingServer(ANSWER, tls=context) as server, requests.Session() as session:
        session.trust_env = False
        session.verify = str(authority.certificate)
        with ContactsClient(
            server.url, API_KEY, session=session, max_wait=0, requests_per_second=1e6
        ) as client:
            yield server, client


@pytest.mark.parametrize("how", [hang_up, reset])
def test_a_cut_at_any_phase_is_called_what_it_was(how: Callable[..., None], connected: Connected) -> None:
    server, client = connected

    def call() -> int:
        return client.create_folder("f")

    assert outcome(server, call, Cuts()) == 7
    received, sent, handshake_received, handshake_sent = (
        server.received, server.sent, server.handshake_received, server.handshake_sent,
    )  # fmt: skip
    # The end of the handshake and the request may come together.
    assert 0 < handshake_received <= received
    assert 0 < handshake_sent < sent
    # Sizes differ by a few bytes from one handshake to the next: signatures do.
    spare = 16
    for position in range(0, received - spare, STRIDE):
        result = outcome(server, call, Cuts(after_received=position, how=how))
        assert not server.had_all
        assert result in (NotSent, OutcomeUnknown), position
    for position in range(0, sent - spare, STRIDE):
        result = outcome(server, call, Cuts(after_sent=position, how=how))
        # The last flight of a handshake may be cut and the request still come.
        assert result is OutcomeUnknown if server.had_all else result in (NotSent, OutcomeUnknown), position
    # The client's first flight is not the request: without an answer to it nothing else is sent.
    for cuts in (
        Cuts(after_received=100, how=how),
        Cuts(after_sent=0, how=how),
        Cuts(after_sent=60, how=how),
    ):
        assert outcome(server, call, cuts) is NotSent


@pytest.mark.parametrize("how", [hang_up, reset])
@pytest.mark.parametrize("farewell", ["alert", "close_notify", "plain text", "garbage"])
def test_what_breaks_after_the_request_may_have_run(
    farewell: str, how: Callable[..., None], connected: Connected
) -> None:
    server, client = connected
    cuts = Cuts(farewell=farewell, how=how)  # type: ignore[arg-type]
    assert outcome(server, lambda: client.create_folder("f"), cuts) is OutcomeUnknown
    assert server.had_all


def test_a_whole_answer_counts_though_the_session_was_not_closed(connected: Connected) -> None:
    server, client = connected
    assert outcome(server, lambda: client.create_folder("f"), Cuts(how=hang_up)) == 7
    server.answer = (
        b'HTTP/1.1 201 Created\r\n\r\n{"id": 7'  # and no length: the end of the connection is its end
    )
    assert outcome(server, lambda: client.create_folder("f"), Cuts(how=hang_up)) is OutcomeUnknown


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_that_the_client_does_not_have(version: ssl.TLSVersion, authority: Authority) -> None:
    """TLS 1.2 refuses in the handshake; TLS 1.3 only when the request may have been sent."""
    context = authority.server_context(version)
    context.verify_mode = ssl.CERT_REQUIRED
    for server, client in _connected(authority, context):
        result = outcome(server, lambda: client.create_folder("f"), Cuts())  # noqa: B023
        assert not server.had_all
        assert result is NotSent or version is ssl.TLSVersion.TLSv1_3
        assert result in (NotSent, OutcomeUnknown)
