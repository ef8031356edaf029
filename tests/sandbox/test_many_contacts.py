"""Many contacts: an import of them, while other requests are answered."""

from __future__ import annotations

import pytest

from tests.sandbox.rehearsal import Rehearsal, eventually


def test_twenty_thousand_contacts_and_lists_stay_readable_meanwhile(sandbox: Rehearsal) -> None:
    halves = [range(10_000), range(9_000, 20_000)]
    for half in halves:
        sandbox.submit(
            [{"email": f"p{i}@example.com", "attributes": {"EXT_ID": f"crm-{i}", "POINTS": i}} for i in half]
        )
    sizes = [0]

    def done() -> bool:
        sizes.append(sandbox.get("/contacts/lists/2")["uniqueSubscribers"])
        return all(each["status"] == "completed" for each in sandbox.get("/processes")["processes"])

    eventually(done, what="both imports")
    assert sizes == sorted(sizes), "a list that is filled only grows"
    assert sandbox.get("/contacts/lists/2")["uniqueSubscribers"] == 20_000
    assert sandbox.get("/contacts", limit=1)["count"] == 20_000
    page = sandbox.get("/contacts/lists/2/contacts", limit=500, offset=19_900, sort="asc")["contacts"]
    assert [contact["id"] for contact in page] == list(range(19_901, 20_001))
    assert sandbox.attributes("p19999@example.com") == {"EXT_ID": "crm-19999", "POINTS": 19_999}


def test_a_batch_that_fails_leaves_nothing_behind(
    sandbox: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("email_contacts.sandbox.importing._write", broken)
    assert sandbox.imported([{"email": "a@example.com"}])["status"] == "failed"
    monkeypatch.undo()
    assert sandbox.get("/contacts")["count"] == 0
    assert sandbox.imported([{"email": "a@example.com"}])["status"] == "completed", "the worker goes on"


def test_the_sizes_that_are_kept_are_those_that_could_be_counted(sandbox: Rehearsal) -> None:
    second = sandbox.post("/contacts/lists", name="Second", folderId=1)["id"]
    people = [{"email": f"p{i}@example.com"} for i in range(60)]
    sandbox.imported(people[:40], listIds=[2, second], emailBlacklist=True)
    sandbox.imported(people[20:] + people[:5], listIds=[second])
    sandbox.imported(people[30:50], listIds=[2], updateExistingContacts=False)
    sandbox.post("/contacts", email="one@example.com", emailBlacklisted=True, listIds=[2, second])
    sandbox.call("PUT", "/contacts/p1@example.com", json={"emailBlacklisted": False, "unlinkListIds": [2]})
    sandbox.call("PUT", "/contacts/p2@example.com", json={"emailBlacklisted": False})
    sandbox.call("DELETE", "/contacts/p3@example.com")
    sandbox.post("/contacts/lists/2/contacts/remove", emails=["p4@example.com", "p45@example.com"])
    sandbox.server.seed_contacts(7, list_ids=[2])
    with sandbox.server.account.database.reading() as connection:
        kept = connection.execute("SELECT id, members, blacklisted FROM lists ORDER BY id").fetchall()
        counted = connection.execute(
            "SELECT list_id, count(*), sum(email_blacklisted) FROM members JOIN contacts ON id = contact_id "
            "GROUP BY list_id ORDER BY list_id"
        ).fetchall()
        (contacts,) = connection.execute("SELECT count(*) FROM contacts").fetchone()
    assert [tuple(row) for row in kept] == [tuple(row) for row in counted]
    assert sandbox.get("/contacts", limit=1)["count"] == contacts == 60 + 1 - 1 + 7
