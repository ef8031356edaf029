"""The address of the platform: what is tolerated, what is refused and how it is said."""

from __future__ import annotations

import pytest

from email_contacts.api import ContactsClient, InvalidRequest
from tests.api.conftest import API_KEY
from tests.api.scripted_server import ScriptedServer, answers


def base_url(text: str, *, allow_http: bool = False) -> str:
    with ContactsClient(text, API_KEY, allow_http=allow_http) as client:
        return client.base_url


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com/v3", "https://api.example.com"),
        ("https://api.example.com/v3/", "https://api.example.com"),
        ("  https://api.example.com/v3\n", "https://api.example.com"),
        ("https://gateway.example.com/mail/v3", "https://gateway.example.com/mail"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.8.9.1", "http://127.8.9.1"),
        ("http://[::1]:8000/v3", "http://[::1]:8000"),
        ("http://LOCALHOST:8000", "http://LOCALHOST:8000"),
    ],
)
def test_these_are_understood(given: str, used: str) -> None:
    assert base_url(given) == used


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("api.example.com", "must begin with https://.*no scheme"),
        ("localhost:8000", "must begin with https://"),
        ("ftp://api.example.com", "begins with ftp:"),
        ("https://", "has no host"),
        ("https://api.example.com:port", "malformed"),
        ("https://[::1", "malformed"),
        ("https://api.exa\nmple.com", "control characters"),
        ("https://api.example.com/?key=1", "query or fragment"),
        ("https://api.example.com/#v3", "query or fragment"),
        ("https://user:hunter2@api.example.com", "user name or password"),
        ("http://api.example.com", "unencrypted"),
        ("http://10.0.0.7", "unencrypted"),
        ("http://127.0.0.1.example.com", "unencrypted"),
        ("http://localhost.example.com", "unencrypted"),
    ],
)
def test_these_are_refused_before_anything_is_sent(given: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as caught:
        base_url(given)
    assert "hunter2" not in str(caught.value)


def test_plain_http_can_be_allowed() -> None:
    assert base_url("http://sandbox:8000", allow_http=True) == "http://sandbox:8000"


@pytest.mark.parametrize("suffix", ["", "/", "/v3", "/v3/"])
def test_every_spelling_reaches_the_same_route(suffix: str, server: ScriptedServer) -> None:
    server.plays(answers(200, {"contacts": [], "count": 0}))
    with ContactsClient(server.url + suffix, API_KEY) as client:
        client.contacts(limit=1)
    assert server.only.path == "/v3/contacts?limit=1&offset=0&sort=desc"


def test_a_path_in_front_is_kept(server: ScriptedServer) -> None:
    server.plays(answers(200, {"contacts": [], "count": 0}))
    with ContactsClient(server.url + "/mail/v3", API_KEY) as client:
        client.contacts(limit=1)
    assert server.only.path.startswith("/mail/v3/contacts?")
