"""A row that the platform rejects hides no batch that was accepted; a report alone proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import requests

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.imports.errors import SubmissionUnknown
from email_contacts.imports.submission.refused_rows import count_refused
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import LIST, until_ended
from tests.imports.submission.test_lost_answers import intended
from tests.imports.submission.test_submission import accepted, ledger_of, submit
from tests.task_context import StateStore

NUMBER = "15005550009"
GOOD = [{"email": f"p{one}@example.com", "attributes": {"FIRSTNAME": "Ada"}} for one in range(3)]
TAKEN = {"email": "new@example.com", "attributes": {"SMS": f"+{NUMBER}"}}
INVALID = {"email": "nobody", "attributes": {"FIRSTNAME": "Ada"}}


def ours(rows: Sequence[dict[str, Any]]) -> ImportRequest:
    """A request that must not be sent twice where nothing can tell."""
    return ImportRequest(json_body=rows, list_ids=[LIST], update_existing_contacts=False)


def imported(client: ContactsClient, request: ImportRequest) -> int:
    process_id = client.import_contacts(request)
    until_ended(client, process_id)
    return process_id


@pytest.fixture
def owner(sandbox: SandboxServer) -> None:
    """Somebody who has the number."""
    body = {"email": "owner@example.com", "attributes": {"SMS": NUMBER}}
    url, headers = f"{sandbox.url}/v3/contacts", {"api-key": sandbox.api_key}
    requests.post(url, json=body, headers=headers, timeout=10).raise_for_status()


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("rejected", [TAKEN, INVALID], ids=["number of somebody else", "invalid address"])
def test_an_import_whose_answer_was_lost_is_known_though_the_platform_rejected_a_row(
    rejected: dict[str, Any], client: ContactsClient, store: StateStore, sandbox: SandboxServer
) -> None:
    intended(store, client)
    process_id = imported(client, ours([*GOOD, rejected]))
    record = accepted(submit(client, ledger_of(store), ours([*GOOD, rejected])))
    assert record.process_id == process_id
    assert "3 of 4 contacts hold what was sent, modified since, and 1 are rejected" in record.decision
    assert sandbox.imports_accepted() == 1


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("info", ["int", "absent"])
def test_a_platform_that_names_no_row_tells_nothing(
    info: str, client: ContactsClient, store: StateStore, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(info_import=info)
    intended(store, client)
    imported(client, ours([*GOOD, TAKEN]))
    with pytest.raises(SubmissionUnknown, match="3 of 4 contacts hold what was sent"):
        submit(client, ledger_of(store), ours([*GOOD, TAKEN]))


@pytest.mark.usefixtures("owner")
def test_a_report_of_strangers_about_the_same_number_is_no_proof(
    client: ContactsClient, store: StateStore
) -> None:
    """They gave the owner's number to somebody else; our row has it right, and the platform would take it."""
    row = {"email": "owner@example.com", "attributes": {"SMS": f"+{NUMBER}", "FIRSTNAME": "Grace"}}
    intended(store, client)
    imported(client, ours([*GOOD, TAKEN]))
    with pytest.raises(SubmissionUnknown, match="3 of 4 contacts hold what was sent"):
        submit(client, ledger_of(store), ours([*GOOD, row]))


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("rows", [[TAKEN], [TAKEN, INVALID]])
def test_where_every_row_is_rejected_nothing_proves_whose_import_it_was(
    rows: list[dict[str, Any]], client: ContactsClient, store: StateStore
) -> None:
    intended(store, client)
    imported(client, ours(rows))
    with pytest.raises(SubmissionUnknown, match=r"0 of \d contacts hold what was sent"):
        submit(client, ledger_of(store), ours(rows))


@pytest.mark.usefixtures("owner")
def test_a_row_of_ours_that_is_missing_without_being_named_is_no_reject(
    client: ContactsClient, store: StateStore
) -> None:
    intended(store, client)
    imported(client, ours([*GOOD[:2], TAKEN]))
    with pytest.raises(SubmissionUnknown, match="2 of 4 contacts hold what was sent"):
        submit(client, ledger_of(store), ours([*GOOD, TAKEN]))


def test_a_report_that_is_gone_names_nobody(client: ContactsClient, sandbox: SandboxServer) -> None:
    gone = {"invalid_emails": f"{sandbox.url}/reports/none/invalid_emails.csv"}
    assert count_refused(client, [{"EMAIL": "nobody"}], [gone]) == 0
