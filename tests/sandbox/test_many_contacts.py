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
