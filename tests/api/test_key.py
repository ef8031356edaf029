"""The client's own key is in no message, log, repr or traceback, whoever quotes it and however."""

from __future__ import annotations

import base64
import html
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.api import ContactsApiError, ContactsClient
from email_contacts.api.masking import key_hider, masked
from tests.amount import amount
from tests.api.conftest import API_KEY
from tests.api.fake_clock import FakeClock
from tests.api.scripted_server import Play, ScriptedServer, answers

ODD_KEY = "a&b=c/d+e%f~0123456789ABCDEF"

ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in quotes": lambda key: f"'{key}'",
    "in upper case": str.upper,
    "cut": lambda key: key[:14] + "...",
    "its end": lambda key: "..." + key[-14:],
    "in a URL": lambda key: f"https://x.example.com/?api-key={quote(key, safe='')}&x=1",
    "hexadecimal": lambda key: key.encode().hex(),
    "HEXADECIMAL": lambda key: key.encode().hex().upper(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 for URLs": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "Basic": lambda key: "Basic " + base64.b64encode(f":{key}".encode()).decode(),
    "Basic with a name": lambda key: "Basic " + base64.b64encode(f"u:{key}:x".encode()).decode(),
    "HTML": html.escape,
    "JSON": json.dumps,
    "in a header": lambda key: f"api-key:{key}",
}


def pieces(key: str, shown: str) -> list[str]:
    """Whatever a reader could put together again: ten characters of the key, as it is or decoded."""
    size = 10
    return [
        key[at : at + size]
        for at in range(len(key) - size + 1)
        if key[at : at + size].lower() in shown.lower()
    ]


@pytest.mark.parametrize("key", [API_KEY, ODD_KEY, "k3y"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_key_is_hidden_however_it_is_quoted(encoding: str, key: str) -> None:
    quoted = ENCODINGS[encoding](key)
    shown = key_hider(key)(f"Key {quoted} not found, or {quoted}.")
    assert not pieces(key, shown)
    assert shown.startswith("Key ")
    assert "not found, or" in shown
    if len(key) >= 10 or encoding == "as it is":
        assert quoted not in shown
        assert "***" in shown


@settings(max_examples=amount(50, quick=10))
@given(
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=80),
    st.text(),
    st.text(),
)
def test_no_key_survives(key: str, before: str, after: str) -> None:
    shown = key_hider(key)(f"{before}{key}{after}")
    assert "***" in shown
    assert key.lower() not in shown.replace("***", "\n").lower() or len(key) < 3


def test_other_text_stays_as_it_is() -> None:
    text = "Unable to create contact, email is already associated with another Contact (id 12345)"
    assert key_hider(API_KEY)(text) == text


def _status_line(handler: Any) -> None:
    handler.wfile.write(f"HTTP/1.1 401 {API_KEY}\r\ncontent-length: 0\r\n\r\n".encode())
    handler.close_connection = True


def _no_http(handler: Any) -> None:
    handler.wfile.write(f"{API_KEY}\r\n\r\n".encode())
    handler.close_connection = True


def _bad_length(handler: Any) -> None:
    handler.wfile.write(f"HTTP/1.1 200 OK\r\ncontent-length: 1, {API_KEY}\r\n\r\n".encode())
    handler.close_connection = True


def _bad_header(handler: Any) -> None:
    handler.wfile.write(f"HTTP/1.1 401 No\r\ncontent-length: 0\r\n{API_KEY}\r\nx: y\r\n\r\n".encode())
    handler.close_connection = True


QUOTES: dict[str, Play] = {
    **{
        f"401 {name}": answers(401, {"code": "unauthorized", "message": f"Key not found: {encode(API_KEY)}"})
        for name, encode in ENCODINGS.items()
    },
    "code": answers(401, {"code": API_KEY, "message": "no"}),
    "metadata": answers(
        400, {"code": "x", "message": "no", "metadata": {"duplicate_identifiers": [API_KEY]}}
    ),
    "other metadata": answers(400, {"code": "x", "message": "no", "metadata": {API_KEY: [API_KEY]}}),
    "request id": answers(500, {"message": "no"}, headers={"sib-request-id": API_KEY}),
    "location": answers(302, headers={"location": f"https://{API_KEY}.example.com/{API_KEY}"}),
    "retry-after": answers(429, headers={"retry-after": API_KEY}),
    "reset": answers(429, headers={"x-sib-ratelimit-reset": API_KEY, "x-sib-ratelimit-remaining": "0"}),
    "rate limit": answers(429, {"message": API_KEY}),
    "unavailable": answers(503, {"message": API_KEY}),
    "success": answers(200, {"unexpected": API_KEY}, headers={"sib-request-id": API_KEY}),
    "fields": answers(200, {API_KEY: 1}),
    "status line": _status_line,
    "no HTTP": _no_http,
    "content-length": _bad_length,
    "header": _bad_header,
}


@pytest.mark.parametrize("quote_of", QUOTES)
def test_no_answer_makes_the_client_tell_its_key(
    quote_of: str, server: ScriptedServer, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    server.plays(*[QUOTES[quote_of]] * 9)
    calls: list[Callable[[ContactsClient], Any]] = [lambda c: c.get_list(7), lambda c: c.create_folder("f")]
    for call in calls:
        with (
            caplog.at_level(logging.DEBUG),
            ContactsClient(server.url, API_KEY, clock=clock.clock, max_wait=1.0) as client,
            pytest.raises(ContactsApiError) as caught,
        ):
            call(client)
        error = caught.value
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        told += repr(pickle.dumps(error)) + caplog.text + repr(client) + repr(vars(client))
        assert not pieces(API_KEY, told)
        assert base64.b64encode(API_KEY.encode()).decode()[4:20] not in told
        assert API_KEY.encode().hex()[:20] not in told


def test_a_traceback_with_variables_of_the_chained_error_has_no_request(
    client: ContactsClient, server: ScriptedServer
) -> None:
    """Tools that show local variables walk the frames of a traceback; those of requests hold the key."""
    from tests.api.scripted_server import resets

    server.plays(resets)
    with pytest.raises(ContactsApiError) as caught:
        client.create_folder("f")
    assert caught.value.__cause__ is not None
    assert caught.value.__cause__.__traceback__ is None


def test_masking_takes_time_in_proportion_and_leaves_no_half_of_an_address() -> None:
    assert masked("a" * 40_000) == "..."
    assert masked("a" * 40_000 + "@example.com") == "..."
    assert masked("%40" * 40_000) == "..."
    assert masked("1 " * 40_000).startswith("[number]")
    assert masked("x " * 900 + "jane.zyxwvu" * 30 + "@example.com").count("zyxwvu") == 0
    assert masked('"jane zyxwvu"@example.com is odd') == "[e-mail] is odd"
    assert masked("jane%2540example.com, jane\uff20example.com") == "[e-mail], [e-mail]"
    assert masked("\x1b[31mred\x00\ud800") == "\ufffd[31mred\ufffd\ufffd"
