"""Answers of every wrong shape: only errors of the package leave the client, and they quote nothing."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from email_contacts.api import (
    ContactsApiError,
    ContactsClient,
    ImportRequest,
    OutcomeUnknown,
    Unavailable,
    UnexpectedAnswer,
)
from email_contacts.api.exchange import Answer
from email_contacts.api.fields import NotAsDocumented
from tests.amount import amount
from tests.api.scripted_server import Play, ScriptedServer, answers, answers_bytes

JANE = "jane.zyxwvu@example.com"
CALLS: list[Callable[[ContactsClient], Any]] = [
    lambda c: c.create_folder("f"),
    lambda c: c.create_list("l", folder_id=1),
    lambda c: c.create_contact(email="jane@example.com"),
    lambda c: c.create_contact(email="jane@example.com", update_enabled=True),
    lambda c: c.import_contacts(ImportRequest(prepared=b"[{}]", list_ids=[2])),
    lambda c: c.remove_from_list(2, ids=[1]),
    lambda c: c.get_list(7),
    lambda c: c.folder_lists(7),
    lambda c: c.folders(),
    lambda c: c.lists(),
    lambda c: c.contacts(),
    lambda c: c.list_contacts(7),
    lambda c: c.attributes(),
    lambda c: c.process(7),
    lambda c: c.processes(),
    lambda c: c.get_contact("jane@example.com"),
]
BODIES = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"id": ' + b"9" * 5000 + b"}",
    b'{"id": NaN, "processId": NaN, "count": NaN}',
    b'{"id": 1e999, "processId": -Infinity, "count": Infinity}',
    b'{"id": 1, "id": 2, "processId": 1, "processId": 2}',
    b'{"id": "\xff\xfe"}',
    b'{"id": 1}{"id": 2}',
    b'"\\ud800"',
    b"7",
    b"[]",
    b'{"contacts": {}, "count": 1, "attributes": {}, "lists": 7, "processes": "x", "folders": true}',
    b'{"contacts": [null], "attributes": [[]], "lists": ["x"], "processes": [7], "count": 1}',
    b'{"contacts": [{"id": {}}], "count": [1]}',
    "{\u00a0}".encode(),
    b"\xef\xbb\xbf",
    b"\xff\xfe{\x00}\x00",
    b"<html>",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_success_of_the_wrong_shape_is_no_success(
    body: bytes, client: ContactsClient, server: ScriptedServer
) -> None:
    for call in CALLS:
        server.plays(*[answers_bytes(200, body, headers={"content-type": "application/json"})] * 9)
        with pytest.raises((OutcomeUnknown, Unavailable, UnexpectedAnswer)):
            call(client)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "processId", "count", "contacts", "lists", "processes", "name", "status", "info"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@settings(
    max_examples=amount(100, quick=20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    document=JSON, call=st.sampled_from(CALLS), status=st.sampled_from([200, 202, 400, 401, 404, 418, 500])
)
def test_whatever_document_comes_only_errors_of_the_package_leave(
    document: Any,
    call: Callable[[ContactsClient], Any],
    status: int,
    client: ContactsClient,
    server: ScriptedServer,
) -> None:
    server.plays(*[answers(status, document)] * 9)
    try:
        call(client)
    except ContactsApiError:
        return
    assert status < 300


LOCATIONS = [
    "http://[",
    "http://[::1",
    "//",
    "https://\u2100.example.com".encode().decode("latin-1"),
    "http://example.com:99999999/",
    "\x7f",
    "a" * 60_000,
    "https://jane%40example.com@evil.example.com/",
]


@pytest.mark.parametrize("location", LOCATIONS, ids=range(len(LOCATIONS)))
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_malformed_location_is_a_redirect_that_is_not_followed(
    location: str, status: int, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(*[answers(status, headers={"location": location})] * 2)
    for call in (CALLS[0], CALLS[6]):
        with pytest.raises(UnexpectedAnswer, match="a redirect") as caught:
            call(client)
        assert len(str(caught.value)) < 600
        assert "jane" not in str(caught.value)
    assert len(server.seen) == 2


def _bad_headers(handler: Any) -> None:
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nx-for jane.zyxwvu@example.com\r\nx: y\r\n\r\n"
        + b'{"id": 7}'
    )
    handler.close_connection = True


def _bad_status_line(handler: Any) -> None:
    handler.wfile.write(b"jane.zyxwvu@example.com\r\n\r\n")
    handler.close_connection = True


def _bad_length(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1, jane.zyxwvu@example.com\r\n\r\n{}")
    handler.close_connection = True


@pytest.mark.parametrize("play", [_bad_headers, _bad_status_line, _bad_length])
def test_what_a_server_sends_in_place_of_http_is_in_no_log_and_no_traceback(
    play: Play, client: ContactsClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.plays(*[play] * 9)
    told = ""
    with caplog.at_level(logging.DEBUG):
        try:
            client.get_contact(JANE)  # by a name, as a traceback shows the lines of its code
        except ContactsApiError as error:
            told = "".join(traceback.format_exception(error))
    assert caplog.records
    assert "zyxwvu" not in told + caplog.text


def test_half_a_character_becomes_a_question_mark() -> None:
    def read(body: bytes) -> Any:
        return Answer(200, {}, body).document()

    assert read(b'{"a": ["x\\ud83dy", "\\ud83d\\ude00", "\\\\ud800"]}') == {
        "a": ["x?y", "\U0001f600", "\\ud800"]
    }
    json.dumps(read(b'{"\\udc00": 1}'), ensure_ascii=False).encode()
    with pytest.raises(NotAsDocumented, match="duplicate key"):
        read(b'{"a": 1, "b": {"c": 1, "c": 1}}')
