"""What an import does to contacts and lists, row by row (api-contract §2, §3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.rehearsal import Rehearsal


@pytest.mark.parametrize(("profile", "status"), [("seed", 200), ("brevo", 202)])
def test_an_import_is_accepted_and_completes(sandbox: Rehearsal, profile: str, status: int) -> None:
    sandbox.server.set_knobs(status_profile=profile)
    body = {"jsonBody": [{"email": "A@Example.com", "attributes": {"firstname": "Ada"}}], "listIds": [2]}
    answer = sandbox.call("POST", "/contacts/import", json=body)
    assert answer.status_code == status
    assert sandbox.finished(answer.json()["processId"])["status"] == "completed"
    contact = sandbox.contact("a@example.com")
    assert contact["listIds"] == [2]
    assert contact["attributes"] == {"FIRSTNAME": "Ada"}


def test_every_import_is_a_process_of_its_own(sandbox: Rehearsal) -> None:
    rows = [{"email": "a@example.com"}]
    assert [sandbox.submit(rows), sandbox.submit(rows)] == [1, 2]
    assert sandbox.finished(2)["status"] == "completed"
    assert sandbox.server.imports_accepted() == 2
    assert sandbox.get("/contacts")["count"] == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"listIds": [2]}, (400, "missing_parameter")),
        ({"jsonBody": [{"email": "a@example.com"}]}, (400, "missing_parameter")),
        ({"jsonBody": [{"email": "a@example.com"}], "listIds": []}, (400, "missing_parameter")),
        ({"jsonBody": [{"email": "a@example.com"}], "listIds": [99]}, (400, "document_not_found")),
        ({"jsonBody": [{"email": "a@example.com"}], "listIds": ["2"]}, (400, "invalid_parameter")),
        ({"jsonBody": [{"email": "a@example.com"}], "listIds": 2}, (400, "invalid_parameter")),
        ({"jsonBody": [{"email": "a@example.com"}], "newList": {"folderId": 1}}, (400, "missing_parameter")),
        (
            {"jsonBody": [{"email": "a@example.com"}], "newList": {"listName": "x", "folderId": 99}},
            (400, "document_not_found"),
        ),
        ({"jsonBody": {"email": "a@example.com"}, "listIds": [2]}, (400, "invalid_parameter")),
        ({"jsonBody": ["a@example.com"], "listIds": [2]}, (400, "invalid_parameter")),
        ({"jsonBody": [], "listIds": [2]}, (400, "invalid_parameter")),
        ({"jsonBody": [{"email": "nobody"}, {"attributes": {}}], "listIds": [2]}, (400, "invalid_parameter")),
        ({"fileBody": "FIRSTNAME;LASTNAME\nA;B", "listIds": [2]}, (400, "invalid_parameter")),
        ({"fileBody": "EMAIL FIRSTNAME\na@example.com A", "listIds": [2]}, (400, "invalid_parameter")),
        ({"fileBody": "", "listIds": [2]}, (400, "invalid_parameter")),
        ({"fileBody": 5, "listIds": [2]}, (400, "invalid_parameter")),
        (
            {"jsonBody": [{"email": "a@example.com"}], "fileBody": "x", "listIds": [2]},
            (400, "invalid_parameter"),
        ),
        (
            {"jsonBody": [{"email": "a@example.com"}], "listIds": [2], "emailBlacklist": "yes"},
            (400, "invalid_parameter"),
        ),
        (
            {"jsonBody": [{"email": "a@example.com"}], "listIds": [2], "notifyUrl": "file:///etc/passwd"},
            (400, "invalid_parameter"),
        ),
        ([], (400, "invalid_parameter")),
    ],
)
def test_what_is_no_import(sandbox: Rehearsal, body: Any, expected: tuple[int, str]) -> None:
    assert sandbox.refusal("POST", "/contacts/import", json=body) == expected
    assert sandbox.server.imports_accepted() == 0
    assert sandbox.get("/contacts/lists")["count"] == 1, "a refused import makes no list"
    assert list(sandbox.server.account.worker.spool.iterdir()) == [], "and leaves no file behind"


def test_lenient_sources_have_an_order(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(strict_sources=False)
    sandbox.imported([{"email": "json@example.com"}], fileBody="EMAIL\nfile@example.com")
    assert sandbox.emails() == ["file@example.com"]


def test_a_new_list_is_made_in_its_folder(sandbox: Rehearsal) -> None:
    folder = sandbox.post("/contacts/folders", name="Imports")["id"]
    rows = [{"email": "a@example.com"}]
    sandbox.imported(rows, newList={"listName": "New", "folderId": folder}, listIds=[2])
    (new,) = sandbox.get(f"/contacts/folders/{folder}/lists")["lists"]
    assert (new["name"], new["uniqueSubscribers"]) == ("New", 1)
    assert sandbox.contact("a@example.com")["listIds"] == [2, new["id"]], "both targets are served"
    sandbox.imported(rows, newList={"listName": "Somewhere"})
    assert sandbox.get("/contacts/folders/1/lists")["count"] == 2, "without a folderId: the first folder"


def test_existing_contacts_are_updated_unless_told_otherwise(sandbox: Rehearsal) -> None:
    sandbox.post("/contacts", email="a@example.com", attributes={"FIRSTNAME": "Old", "POINTS": 1})
    rows: list[dict[str, Any]] = [
        {"email": "a@example.com", "attributes": {"FIRSTNAME": "New", "EXT_ID": "crm-1"}},
        {"email": "b@example.com"},
    ]
    sandbox.imported(rows, updateExistingContacts=False)
    assert sandbox.attributes("a@example.com") == {"FIRSTNAME": "Old", "POINTS": 1}
    assert sandbox.contact("a@example.com")["listIds"] == [2], "it joins the list all the same"
    sandbox.imported(rows)
    assert sandbox.attributes("a@example.com") == {"FIRSTNAME": "New", "POINTS": 1, "EXT_ID": "crm-1"}


@pytest.mark.parametrize(
    ("erases", "left"),
    [
        (False, {"FIRSTNAME": "A", "POINTS": 2, "SMS": "4917012345"}),
        (True, {"POINTS": 2, "SMS": "4917012345"}),
    ],
)
def test_empty_fields_erase_only_on_demand(sandbox: Rehearsal, erases: bool, left: dict[str, Any]) -> None:
    sandbox.post(
        "/contacts", email="a@example.com", attributes={"FIRSTNAME": "A", "POINTS": 1, "SMS": "4917012345"}
    )
    row = {"email": "a@example.com", "attributes": {"FIRSTNAME": "", "POINTS": 2, "SMS": ""}}
    sandbox.imported([row], emptyContactsAttributes=erases)
    assert sandbox.attributes("a@example.com") == left


def test_blacklists_are_set_and_never_lifted(sandbox: Rehearsal) -> None:
    rows = [{"email": "a@example.com"}, {"email": "b@example.com"}]
    sandbox.imported(rows[:1], emailBlacklist=True, smsBlacklist=True)
    sandbox.imported(rows, emailBlacklist=False, smsBlacklist=False)

    def flags(email: str) -> tuple[bool, bool]:
        contact = sandbox.contact(email)
        return contact["emailBlacklisted"], contact["smsBlacklisted"]

    assert flags("a@example.com") == (True, True)
    assert flags("b@example.com") == (False, False)
    assert sandbox.get("/contacts/lists/2")["totalBlacklisted"] == 1


def test_false_over_true_follows_the_knob(sandbox: Rehearsal) -> None:
    sandbox.post("/contacts", email="a@example.com", attributes={"NEWSLETTER": True})
    row = {"email": "a@example.com", "attributes": {"NEWSLETTER": False}}
    sandbox.server.set_knobs(false_overwrites=False)
    sandbox.imported([row])
    assert sandbox.attributes("a@example.com") == {"NEWSLETTER": True}
    sandbox.server.set_knobs(false_overwrites=True)
    sandbox.imported([row])
    assert sandbox.attributes("a@example.com") == {"NEWSLETTER": False}


def test_wrong_values_and_unknown_attributes_fall_away_in_silence(sandbox: Rehearsal) -> None:
    attributes = {
        "NOPE": "x",
        "POINTS": "many",
        "COUNTRY": "DE",
        "BIRTHDAY": "11/02/1989",
        "INTERESTS": ["food"],
    }
    assert sandbox.rejects([{"email": "a@example.com", "attributes": attributes}]) == {}
    assert sandbox.attributes("a@example.com") == {
        "COUNTRY": "DE",
        "BIRTHDAY": "1989-02-11",
        "INTERESTS": ["food"],
    }


def test_rows_are_rejected_by_reason_and_the_rest_arrives(sandbox: Rehearsal) -> None:
    sandbox.post("/contacts", email="taken@example.com", ext_id="crm-1", attributes={"SMS": "4917012345"})
    rows: list[dict[str, Any]] = [
        {"email": "good@example.com"},
        {"email": "no address"},
        {"attributes": {"FIRSTNAME": "nobody"}},
        {"email": "b@example.com", "attributes": {"EXT_ID": "crm-1"}},
        {"email": "c@example.com", "attributes": {"SMS": "+49 170 12345"}},
        {"email": "good@example.com", "attributes": {"POINTS": 5}},
        {"email": "w1@example.com", "attributes": {"WHATSAPP": "4917012399"}},
        {"email": "w2@example.com", "attributes": {"WHATSAPP": "4917012399"}},
    ]
    sandbox.server.set_knobs(linking_rows="reject")
    assert sandbox.rejects(rows) == {
        "invalid_emails": 2,
        "duplicate_ext_id": 1,
        "duplicate_phone_id": 1,
        "duplicate_email_id": 1,
        "duplicate_whatsapp_id": 1,
    }
    assert sorted(sandbox.emails()) == ["good@example.com", "taken@example.com", "w1@example.com"]
    assert sandbox.attributes("good@example.com") == {"POINTS": 5}, "of a repeated row the last one wins"
    assert sandbox.get("/contacts/lists/2")["uniqueSubscribers"] == 2


def test_rows_without_an_address_are_told_apart_by_their_other_identifiers(sandbox: Rehearsal) -> None:
    sandbox.post("/contacts", email="a@example.com", ext_id="crm-1")
    rows: list[dict[str, Any]] = [
        {"attributes": {"EXT_ID": "crm-1", "POINTS": 1}},
        {"attributes": {"EXT_ID": "crm-2", "POINTS": 2}},
        {"attributes": {"SMS": "4917012345"}},
    ]
    assert sandbox.rejects(rows) == {}
    assert sandbox.get("/contacts")["count"] == 3
    assert sandbox.attributes("a@example.com") == {"EXT_ID": "crm-1", "POINTS": 1}
    assert sandbox.rejects([{"email": "b@example.com", "attributes": {"EXT_ID": "crm-2"}}]) == {}
    assert sandbox.contact("b@example.com")["id"] == 2, "who had no address is given one"


def test_a_repeated_row_is_found_across_batches(sandbox: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("email_contacts.sandbox.importing.BATCH", 10)
    rows = [{"email": f"p{i % 25}@example.com", "attributes": {"POINTS": i}} for i in range(30)]
    assert sandbox.rejects(rows) == {"duplicate_email_id": 5}
    assert sandbox.attributes("p0@example.com") == {"POINTS": 25}
    assert sandbox.get("/contacts")["count"] == 25


def test_deleting_a_list_while_it_is_filled_does_not_bring_it_back(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(hold="queued")
    process_id = sandbox.submit([{"email": "a@example.com"}])
    assert sandbox.call("DELETE", "/contacts/lists/2").status_code == 204
    sandbox.server.set_knobs(hold="none")
    assert sandbox.finished(process_id)["status"] == "completed"
    assert sandbox.contact("a@example.com")["listIds"] == []
