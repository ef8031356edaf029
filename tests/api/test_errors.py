"""One tree of errors: each fits a builtin, says whether to retry, survives pickling, and names the fix."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from email_contacts.api import (
    BadRequest,
    ContactsApiError,
    ContactsClient,
    DuplicateContact,
    Forbidden,
    ImportRequest,
    InvalidRequest,
    NotFound,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    RouteMissing,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from tests.api.scripted_server import ScriptedServer, answers, answers_html


@pytest.mark.parametrize(
    ("error", "parents", "safe"),
    [
        (InvalidRequest, (ContactsApiError, ValueError), False),
        (NotSent, (ContactsApiError, ConnectionError), True),
        (OutcomeUnknown, (ContactsApiError,), False),
        (Unavailable, (ContactsApiError,), True),
        (RateLimited, (ContactsApiError,), True),
        (BadRequest, (ContactsApiError, ValueError), False),
        (DuplicateContact, (BadRequest,), False),
        (Unauthorized, (ContactsApiError, PermissionError), False),
        (Forbidden, (ContactsApiError, PermissionError), False),
        (NotFound, (ContactsApiError, LookupError), False),
        (RouteMissing, (NotFound,), False),
        (UnexpectedAnswer, (ContactsApiError,), False),
    ],
)
def test_each_error_fits_a_builtin_and_says_whether_to_retry(
    error: type[ContactsApiError], parents: tuple[type[Exception], ...], safe: bool
) -> None:
    raised = error("what, rule, fix", status=400, code="c", request_id="r", method="GET", path="/v3/x")
    assert error.__bases__ == parents
    assert raised.safe_to_retry is safe
    again = pickle.loads(pickle.dumps(raised))
    assert str(again) == "what, rule, fix"
    assert vars(again) == vars(raised)
    assert (again.status, again.code, again.request_id, again.method, again.path) == (
        400, "c", "r", "GET", "/v3/x",
    )  # fmt: skip


def refusal(
    server: ScriptedServer, client: ContactsClient, status: int, document: Any, **headers: str
) -> ContactsApiError:
    server.plays(answers(status, document, headers=headers))
    with pytest.raises(ContactsApiError) as caught:
        client.create_contact(email="jane@example.com")
    return caught.value


def test_an_error_tells_status_code_request_and_call(server: ScriptedServer, client: ContactsClient) -> None:
    document = {"code": "invalid_parameter", "message": "Invalid email address"}
    error = refusal(server, client, 400, document, **{"sib-request-id": "8c1f-42"})
    assert type(error) is BadRequest
    assert str(error) == "POST /v3/contacts: 400 invalid_parameter: Invalid email address"
    assert (error.status, error.code, error.request_id) == (400, "invalid_parameter", "8c1f-42")
    assert (error.method, error.path) == ("POST", "/v3/contacts")


@pytest.mark.parametrize(
    ("document", "identifiers"),
    [
        ({"code": "duplicate_parameter", "message": "x", "metadata": {"duplicate_identifiers": ["email"]}},
         ("email",)),
        ({"code": "invalid_parameter", "message": "x", "metadata": {"duplicate_identifiers": ["SMS", "e"]}},
         ("SMS", "e")),
        ({"code": "duplicate_parameter", "message": "Contact already exist"}, ()),
    ],
)  # fmt: skip
def test_a_duplicate_is_known_by_its_identifiers_then_its_code(
    document: Any, identifiers: tuple[str, ...], server: ScriptedServer, client: ContactsClient
) -> None:
    error = refusal(server, client, 400, document)
    assert isinstance(error, DuplicateContact)
    assert error.identifiers == identifiers
    assert error.metadata == document.get("metadata", {})


def test_words_alone_make_no_duplicate(server: ScriptedServer, client: ContactsClient) -> None:
    error = refusal(server, client, 400, {"code": "invalid_parameter", "message": "Contact already exist"})
    assert type(error) is BadRequest


def test_401_names_the_key_and_the_address_list(server: ScriptedServer, client: ContactsClient) -> None:
    error = refusal(server, client, 401, {"code": "unauthorized", "message": "Key not found"})
    assert isinstance(error, Unauthorized)
    assert "API key" in str(error)
    assert "IP address" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(402, BadRequest), (403, Forbidden), (406, BadRequest), (413, BadRequest), (422, BadRequest),
     (409, UnexpectedAnswer), (418, UnexpectedAnswer)],
)  # fmt: skip
def test_every_status_has_its_error(
    status: int, kind: type[ContactsApiError], server: ScriptedServer, client: ContactsClient
) -> None:
    assert type(refusal(server, client, status, {"code": "bad_request", "message": "no"})) is kind


@pytest.mark.parametrize("document", [None, [], "text", {"code": 7, "message": ["x"]}, {"code": "a b c"}])
def test_a_refusal_without_a_readable_document_is_still_told(
    document: Any, server: ScriptedServer, client: ContactsClient
) -> None:
    error = refusal(server, client, 400, document)
    assert str(error).startswith("POST /v3/contacts: 400 with ")
    assert error.code is None


def test_a_page_of_a_proxy_is_counted_not_quoted(server: ScriptedServer, client: ContactsClient) -> None:
    server.plays(answers_html(524))
    with pytest.raises(OutcomeUnknown, match=r"524 HTML page from a proxy \(\d+ bytes\)") as caught:
        client.import_contacts(ImportRequest(prepared=b"[{}]", list_ids=[2]))
    assert "<" not in str(caught.value)
    assert "jane" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 404])
def test_a_web_server_that_is_not_the_api_is_told(
    status: int, server: ScriptedServer, client: ContactsClient
) -> None:
    server.plays(answers_html(status))
    with pytest.raises(ContactsApiError, match=r"answered with HTML, not the API; is the base URL right\?"):
        client.contacts(limit=1)
    assert client.requests.retried == 0


def test_json_under_the_label_of_html_is_still_json(client: ContactsClient, server: ScriptedServer) -> None:
    html = {"content-type": "text/html"}
    server.plays(
        answers(200, {"id": 7}, headers=html),
        answers(204, headers=html),
        answers(400, {"code": "missing_parameter", "message": "List name is missing"}, headers=html),
    )
    assert client.create_folder("f") == 7
    assert not client.create_contact(email="a@example.com", update_enabled=True).created
    with pytest.raises(BadRequest, match="List name is missing"):
        client.create_folder("f")


NO_ROUTE = [
    answers_html(404),
    answers(404),
    answers(404, {"detail": "Not Found"}),
    answers(404, {"message": "no Route matched with those values"}),
    answers(405, {"code": "method_not_allowed", "message": "GET Method is not allowed on this path"}),
]


@pytest.mark.parametrize("play", NO_ROUTE)
def test_an_absent_process_route_is_told_from_an_unknown_process(
    play: Any, server: ScriptedServer, client: ContactsClient
) -> None:
    server.plays(play, play)
    with pytest.raises(RouteMissing):
        client.processes()
    with pytest.raises(RouteMissing):
        client.process(7)
    server.plays(answers(404, {"code": "document_not_found", "message": "Process ID does not exist"}))
    with pytest.raises(NotFound) as caught:
        client.process(7)
    assert type(caught.value) is NotFound


@pytest.mark.parametrize("document", [{"message": "List ID not found"}, {"code": "x", "message": "gone"}])
def test_a_seed_route_always_exists(document: Any, server: ScriptedServer, client: ContactsClient) -> None:
    server.plays(answers(404, document))
    with pytest.raises(NotFound) as caught:
        client.get_list(7)
    assert type(caught.value) is NotFound


def test_an_unknown_folder_is_not_found_whatever_the_status(
    server: ScriptedServer, client: ContactsClient
) -> None:
    server.plays(answers(400, {"code": "document_not_found", "message": "Folder ID does not exist"}))
    with pytest.raises(NotFound, match="Folder ID does not exist"):
        client.create_list("l", folder_id=99)
