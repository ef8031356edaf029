"""Neither key nor people in any log, message or repr (api-contract §6 puts addresses into paths)."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import ContactsApiError, ContactsClient, ImportRequest, NotFound
from email_contacts.api.masking import masked
from tests.api.conftest import API_KEY
from tests.api.fake_clock import FakeClock
from tests.api.scripted_server import Play, ScriptedServer, answers, answers_html, resets, truncates

JANE = "jane.zyxwvu@example.com"
PHONE = "491701234567"
TELL_TALE = {"code": "invalid_parameter", "message": f"Contact {JANE} with +49 170 123 45 67 is odd"}
ROWS = [{"email": JANE, "attributes": {"SMS": PHONE}}]

USES: list[Callable[[ContactsClient], Any]] = [
    lambda c: c.get_contact(JANE),
    lambda c: c.get_contact(int(PHONE)),
    lambda c: c.get_contact(PHONE, identifier_type="phone_id"),
    lambda c: c.create_contact(email=JANE, attributes={"SMS": PHONE}),
    lambda c: c.import_contacts(ImportRequest(json_body=ROWS, list_ids=[2])),
    lambda c: c.remove_from_list(2, emails=[JANE]),
]
FAULTS: list[Play] = [
    answers(400, TELL_TALE),
    answers(404, TELL_TALE),
    answers(500, TELL_TALE),
    answers(200, {"unexpected": JANE}),
    answers_html(524),
    resets,
    truncates(200, TELL_TALE),
]


def assert_nothing_personal(text: str) -> None:
    for secret in (API_KEY, "jane", "zyxwvu", PHONE, "170 123", "example.com"):
        assert secret not in text


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("fault", FAULTS)
def test_no_failure_tells_whom_it_was_about(
    use: Callable[[ContactsClient], Any],
    fault: Play,
    client: ContactsClient,
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.plays(*[fault] * 9)
    with caplog.at_level(logging.DEBUG), pytest.raises(ContactsApiError) as caught:
        use(client)
    error = caught.value
    chained = "".join(traceback.format_exception(type(error), error, None)) + repr(error.__cause__)
    assert_nothing_personal(chained)
    assert_nothing_personal(repr(error) + repr(error.path))
    logged = [record for record in caplog.records if record.name != "asyncio"]
    assert any(record.name == "urllib3.connectionpool" for record in logged)
    assert_nothing_personal("\n".join(record.getMessage() for record in logged))


def test_no_failure_to_connect_tells_whom_it_was_about(clock: FakeClock) -> None:
    with ScriptedServer() as gone:
        url = gone.url
    with ContactsClient(url, API_KEY, clock=clock.clock) as client, pytest.raises(ContactsApiError) as caught:
        client.get_contact(JANE)
    assert caught.value.__context__ is None or caught.value.__cause__ is not None
    assert_nothing_personal("".join(traceback.format_exception(caught.value)))


def test_paths_of_messages_show_ids_and_mask_people(client: ContactsClient, server: ScriptedServer) -> None:
    gone = answers(404, {"code": "document_not_found", "message": "does not exist"})
    server.plays(gone, gone)
    with pytest.raises(NotFound, match=r"^GET /v3/contacts/lists/7: 404 document_not_found"):
        client.get_list(7)
    with pytest.raises(NotFound, match=r"^GET /v3/contacts/\{identifier\}: 404"):
        client.get_contact(JANE)


def test_the_key_is_in_no_repr(client: ContactsClient) -> None:
    for thing in (client, client._transport, vars(client), vars(client._transport)):
        assert API_KEY not in repr(thing)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Invalid email address", "Invalid email address"),
        ("Limit exceeds max value 1000", "Limit exceeds max value 1000"),
        ("List 123456 does not exist", "List 123456 does not exist"),
        ("<jane@example.com> and j%40x.org", "<[e-mail]> and [e-mail]"),
        ("see /v3/contacts/jane%40example.com?x=1", "see [e-mail]"),
        ("phone +49 (170) 123-4567!", "phone [number]!"),
        ("two\n lines\tand   blanks", "two lines and blanks"),
    ],
)
def test_masking(text: str, shown: str) -> None:
    assert masked(text) == shown


@given(st.emails(), st.text(), st.text())
def test_no_address_survives_masking(address: str, before: str, after: str) -> None:
    assert address not in masked(f"{before} {address} {after}")


@given(st.text(min_size=400))
def test_long_text_is_capped(text: str) -> None:
    assert len(masked(text)) <= 303
