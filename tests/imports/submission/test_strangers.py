"""Somebody else imports the same people at the worst moment: their import is not taken for ours."""

from __future__ import annotations

import random
from typing import Any

import pytest

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.imports import failpoints
from email_contacts.imports.errors import SubmissionUnknown
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.imports.submission.submitter import Blocked
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import LIST, until_ended
from tests.imports.submission.test_submission import accepted, ledger_of, process_of, submit
from tests.task_context import StateStore


def people(number: int, name: str, **flags: Any) -> ImportRequest:
    rows = [{"email": f"p{one}@example.com", "attributes": {"FIRSTNAME": name}} for one in range(number)]
    return ImportRequest(json_body=rows, list_ids=[LIST], **flags)


def names(client: ContactsClient) -> list[str]:
    return [one["attributes"].get("FIRSTNAME", "") for one in client.iter_list_contacts(LIST)]


def between_intent_and_request(monkeypatch: pytest.MonkeyPatch, happens: Any) -> None:
    """Have something happen once, after our intent and before our request."""
    left = [happens]

    def listen(moment: str) -> None:
        if moment == failpoints.AFTER_INTENT and left:
            left.pop()()

    monkeypatch.setattr(failpoints, "_listeners", [listen])


def test_stale_data_of_the_same_people_is_not_ours(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request never arrived, and another system has imported the same 57 people meanwhile."""

    def stale() -> None:
        until_ended(client, client.import_contacts(people(57, "stale")))
        sandbox.set_knobs(faults=["import:524"])

    between_intent_and_request(monkeypatch, stale)
    came = accepted(submit(client, ledger_of(store), people(57, "fresh")))
    until_ended(client, process_of(came))
    assert came.repeats == 1
    assert names(client) == ["fresh"] * 57


def test_most_of_our_people_are_not_all_of_them(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    """A try dies between intent and request; another DAG imports 80 of its 100 people, with the same data."""
    ledger_of(store).intend(deadline=9e9, newest=0)
    theirs = process_of(submit(client, Ledger(StateStore(), "b" * 64), people(80, "Ada")))
    until_ended(client, theirs)
    came = submit(client, ledger_of(store), people(100, "Ada"))
    ours = process_of(came)
    assert ours != theirs
    until_ended(client, ours)
    assert names(client) == ["Ada"] * 100


def test_where_a_repeat_could_change_data_a_person_decides(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    request = people(10, "fresh", update_existing_contacts=False)
    ledger_of(store).intend(deadline=9e9, newest=0)
    until_ended(client, client.import_contacts(people(9, "fresh")))
    with pytest.raises(SubmissionUnknown, match="9 of 10 contacts hold what was sent"):
        submit(client, ledger_of(store), request)
    assert sandbox.imports_accepted() == 1


@pytest.mark.parametrize("seed", range(25))
def test_whatever_strangers_import_ours_arrives(
    seed: int, sandbox: SandboxServer, client: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the random histories, on the real sandbox: a lost answer, and somebody's import of our people."""
    chance = random.Random(seed)
    number = chance.randint(1, 60)
    fault = chance.choice(["524", "524_after_accepting", "reset", "reset_after_accepting", "500"])
    theirs = people(chance.randint(1, 60), chance.choice(["fresh", "stale"]))

    def somebody() -> None:
        until_ended(client, client.import_contacts(theirs))
        sandbox.set_knobs(faults=[f"import:{fault}"])

    between_intent_and_request(monkeypatch, somebody)
    store = StateStore()
    came = submit(client, ledger_of(store), people(number, "fresh"))
    while isinstance(came, Blocked):
        until_ended(client, *came.process_ids)
        came = submit(client, ledger_of(store), people(number, "fresh"))
    until_ended(client, process_of(came))
    ours = {f"p{one}@example.com" for one in range(number)}
    arrived = {one["email"]: one["attributes"] for one in client.iter_list_contacts(LIST)}
    assert {arrived[email]["FIRSTNAME"] for email in ours} == {"fresh"}
