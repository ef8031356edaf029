"""Single contacts: created, updated, found by each identifier, refused (api-contract §1.3, §6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.rehearsal import Rehearsal


def test_a_contact_is_created_and_shown(sandbox: Rehearsal) -> None:
    made = sandbox.call(
        "POST",
        "/contacts",
        json={
            "email": " Ada@Example.com ",
            "ext_id": "crm-1",
            "attributes": {
                "FIRSTNAME": "Ada",
                "SMS": "+44 7700 900123",
                "COUNTRY": 3,
                "BIRTHDAY": "1815-12-10",
                "POINTS": 2.5,
                "NEWSLETTER": False,
                "INTERESTS": ["music", "books", "nothing"],
            },
            "emailBlacklisted": True,
            "listIds": [2],
            "smtpBlacklistSender": ["sender@example.com"],
        },
    )
    assert made.status_code == 201
    contact = sandbox.contact(made.json()["id"])
    assert contact.pop("createdAt") == contact.pop("modifiedAt")
    assert contact == {
        "id": 1,
        "email": "ada@example.com",
        "emailBlacklisted": True,
        "smsBlacklisted": False,
        "listIds": [2],
        "listUnsubscribed": [],
        "statistics": {},
        "attributes": {
            "FIRSTNAME": "Ada",
            "COUNTRY": "GB",
            "BIRTHDAY": "1815-12-10",
            "POINTS": 2.5,
            "NEWSLETTER": False,
            "INTERESTS": ["books", "music"],
            "EXT_ID": "crm-1",
            "SMS": "447700900123",
        },
    }


@pytest.mark.parametrize(
    "attributes",
    [
        {"FNAME": "not of this account"},
        {"firstname": "attributes are upper-case"},
        {"FIRSTNAME": 5},
        {"POINTS": "5"},
        {"POINTS": True},
        {"NEWSLETTER": "yes"},
        {"COUNTRY": "XX"},
        {"INTERESTS": "books"},
        {"INTERESTS": ["chess"]},
    ],
)
def test_unknown_attributes_and_values_of_the_wrong_type_are_ignored(
    sandbox: Rehearsal, attributes: dict[str, Any]
) -> None:
    sandbox.post("/contacts", email="a@example.com", attributes=attributes)
    assert sandbox.attributes("a@example.com") == {}


@pytest.mark.parametrize("date", ["11/02/1989", "1989-2-1", "1989-02-30", 5])
def test_a_date_that_is_not_ymd_is_refused(sandbox: Rehearsal, date: Any) -> None:
    body = {"email": "a@example.com", "attributes": {"BIRTHDAY": date}}
    assert sandbox.refusal("POST", "/contacts", json=body) == (400, "invalid_parameter")
    assert sandbox.get("/contacts")["count"] == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "missing_parameter")),
        ({"attributes": {"FIRSTNAME": "x"}}, (400, "missing_parameter")),
        ({"email": "no-address"}, (400, "invalid_parameter")),
        ({"email": "a b@example.com"}, (400, "invalid_parameter")),
        ({"email": "a@example"}, (400, "invalid_parameter")),
        ({"email": "\ud800@example.com"}, (400, "invalid_parameter")),
        ({"email": 5}, (400, "invalid_parameter")),
        ({"attributes": {"SMS": "phone"}}, (400, "invalid_parameter")),
        ({"email": "a@example.com", "updateEnabled": "yes"}, (400, "invalid_parameter")),
        ({"email": "a@example.com", "listIds": [99]}, (400, "document_not_found")),
        ({"email": "a@example.com", "listIds": [10**30]}, (400, "out_of_range")),
        ({"jsonBody": [{"email": "a@example.com"}], "listIds": [2]}, (400, "missing_parameter")),
    ],
)
def test_what_is_no_contact(sandbox: Rehearsal, body: dict[str, Any], expected: tuple[int, str]) -> None:
    assert sandbox.refusal("POST", "/contacts", json=body) == expected
    assert sandbox.get("/contacts")["count"] == 0


@pytest.mark.parametrize(
    "body",
    [{"ext_id": "crm-1"}, {"attributes": {"SMS": "0049 170 1234567"}}, {"attributes": {"EXT_ID": "crm-1"}}],
)
def test_an_address_is_not_needed_beside_another_identifier(sandbox: Rehearsal, body: dict[str, Any]) -> None:
    sandbox.server.set_knobs(phone_only_address=False)
    contact = sandbox.contact(sandbox.post("/contacts", **body)["id"])
    assert "email" not in contact


def test_a_duplicate_names_its_identifiers(sandbox: Rehearsal) -> None:
    sandbox.post("/contacts", email="a@example.com", ext_id="crm-1", attributes={"SMS": "4917012345"})
    for body, identifiers in [
        ({"email": "A@example.com"}, ["email"]),
        ({"email": "b@example.com", "ext_id": "crm-1"}, ["ext_id"]),
        ({"email": "b@example.com", "attributes": {"SMS": "+4917012345"}}, ["SMS"]),
        ({"email": "a@example.com", "ext_id": "crm-1"}, ["ext_id", "email"]),
    ]:
        answer = sandbox.call("POST", "/contacts", json=body)
        assert answer.status_code == 400
        assert answer.json()["code"] == "duplicate_parameter"
        assert answer.json()["metadata"] == {"duplicate_identifiers": identifiers}
    assert sandbox.get("/contacts")["count"] == 1


def test_update_enabled_updates_and_answers_nothing(sandbox: Rehearsal) -> None:
    body = {"email": "a@example.com", "attributes": {"FIRSTNAME": "Ada", "POINTS": 1}, "updateEnabled": True}
    assert sandbox.call("POST", "/contacts", json=body).status_code == 201
    change = {
        "email": "a@example.com",
        "ext_id": "crm-1",
        "attributes": {"POINTS": 2, "FIRSTNAME": ""},
        "listIds": [2],
        "updateEnabled": True,
    }
    answer = sandbox.call("POST", "/contacts", json=change)
    assert (answer.status_code, answer.content) == (204, b"")
    assert sandbox.attributes("a@example.com") == {"POINTS": 2, "EXT_ID": "crm-1"}
    assert sandbox.contact("a@example.com")["listIds"] == [2]


@pytest.mark.parametrize("code", ["duplicate_parameter", "invalid_parameter"])
def test_an_update_cannot_take_somebody_elses_identifier(sandbox: Rehearsal, code: str) -> None:
    sandbox.server.set_knobs(duplicate_code=code)
    sandbox.post("/contacts", email="a@example.com", attributes={"SMS": "4917012345"})
    sandbox.post("/contacts", email="b@example.com", ext_id="crm-2")
    clashing = {"email": "b@example.com", "attributes": {"SMS": "4917012345"}, "updateEnabled": True}
    assert sandbox.refusal("POST", "/contacts", json=clashing) == (400, code)
    strange = {"email": "typo@example.com", "ext_id": "crm-2", "updateEnabled": True}
    assert sandbox.refusal("POST", "/contacts", json=strange) == (400, code)
    renamed = {"attributes": {"EMAIL": "a@example.com"}}
    assert sandbox.refusal("PUT", "/contacts/b@example.com", json=renamed) == (400, code)
    assert sandbox.contact("b@example.com")["attributes"] == {"EXT_ID": "crm-2"}


def test_contacts_are_found_by_each_identifier(sandbox: Rehearsal) -> None:
    sandbox.post(
        "/contacts",
        email="a+b@example.com",
        ext_id="crm 1",
        attributes={"SMS": "4917012345", "WHATSAPP": "4917012346", "LANDLINE_NUMBER": "4930123456"},
    )
    for identifier, kind in [
        ("1", None),
        ("a%2Bb%40example.com", None),
        ("1", "contact_id"),
        ("a+b@example.com", "email_id"),
        ("crm%201", "ext_id"),
        ("4917012345", "phone_id"),
        ("%2B4917012346", "whatsapp_id"),
        ("4930123456", "landline_number_id"),
    ]:
        params = {"identifierType": kind} if kind else {}
        assert sandbox.contact(identifier, **params)["id"] == 1, (identifier, kind)
    assert sandbox.refusal("GET", "/contacts/2") == (404, "document_not_found")
    assert sandbox.refusal("GET", "/contacts/b@example.com") == (404, "document_not_found")
    assert sandbox.refusal("GET", "/contacts/nonsense") == (400, "invalid_parameter")
    assert sandbox.refusal("GET", f"/contacts/{10**30}") == (400, "invalid_parameter")
    assert sandbox.refusal("GET", "/contacts/1", params={"identifierType": "x"}) == (400, "invalid_parameter")


def test_a_contact_is_changed_and_deleted(sandbox: Rehearsal) -> None:
    sandbox.post(
        "/contacts", email="a@example.com", attributes={"FIRSTNAME": "A", "SMS": "4917012345"}, listIds=[2]
    )
    change = {
        "attributes": {"EMAIL": "New@example.com", "FIRSTNAME": "B", "SMS": ""},
        "smsBlacklisted": True,
        "unlinkListIds": [2],
    }
    assert sandbox.call("PUT", "/contacts/a@example.com", json=change).status_code == 204
    contact = sandbox.contact("new@example.com")
    assert contact["id"] == 1
    assert contact["attributes"] == {"FIRSTNAME": "B"}
    assert contact["smsBlacklisted"] is True
    assert contact["listIds"] == []
    assert sandbox.call("DELETE", "/contacts/new@example.com").status_code == 204
    assert sandbox.refusal("DELETE", "/contacts/new@example.com") == (404, "document_not_found")
    assert sandbox.get("/contacts")["count"] == 0


def test_a_batch_is_changed_as_a_whole_or_not_at_all(sandbox: Rehearsal) -> None:
    sandbox.server.seed_contacts(2)
    good = {"email": "person-1@example.com", "attributes": {"POINTS": 99}}
    bad = [good, {"id": 2}, {"email": "nobody@example.com"}, {"sms": "4917012345"}]
    answer = sandbox.call("POST", "/contacts/batch", json={"contacts": bad})
    assert answer.status_code == 404
    assert answer.json()["message"] == "No contact found for indexes 2,3"
    assert sandbox.attributes("person-1@example.com") == {"POINTS": 1}
    assert sandbox.call("POST", "/contacts/batch", json={"contacts": [good]}).status_code == 204
    assert sandbox.attributes("person-1@example.com") == {"POINTS": 99}
    assert sandbox.refusal("POST", "/contacts/batch", json={"contacts": [{}]}) == (400, "missing_parameter")


def test_identifiers_in_paths_do_not_reach_the_journal(sandbox: Rehearsal) -> None:
    sandbox.call("GET", "/contacts/ada@example.com")
    assert [entry.path for entry in sandbox.server.journal()] == ["/v3/contacts/{identifier}"]
