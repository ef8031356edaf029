"""The answer to an import is lost: it is found again, or sent again, and never taken for somebody else's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from email_contacts.api import ContactsClient, ImportRequest, OutcomeUnknown, RateLimited
from email_contacts.imports.callbacks import called_key, new_nonce
from email_contacts.imports.errors import SubmissionUnknown
from email_contacts.imports.submission.import_record import ImportRecord
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.imports.submission.submitter import Blocked
from email_contacts.sandbox import SandboxServer
from tests.api.scripted_server import ScriptedServer, answers
from tests.imports.conftest import LIST, an_import, asked, until_ended
from tests.imports.submission.test_submission import MARK, REQUEST, accepted, ledger_of, process_of, submit
from tests.task_context import StateStore

STRANGERS = an_import("stranger@example.com", list_id=LIST)
LOST = ["524_after_accepting", "500_after_accepting", "reset_after_accepting", "truncated", "garbled"]
NEVER_RAN = ["524", "500", "502", "reset", "closed"]


def lose(sandbox: SandboxServer, kind: str, times: int = 1) -> None:
    sandbox.set_knobs(faults=[{"route": "import", "kind": kind, "times": times}])


def intended(store: StateStore, client: ContactsClient, *, nonce: str = "") -> ImportRecord:
    """What a try leaves that is killed right before or after its request."""
    newest = max((one.id for one in client.processes().items), default=0)
    return ledger_of(store).intend(deadline=9e9, newest=newest, nonce=nonce)


def heard(store: StateStore, nonce: str) -> None:
    """What the web server writes when the platform calls."""
    store.set(called_key(nonce), {"called_at": "2026-11-22T10:00:00+00:00"})


def entry_of(store: StateStore) -> ImportRecord:
    entry = ledger_of(store).record()
    assert entry is not None
    return entry


@pytest.mark.parametrize("kind", LOST)
def test_an_import_whose_answer_was_lost_is_awaited_and_then_known_by_its_contacts(
    kind: str, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    lose(sandbox, kind)
    blocked = submit(client, ledger_of(store))
    assert isinstance(blocked, Blocked)
    assert blocked.enough == "all"
    sandbox.set_knobs(hold="none")
    until_ended(client, *blocked.process_ids)
    found = accepted(submit(client, ledger_of(store)))
    assert (found.process_id,) == blocked.process_ids
    assert found.decision.startswith("adopted")
    assert found.repeats == 0
    assert sandbox.imports_accepted() == 1


@pytest.mark.parametrize("kind", NEVER_RAN)
def test_an_import_that_never_ran_is_sent_again_at_once(
    kind: str, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    lose(sandbox, kind)
    assert accepted(submit(client, ledger_of(store))).repeats == 1
    assert sandbox.imports_accepted() == 1


def test_an_answer_that_nobody_documented_is_not_taken_for_a_refusal(store: StateStore) -> None:
    nothing = answers(200, {"count": 0, "processes": []})
    with (
        ScriptedServer([nothing, answers(418), nothing, answers(202, {"processId": 7})]) as server,
        ContactsClient(server.url, "key", max_wait=0, requests_per_second=1000) as client,
    ):
        assert process_of(submit(client, ledger_of(store))) == 7


def test_an_answer_that_is_lost_twice_is_left_to_a_retry_which_goes_on_from_there(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    lose(sandbox, "524", times=2)
    with pytest.raises(OutcomeUnknown, match="524"):
        submit(client, ledger_of(store))
    assert entry_of(store).repeats == 1
    assert accepted(submit(client, ledger_of(store))).repeats == 2
    assert sandbox.imports_accepted() == 1


def test_a_refusal_of_the_second_sending_does_not_forget_the_first(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(faults=["import:524", "import:429"])
    with pytest.raises(RateLimited):
        submit(client, ledger_of(store))
    assert entry_of(store).repeats == 1


@pytest.mark.parametrize("was_sent", [True, False])
def test_a_try_that_was_killed_around_its_request_is_followed_by_one_that_finds_out(
    was_sent: bool, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    intended(store, client)
    if was_sent:
        until_ended(client, client.import_contacts(REQUEST))
    submission = accepted(submit(client, ledger_of(store)))
    assert submission.repeats == (0 if was_sent else 1)
    assert sandbox.imports_accepted() == 1


@pytest.mark.parametrize("was_sent", [True, False])
def test_a_strangers_import_at_the_worst_moment_is_not_taken_for_ours(
    was_sent: bool, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    intended(store, client)
    stranger = client.import_contacts(STRANGERS)
    until_ended(client, stranger)
    if was_sent:
        until_ended(client, client.import_contacts(REQUEST))
    found = accepted(submit(client, ledger_of(store)))
    assert found.repeats == (0 if was_sent else 1)
    assert sandbox.imports_accepted() == 2
    until_ended(client, process_of(found))
    # Of two that completed nobody can tell which brought the contacts; that they are there is certain.
    assert client.get_contact("ada@example.com")["listIds"] == [LIST]


def test_contacts_that_were_on_the_list_before_prove_nothing(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    until_ended(client, client.import_contacts(REQUEST))
    intent = intended(store, client)
    # Its instant is later than what the sandbox's clock, to the second, shows of the first import.
    later = "2099-01-01T00:00:00.000+00:00"
    store[f"email_contacts.import.{intent.fingerprint}"]["intended_at"] = later
    until_ended(client, client.import_contacts(STRANGERS))
    assert accepted(submit(client, ledger_of(store))).repeats == 1


def test_candidates_that_are_awaited_are_not_joined_by_later_imports(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    lose(sandbox, "524_after_accepting")
    blocked = submit(client, ledger_of(store))
    later = client.import_contacts(STRANGERS)
    again = submit(client, ledger_of(store))
    assert isinstance(blocked, Blocked)
    assert again == blocked
    assert later not in blocked.process_ids


def test_a_candidate_that_left_the_page_is_looked_up_by_itself(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    lose(sandbox, "524_after_accepting")
    blocked = submit(client, ledger_of(store))
    assert isinstance(blocked, Blocked)
    for _ in range(50):
        client.import_contacts(STRANGERS)
    sandbox.set_knobs(hold="none")
    until_ended(client, *blocked.process_ids)
    assert process_of(submit(client, ledger_of(store))) == blocked.process_ids[0]


def test_a_callback_proves_it_before_anything_else_does(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    nonce = new_nonce()
    intended(store, client, nonce=nonce)
    ours = client.import_contacts(REQUEST)
    until_ended(client, ours)
    heard(store, nonce)
    found = accepted(submit(client, ledger_of(store)))
    assert found.process_id == ours
    assert "callback" in found.decision
    assert "list_contacts" not in asked(sandbox), "nothing has to be compared"


@pytest.mark.parametrize("status", ["404", "405"])
def test_without_a_process_route_the_callback_alone_tells(
    status: str, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    nonce = new_nonce()
    sandbox.set_knobs(process_route=status)
    ledger_of(store).intend(deadline=9e9, newest=None, nonce=nonce)
    client.import_contacts(REQUEST)
    heard(store, nonce)
    found = accepted(submit(client, ledger_of(store)))
    assert (found.process_id, found.repeats) == (None, 0)
    assert sandbox.imports_accepted() == 1


def rows_that_cannot_be_looked_for(sandbox: SandboxServer) -> ImportRequest:
    return ImportRequest(file_url=f"{sandbox.url}/nobody-serves-this.csv", list_ids=[LIST])


@pytest.mark.parametrize("is_harmless", [True, False])
def test_where_nobody_can_tell_a_repeat_must_be_harmless(
    is_harmless: bool, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(process_route="404")
    request = ImportRequest(
        json_body=[{"email": "ada@example.com"}], list_ids=[LIST], update_existing_contacts=is_harmless
    )
    lose(sandbox, "524_after_accepting")
    if is_harmless:
        assert accepted(submit(client, ledger_of(store), request)).repeats == 1
        return
    with pytest.raises(SubmissionUnknown, match=r"newest import processes.*clear the task"):
        submit(client, ledger_of(store), request)
    assert sandbox.imports_accepted() == 1
    # The error fails the task for good; a person who clears it has decided to submit again.
    assert store == {}


def test_a_file_that_the_platform_fetches_leaves_no_sample(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    intended(store, client)
    until_ended(client, client.import_contacts(STRANGERS))
    sandbox.set_knobs(faults=["import:400"])
    with pytest.raises(ValueError, match="400"):
        submit(client, ledger_of(store), rows_that_cannot_be_looked_for(sandbox))
    assert entry_of(store).repeats == 1, "sent again by the policy, and refused"


def test_every_decision_is_one_line_that_names_what_was_known(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore, caplog: pytest.LogCaptureFixture
) -> None:
    lose(sandbox, "524")
    submit(client, ledger_of(store))
    (line,) = [record.getMessage() for record in caplog.records if "Decision" in record.getMessage()]
    assert MARK[:12] in line
    assert "no callback came" in line
    assert "started no import since" in line
    assert "send again" in line
    assert "ada@example.com" not in caplog.text


def test_it_is_looked_for_with_patience_as_it_may_show_a_moment_later(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    intended(store, client)
    shown: list[int] = []

    def accept_meanwhile(seconds: float) -> None:
        assert seconds <= 8
        shown.append(client.import_contacts(REQUEST))
        until_ended(client, shown[-1])

    # The room's own clock: other threads, the sandbox's among them, sleep by the real one.
    clock = SimpleNamespace(time=time.time, sleep=accept_meanwhile)
    monkeypatch.setattr("email_contacts.imports.submission.submitter.time", clock)
    found = submit(client, ledger_of(store), reconciliation_timeout=60.0)
    assert [process_of(found)] == shown
    assert sandbox.imports_accepted() == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda people: {"json_body": [{"email": one} for one in people]},
        lambda people: {"json_body": [{"ext_id": one.split("@")[0], "email": one} for one in people]},
        lambda people: {"file_body": "\n".join(["FIRSTNAME;EMAIL", *(f"A;{one}" for one in people)])},
        lambda people: {"prepared": json.dumps([{"email": one} for one in people]).encode()},
        lambda people: {
            "prepared": json.dumps("\n".join(["EMAIL;FIRSTNAME", *(f"{one};A" for one in people)])).encode()
        },
    ],
)
def test_the_contacts_of_every_kind_of_body_are_compared(
    make: Callable[[list[str]], dict[str, Any]],
    sandbox: SandboxServer,
    client: ContactsClient,
    store: StateStore,
) -> None:
    request = ImportRequest(list_ids=[LIST], **make([f"p{number}@example.com" for number in range(40)]))
    intended(store, client)
    until_ended(client, client.import_contacts(request))
    found = submit(client, Ledger(store, MARK, generation=3), request)
    assert isinstance(found, ImportRecord)
    assert asked(sandbox).count("list_contacts") == 1
    assert sandbox.imports_accepted() == 1
