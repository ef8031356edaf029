"""Who a row of an import is: identifiers in their rank, merges, phone numbers alone (api-contract §3.1)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.sandbox.rehearsal import Rehearsal

# In the platform's rank, with a value of each; the address has two spellings of its own.
IDENTIFIERS = {
    "EXT_ID": "crm-7",
    "EMAIL": "seven@example.com",
    "SMS": "4917012347",
    "WHATSAPP": "4917012348",
    "LANDLINE_NUMBER": "4930123457",
}


def row(*names: str, **attributes: Any) -> dict[str, Any]:
    """A row of an import with some of the identifiers."""
    return {"attributes": {**{name: IDENTIFIERS[name] for name in names}, **attributes}}


@pytest.mark.parametrize(("higher", "lower"), [*itertools.combinations(IDENTIFIERS, 2)])
def test_a_row_that_links_two_contacts_deletes_the_lower_one(
    sandbox: Rehearsal, higher: str, lower: str
) -> None:
    """Whichever of them is older; the one of the higher-ranking identifier is kept."""
    sandbox.imported([row(lower, FIRSTNAME="Lower", POINTS=1)])
    sandbox.imported([row(higher, FIRSTNAME="Higher")])
    assert sandbox.get("/contacts")["count"] == 2
    assert sandbox.rejects([row(higher, lower, LASTNAME="Linked")]) == {}
    (kept,) = sandbox.get("/contacts")["contacts"]
    assert kept["id"] == 2
    assert kept["attributes"]["FIRSTNAME"] == "Higher"
    assert kept["attributes"]["LASTNAME"] == "Linked"
    assert "POINTS" not in kept["attributes"], "what the deleted one had is lost"
    held = {**kept["attributes"], "EMAIL": kept["email"]}
    assert (held[higher], held[lower]) == (IDENTIFIERS[higher], IDENTIFIERS[lower])
    assert sandbox.refusal("GET", "/contacts/1") == (404, "document_not_found")


def test_a_contact_is_merged_although_no_row_names_its_address(sandbox: Rehearsal) -> None:
    sandbox.post("/contacts", email="a@example.com", attributes={"SMS": "4917012345"})
    sandbox.post("/contacts", email="b@example.com")
    assert sandbox.rejects([{"email": "b@example.com", "attributes": {"SMS": "4917012345"}}]) == {}
    (kept,) = sandbox.get("/contacts")["contacts"]
    assert (kept["id"], kept["email"], kept["attributes"]["SMS"]) == (2, "b@example.com", "4917012345")


def test_with_the_deleted_contact_go_its_lists_and_its_opt_out(sandbox: Rehearsal) -> None:
    sandbox.post("/contacts", email="a@example.com")
    opted_out = {"attributes": {"SMS": "4917012345"}, "emailBlacklisted": True, "smsBlacklisted": True}
    sandbox.post("/contacts", **opted_out, listIds=[2])
    other = sandbox.post("/contacts/lists", name="Other", folderId=1)["id"]
    sandbox.imported([{"email": "a@example.com", "attributes": {"SMS": "4917012345"}}], listIds=[other])
    kept = sandbox.contact("a@example.com")
    assert (kept["listIds"], kept["emailBlacklisted"], kept["smsBlacklisted"]) == ([other], False, False)
    assert sandbox.get("/contacts/lists/2")["uniqueSubscribers"] == 0
    assert sandbox.get("/contacts")["count"] == 1


def test_three_contacts_become_one(sandbox: Rehearsal) -> None:
    sandbox.imported([row("EXT_ID"), row("EMAIL"), row("SMS")])
    sandbox.imported([row("EXT_ID", "EMAIL", "SMS")])
    assert [contact["id"] for contact in sandbox.get("/contacts")["contacts"]] == [1]


@pytest.mark.parametrize("batch", [1, 3, 5000])
def test_rows_of_one_import_are_merged_in_their_order(
    sandbox: Rehearsal, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """New contacts as well as old ones, whether or not they are in one transaction."""
    monkeypatch.setattr("email_contacts.sandbox.importing.BATCH", batch)
    sandbox.imported(
        [
            {"email": "a@example.com", "attributes": {"FIRSTNAME": "A"}},
            {"email": "b@example.com", "attributes": {"EXT_ID": "1", "FIRSTNAME": "B"}},
            {"email": "a@example.com", "attributes": {"EXT_ID": "1"}},
            {"email": "b@example.com", "attributes": {"FIRSTNAME": "Third"}},
        ]
    )
    assert sandbox.attributes("a@example.com") == {"EXT_ID": "1", "FIRSTNAME": "B"}
    assert sandbox.attributes("b@example.com") == {"FIRSTNAME": "Third"}, "the address was free again"
    assert sandbox.get("/contacts")["count"] == 2
    assert sandbox.get("/contacts/lists/2")["uniqueSubscribers"] == 2


def test_two_contacts_change_their_addresses_at_once(sandbox: Rehearsal) -> None:
    people = [("1", "a@example.com"), ("2", "b@example.com"), ("3", "c@example.com")]
    sandbox.imported([{"email": email, "attributes": {"EXT_ID": ext_id}} for ext_id, email in people])
    moved = [("3", "d@example.com"), ("2", "c@example.com"), ("1", "b@example.com")]
    sandbox.imported([{"email": email, "attributes": {"EXT_ID": ext_id}} for ext_id, email in moved])
    found = {c["attributes"]["EXT_ID"]: c["email"] for c in sandbox.get("/contacts")["contacts"]}
    assert found == dict(moved)


def test_an_ext_id_gives_its_contact_another_address(sandbox: Rehearsal) -> None:
    """It ranks above the address, so that a wrong one renames a stranger."""
    sandbox.post("/contacts", email="old@example.com", ext_id="crm-1")
    assert sandbox.rejects([{"email": "new@example.com", "attributes": {"EXT_ID": "crm-1"}}]) == {}
    assert sandbox.contact(1)["email"] == "new@example.com"


def test_a_number_gives_its_contact_no_other_address(sandbox: Rehearsal) -> None:
    sandbox.post("/contacts", email="old@example.com", attributes={"SMS": "4917012345"})
    rows = [{"email": "new@example.com", "attributes": {"SMS": "4917012345"}}]
    assert sandbox.rejects(rows) == {"duplicate_phone_id": 1}
    assert sandbox.contact(1)["email"] == "old@example.com"


def test_the_knob_rejects_instead(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(linking_rows="reject")
    sandbox.imported([row("EMAIL"), row("SMS")])
    assert sandbox.rejects([row("EMAIL", "SMS")]) == {"duplicate_phone_id": 1}
    assert sandbox.get("/contacts")["count"] == 2


def test_nobody_is_merged_by_an_import_that_updates_nobody(sandbox: Rehearsal) -> None:
    sandbox.imported([row("EMAIL"), row("SMS")])
    sandbox.imported([row("EMAIL", "SMS")], updateExistingContacts=False)
    assert sandbox.get("/contacts")["count"] == 2


def test_a_single_contact_is_never_merged(sandbox: Rehearsal) -> None:
    """The platform merges there only on request (``forceMerge``), and says what cannot be done."""
    sandbox.imported([row("EMAIL"), row("SMS")])
    linking = {"email": IDENTIFIERS["EMAIL"], "attributes": {"SMS": IDENTIFIERS["SMS"]}}
    created = sandbox.call("POST", "/contacts", json=linking).json()["message"]
    assert created.startswith("Unable to create contact, ")
    upserted = sandbox.call("POST", "/contacts", json={**linking, "updateEnabled": True}).json()["message"]
    assert upserted.startswith("Unable to update contact, SMS")
    changed = sandbox.call("PUT", "/contacts/1", json={"attributes": {"SMS": IDENTIFIERS["SMS"]}}).json()
    assert changed["message"].startswith("Unable to update contact, SMS")
    batch = {"contacts": [{"id": 1, "attributes": {"SMS": IDENTIFIERS["SMS"]}}]}
    batched = sandbox.call("POST", "/contacts/batch", json=batch).json()["message"]
    assert batched.startswith("Unable to update contact, SMS")
    assert sandbox.get("/contacts")["count"] == 2


@pytest.mark.parametrize("name", ["SMS", "WHATSAPP", "LANDLINE_NUMBER"])
@pytest.mark.parametrize("way", ["created", "imported"])
def test_a_contact_with_a_number_alone_has_a_made_up_address(sandbox: Rehearsal, name: str, way: str) -> None:
    number = IDENTIFIERS[name]
    if way == "created":
        sandbox.post("/contacts", attributes={name: number}, listIds=[2])
    else:
        sandbox.imported([row(name)])
    contact = sandbox.contact(1)
    assert contact["email"] == f"{number}@mailin-sms.com"
    assert (contact["emailBlacklisted"], contact["smsBlacklisted"]) == (True, False)
    assert sandbox.get("/contacts/lists/2")["totalBlacklisted"] == 1


def test_its_made_up_address_finds_it(sandbox: Rehearsal) -> None:
    """So what was exported can be imported again without a second contact."""
    sandbox.imported([row("SMS")])
    address = sandbox.contact(1)["email"]
    assert sandbox.contact(address)["id"] == 1
    sandbox.imported([{"email": address, "attributes": {"FIRSTNAME": "Seven"}}])
    sandbox.imported([{"email": address, "attributes": {"SMS": IDENTIFIERS["SMS"], "LASTNAME": "of Nine"}}])
    assert sandbox.get("/contacts")["count"] == 1
    attributes = sandbox.attributes(address)
    assert (attributes["FIRSTNAME"], attributes["LASTNAME"]) == ("Seven", "of Nine")


def test_a_real_address_takes_its_place_and_stays_blocklisted(sandbox: Rehearsal) -> None:
    sandbox.imported([row("SMS")])
    sandbox.imported([row("SMS", "EMAIL")])
    contact = sandbox.contact(1)
    assert (contact["email"], contact["emailBlacklisted"]) == (IDENTIFIERS["EMAIL"], True)


def test_the_knob_leaves_the_address_out(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(phone_only_address=False)
    sandbox.imported([row("SMS")])
    contact = sandbox.contact(1)
    assert "email" not in contact
    assert not contact["emailBlacklisted"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("SMS", "phone_id"), ("WHATSAPP", "whatsapp_id"), ("LANDLINE_NUMBER", "landline_number_id")],
)
def test_every_number_identifies(sandbox: Rehearsal, name: str, kind: str) -> None:
    sandbox.imported(fileBody=f"{name};FIRSTNAME\n+49 170 12399;Ada\n")
    assert sandbox.contact("4917012399", identifierType=kind)["attributes"]["FIRSTNAME"] == "Ada"
    assert sandbox.refusal("POST", "/contacts", json={"attributes": {name: "4917012399"}})[0] == 400
    sandbox.imported(fileBody=f"{name};FIRSTNAME\n004917012399;Grace\n")
    assert sandbox.get("/contacts")["count"] == 1
    assert sandbox.contact("4917012399", identifierType=kind)["attributes"]["FIRSTNAME"] == "Grace"


@pytest.mark.parametrize("name", ["DOUBLE_OPT-IN", "FIRST NAME", "PRÉNOM", "_1"])
def test_attributes_bear_the_names_that_accounts_have(sandbox: Rehearsal, name: str) -> None:
    made = sandbox.call("POST", f"/contacts/attributes/normal/{name}", json={"type": "text"})
    assert made.status_code == 201
    sandbox.imported([{"email": "a@example.com", "attributes": {name: "json"}}])
    assert sandbox.attributes("a@example.com") == {name: "json"}
    sandbox.imported(fileBody=f"EMAIL;{name}\na@example.com;csv\n")
    assert sandbox.attributes("a@example.com") == {name: "csv"}
    assert sandbox.call("DELETE", f"/contacts/attributes/normal/{name}").status_code == 204
    assert sandbox.attributes("a@example.com") == {}
