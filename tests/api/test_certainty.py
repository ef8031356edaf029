"""Was it sent? Judged on real sockets: refused, cut, behind a proxy, behind TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from email_contacts.api import ContactsApiError, ContactsClient, NotSent, OutcomeUnknown
from tests.api.certificates import Authority
from tests.api.conftest import API_KEY
from tests.api.fake_clock import FakeClock
from tests.api.scripted_server import ScriptedServer, answers, hangs_up, resets


@pytest.fixture
def through_proxy(server: ScriptedServer) -> Iterator[requests.Session]:
    """A session whose proxy is the scripted server."""
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"http": server.url, "https": server.url}
        yield session


def create_folder(session: requests.Session | None, clock: FakeClock, url: str) -> ContactsApiError:
    with (
        ContactsClient(url, API_KEY, session=session, clock=clock.clock, allow_http=True) as client,
        pytest.raises(ContactsApiError) as caught,
    ):
        client.create_folder("f")
    return caught.value


@pytest.mark.parametrize("cut", [resets, hangs_up])
def test_a_cut_behind_a_proxy_may_have_run(
    cut: object, server: ScriptedServer, through_proxy: requests.Session, clock: FakeClock
) -> None:
    # urllib3 calls this a ProxyError although the proxy had the whole request.
    server.plays(cut, answers(200, {"id": 1}))  # type: ignore[arg-type]
    error = create_folder(through_proxy, clock, "http://platform.example.com")
    assert isinstance(error, OutcomeUnknown)
    assert len(server.seen) == 1


def test_a_proxy_that_refuses_the_tunnel_sent_nothing(
    server: ScriptedServer, through_proxy: requests.Session, clock: FakeClock
) -> None:
    server.plays(*[answers(403)] * 9)
    error = create_folder(through_proxy, clock, "https://platform.example.com")
    assert isinstance(error, NotSent)
    assert {seen.method for seen in server.seen} == {"CONNECT"}


def test_a_proxy_that_is_not_there_sent_nothing(clock: FakeClock) -> None:
    with ScriptedServer() as gone:
        url = gone.url
    with requests.Session() as session:
        session.proxies = {"http": url}
        assert isinstance(create_folder(session, clock, "http://platform.example.com"), NotSent)


def test_a_host_without_address_sent_nothing(clock: FakeClock) -> None:
    error = create_folder(None, clock, "https://no-such-host.invalid")
    assert isinstance(error, NotSent)
    assert "could not be resolved" in str(error)


def test_a_host_that_cannot_be_one_sent_nothing_and_is_not_tried_again(clock: FakeClock) -> None:
    error = create_folder(None, clock, f"https://{'x' * 64}.example.com")
    assert isinstance(error, NotSent)
    assert clock.slept == []


def test_the_cause_is_chained_without_the_request(
    client: ContactsClient, server: ScriptedServer, clock: FakeClock
) -> None:
    server.plays(resets)
    with pytest.raises(OutcomeUnknown) as caught:
        client.create_folder("f")
    assert "ConnectionResetError" in repr(caught.value.__cause__)
    # requests' own errors hold the request, and with it the key and the rows.
    assert not isinstance(caught.value.__cause__, requests.RequestException)
    assert caught.value.__context__ is None or not hasattr(caught.value.__context__, "request")


def test_tls_to_a_plain_port_sent_nothing_and_is_not_tried_again(
    server: ScriptedServer, clock: FakeClock
) -> None:
    error = create_folder(None, clock, server.url.replace("http:", "https:"))
    assert isinstance(error, NotSent)
    assert "TLS handshake" in str(error)
    assert clock.slept == []
    assert server.seen == []


def test_an_untrusted_certificate_sent_nothing_and_is_not_tried_again(
    tmp_path: Path, server: ScriptedServer, clock: FakeClock
) -> None:
    server.speaks_tls(Authority.make(tmp_path).server_context())
    error = create_folder(None, clock, server.url.replace("http:", "https:"))
    assert isinstance(error, NotSent)
    assert "certificate trusted" in str(error)
    assert clock.slept == []
    assert server.seen == []


def test_a_missing_ca_bundle_is_told(tmp_path: Path, clock: FakeClock) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(tmp_path / "absent.pem")
        error = create_folder(session, clock, "https://127.0.0.1:1")
    assert isinstance(error, NotSent)
    assert "absent.pem" in str(error)
    assert clock.slept == []


def test_the_callers_own_trouble_is_no_evidence(
    client: ContactsClient, server: ScriptedServer, clock: FakeClock
) -> None:
    # Python links an error to the one that is being handled; a reset must not be taken for that one.
    server.plays(resets)
    try:
        requests.get("http://127.0.0.1:1", timeout=1)
    except requests.ConnectionError:
        with pytest.raises(OutcomeUnknown):
            client.create_folder("f")
