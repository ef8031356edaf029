"""How far back the account's processes are looked through, and what is left open beyond that."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest
import requests

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.imports.errors import SubmissionUnknown
from email_contacts.imports.submission import recent_imports
from email_contacts.imports.submission.recent_imports import MOST_PAGES, RecentProcesses
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import LIST, an_import, asked, until_ended
from tests.imports.submission.model_platform import ModelPlatform
from tests.imports.submission.test_submission import ledger_of, process_of, submit
from tests.task_context import StateStore


def others(sandbox: SandboxServer, client: ContactsClient, number: int) -> None:
    """Have somebody begin processes of another kind: each empties a list."""
    emptied = client.create_list("Emptied", folder_id=1)
    for _ in range(number):
        requests.post(
            f"{sandbox.url}/v3/contacts/lists/{emptied}/contacts/remove",
            json={"all": True},
            headers={"api-key": sandbox.api_key},
            timeout=10,
        ).raise_for_status()


@pytest.mark.parametrize("is_harmless", [True, False])
def test_an_import_behind_fifty_other_processes_is_still_found(
    is_harmless: bool, sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    request = ImportRequest(
        json_body=[{"email": "ada@example.com"}],
        list_ids=[LIST],
        update_existing_contacts=is_harmless,
    )
    ledger_of(store).intend(deadline=9e9, newest=0)
    ours = client.import_contacts(request)
    others(sandbox, client, 55)
    until_ended(client, ours)
    assert process_of(submit(client, ledger_of(store), request)) == ours
    assert sandbox.imports_accepted() == 1


def test_a_running_import_behind_fifty_others_is_still_seen(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    running = client.import_contacts(an_import())
    others(sandbox, client, 55)
    blocked: Any = submit(client, ledger_of(store))
    assert blocked.process_ids == (running,)


def test_in_an_account_whose_last_import_ended_one_page_is_enough(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    until_ended(client, *(client.import_contacts(an_import()) for _ in range(51)))
    before = asked(sandbox).count("processes")
    submit(client, ledger_of(store))
    assert asked(sandbox).count("processes") == before + 1


def model(processes: int) -> ContactsClient:
    """A platform on which an import runs, and so many exports were begun since."""
    platform = ModelPlatform()
    platform.accept(an_import())
    for _ in range(processes):
        platform.accept(None)
    return cast("ContactsClient", platform)


@pytest.mark.parametrize("exported", [0, 49, 50, 51, 50 * MOST_PAGES - 2])
def test_within_the_pages_nothing_is_missed(exported: int) -> None:
    recent = RecentProcesses(model(exported))
    since = recent.imports_since(0)
    assert since is not None
    assert [one.id for one in since] == [1]
    assert recent.running_imports() == [1]
    assert recent.newest == exported + 1


def test_beyond_the_pages_it_is_not_known_which_imports_were_begun() -> None:
    recent = RecentProcesses(model(50 * MOST_PAGES))
    assert recent.imports_since(0) is None
    assert recent.imports_since(2) == ()


def test_beyond_the_pages_an_import_that_may_run_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert RecentProcesses(model(50 * MOST_PAGES)).running_imports() == []
    assert "may still run" in caplog.text


def test_a_page_that_was_seen_already_is_not_asked_for(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    running = client.import_contacts(an_import())
    page = client.processes(limit=50).items
    before = asked(sandbox)
    recent = RecentProcesses(client, page)
    assert (recent.newest, recent.running_imports()) == (running, [running])
    assert asked(sandbox) == before


def test_a_full_page_that_was_seen_already_is_looked_behind(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    running = client.import_contacts(an_import())
    others(sandbox, client, 50)
    page = client.processes(limit=50).items
    assert RecentProcesses(client, page).running_imports() == [running]


def test_what_cannot_be_known_is_not_taken_for_a_loss(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_imports, "MOST_PAGES", 1)
    request = ImportRequest(
        json_body=[{"email": "ada@example.com"}], list_ids=[LIST], update_existing_contacts=False
    )
    ledger_of(store).intend(deadline=9e9, newest=0)
    until_ended(client, client.import_contacts(request))
    others(sandbox, client, 50)
    with pytest.raises(SubmissionUnknown, match="the imports started since are not known"):
        submit(client, ledger_of(store), request)
    assert sandbox.imports_accepted() == 1


def test_contacts_that_were_on_the_list_do_not_prove_that_the_import_was_lost(
    sandbox: SandboxServer, client: ContactsClient, store: StateStore
) -> None:
    """Without updates an accepted import modifies nobody who is on the list: it was sent again before."""
    request = ImportRequest(
        json_body=[{"email": "ada@example.com"}], list_ids=[LIST], update_existing_contacts=False
    )
    until_ended(client, client.import_contacts(request))
    record = ledger_of(store).intend(deadline=9e9, newest=1)
    until_ended(client, client.import_contacts(request))
    store[f"email_contacts.import.{record.fingerprint}"]["intended_at"] = "2099-01-01T00:00:00.000+00:00"
    with pytest.raises(SubmissionUnknown, match="neither proved"):
        submit(client, ledger_of(store), request)
    assert sandbox.imports_accepted() == 2
