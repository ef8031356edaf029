"""The verdict on an import never claims more than was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import requests

from email_contacts.api import ContactsClient, ImportRequest, Unauthorized, Unavailable
from email_contacts.contacts.staging.manifest import Batch
from email_contacts.imports.verification.submitted_batches import SubmittedBatches
from email_contacts.imports.verification.verdict import (
    COMPLETED,
    COMPLETED_WITH_REJECTS,
    FAILED,
    UNKNOWN,
    Verdict,
)
from email_contacts.imports.verification.verification import Verification
from email_contacts.sandbox import SandboxServer
from tests.api.scripted_server import ScriptedServer, answers, answers_bytes
from tests.imports.conftest import LIST, until, until_ended

# Two people with one phone number: the platform takes one of them (api-contract §2.3).
TWO_WITH_ONE_PHONE = [
    {"email": "a@example.com", "attributes": {"SMS": "+15005550001"}},
    {"email": "b@example.com", "attributes": {"SMS": "+15005550001"}},
]

GONE = "was not found: it was deleted, or the connection leads to another account"


def submit(client: ContactsClient) -> int:
    return client.import_contacts(ImportRequest(json_body=TWO_WITH_ONE_PHONE, list_ids=[LIST]))


def verify(
    client: ContactsClient, *, process_ids: Sequence[int], batches: int, sent: int, **seen: Any
) -> Verdict:
    """Verify imports whose batches are not at hand, so that no contact is looked for."""
    first = sent - (batches - 1) if batches else 0
    prepared = tuple(
        Batch(f"file:///batch-{number}.json", 9, 1 if number else first, "f") for number in range(batches)
    )
    return Verification(client, SubmittedBatches(prepared, (), tuple(process_ids)), **seen).verdict()


def check(
    client: ContactsClient, *process_ids: int, sent: int = 2, list_ids: tuple[int, ...] = (LIST,)
) -> Verdict:
    return verify(client, process_ids=process_ids, batches=len(process_ids), sent=sent, list_ids=list_ids)


@pytest.mark.parametrize("style", ["int", "url"])
def test_what_the_platform_rejected_is_counted(
    style: str, sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(info_import=style)
    one, two = submit(client), submit(client)
    until_ended(client, one, two)
    verdict = check(client, one, two)
    assert verdict.state == COMPLETED_WITH_REJECTS
    assert verdict.platform == {"duplicate_phone_id": 2}
    assert verdict.list_sizes == {LIST: 1}
    assert verdict.process_ids == (one, two)


def test_where_the_platform_reports_nothing_a_short_list_is_not_taken_for_complete(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(info_import="absent")
    one = submit(client)
    until_ended(client, one)
    verdict = check(client, one)
    assert verdict.state == UNKNOWN
    assert f"list {LIST} holds 1, expected at least 2" in verdict.reason
    assert check(client, one, sent=1).state == COMPLETED


@pytest.mark.parametrize(
    ("final", "state"), [("failed", FAILED), ("cancelled", FAILED), ("marinating", UNKNOWN)]
)
def test_an_import_that_did_not_complete(
    final: str, state: str, sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(final_status=final)
    one = submit(client)
    until(lambda: client.process(one).status == final)
    verdict = check(client, one)
    assert verdict.state == state
    assert final in verdict.reason


def test_without_a_process_route_the_list_is_still_looked_at(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    one = submit(client)
    until_ended(client, one)
    sandbox.set_knobs(process_route="404")
    verdict = check(client, one)
    assert (verdict.state, verdict.list_sizes) == (UNKNOWN, {LIST: 1})
    assert "route" in verdict.reason


def test_a_process_that_the_platform_forgot_is_unknown(client: ContactsClient) -> None:
    verdict = check(client, 999)
    assert verdict.state == UNKNOWN
    assert "999" in verdict.reason


def remove_list(sandbox: SandboxServer, list_id: int) -> None:
    address = f"{sandbox.url}/v3/contacts/lists/{list_id}"
    assert requests.delete(address, headers={"api-key": sandbox.api_key}, timeout=10).status_code == 204


def test_a_list_that_was_removed_is_unknown_and_named(sandbox: SandboxServer, client: ContactsClient) -> None:
    other = client.create_list("another", folder_id=1)
    one = submit(client)
    until_ended(client, one)
    remove_list(sandbox, other)
    verdict = check(client, one, list_ids=(LIST, other))
    assert (verdict.state, verdict.reason) == (UNKNOWN, f"list {other} {GONE}")
    assert (verdict.list_sizes, verdict.lists_gone, verdict.may_change) == ({LIST: 1}, (other,), False)
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_an_import_that_was_not_submitted_because_its_list_is_gone_has_failed(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    remove_list(sandbox, LIST)
    verdict = verify(client, process_ids=(), batches=1, sent=1, list_ids=(LIST,))
    assert verdict.state == FAILED
    assert verdict.reason == f"only 0 of 1 batches were submitted; list {LIST} {GONE}"


def test_nothing_to_submit_is_no_success_where_the_list_is_gone(client: ContactsClient) -> None:
    nothing: dict[str, Any] = {"process_ids": (), "batches": 0, "sent": 0, "why_nothing": "no row changed"}
    assert verify(client, **nothing, list_ids=(LIST,)).state == COMPLETED
    assert verify(client, **nothing, list_ids=(LIST, 999)).state == UNKNOWN


def test_without_a_route_for_lists_no_list_counts_as_gone() -> None:
    missing = [answers_bytes(404, b"<!doctype html><p>Not found")] * 3
    with ScriptedServer(missing) as server, ContactsClient(server.url, "key", max_wait=0) as client:
        verdict = verify(client, process_ids=(), batches=1, sent=1, list_ids=(LIST,))
    assert (verdict.state, verdict.lists_gone) == (UNKNOWN, ())


@pytest.mark.parametrize("report", ["http://elsewhere.example/r.csv", ["a"], {"x": 1}])
def test_a_report_that_cannot_be_read_is_unknown_and_never_nothing(report: object) -> None:
    process = {"id": 5, "name": "IMPORTUSER", "status": "completed"}
    script = [answers(200, {**process, "info": {"import": {"invalid_emails": report}}})]
    with ScriptedServer(script) as server, ContactsClient(server.url, "key", max_wait=0) as client:
        assert check(client, 5, list_ids=()).state == UNKNOWN


def test_a_platform_that_cannot_be_asked_makes_no_verdict(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(faults=["list:500", "list:401_key"])
    with pytest.raises(Unavailable):
        check(client, 1)
    with pytest.raises(Unauthorized):
        check(client, 1)


def told(process_id: int | None, by: str, **rejects: int) -> dict[str, object]:
    """What a wait saw of one import."""
    return {"process_id": process_id, "status": "completed", "rejects": rejects, "told_by": by}


def test_what_the_wait_saw_with_its_report_costs_no_second_look(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    one = submit(client)
    until_ended(client, one)
    before = len(sandbox.journal())
    verdict = verify(
        client,
        process_ids=[one],
        batches=1,
        sent=2,
        list_ids=[LIST],
        completions=[told(one, "process", duplicate_phone_id=1)],
    )
    assert (verdict.state, verdict.platform) == (COMPLETED_WITH_REJECTS, {"duplicate_phone_id": 1})
    assert [entry.route for entry in sandbox.journal()[before:]] == ["list"]


@pytest.mark.parametrize("by", ["callback", "list_growth"])
@pytest.mark.parametrize("has_id", [True, False])
def test_without_a_process_route_who_told_is_believed_and_the_missing_report_is_said(
    has_id: bool, by: str, sandbox: SandboxServer, client: ContactsClient
) -> None:
    one = submit(client)
    until_ended(client, one)
    sandbox.set_knobs(process_route="404")
    given: dict[str, Any] = {
        "process_ids": [one] if has_id else [],
        "batches": 1,
        "list_ids": [LIST],
        "completions": [told(one if has_id else None, by)],
    }
    verdict = verify(client, sent=1, **given)
    assert (verdict.state, verdict.reason) == (COMPLETED, "")
    assert "1 of 1 imports were seen by callback or list growth: reject reports unknown" in verdict.remark
    # Nobody knows of rejects, so a list that is too short is no completion.
    short = verify(client, sent=2, **given)
    assert (short.state, short.may_change) == (UNKNOWN, True)


def test_where_there_is_a_process_it_has_the_last_word_over_a_callback(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(final_status="failed")
    one = submit(client)
    until_ended(client, one)
    verdict = verify(
        client, process_ids=[one], batches=1, sent=2, list_ids=[LIST], completions=[told(one, "callback")]
    )
    assert (verdict.state, verdict.remark) == (FAILED, "")


def test_an_import_that_nobody_told_of_stays_unknown_though_others_were_told(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    ids = [submit(client), submit(client)]
    until_ended(client, *ids)
    sandbox.set_knobs(process_route="405")
    verdict = verify(
        client, process_ids=ids, batches=2, sent=1, list_ids=[LIST], completions=[told(ids[0], "callback")]
    )
    assert (verdict.state, verdict.may_change) == (UNKNOWN, False)


@pytest.mark.parametrize(("hold", "may_change"), [("in_process", True), ("none", False)])
def test_it_says_whether_looking_again_may_help(
    hold: str, may_change: bool, sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(hold=hold, final_status="failed")
    one = submit(client)
    until(lambda: client.process(one).status == (hold if may_change else "failed"))
    assert check(client, one).may_change is may_change
    assert not check(client, 999).may_change


def test_a_verdict_survives_its_json() -> None:
    verdict = Verdict(COMPLETED_WITH_REJECTS, "", (5, 6), {"invalid_emails": 3}, {7: 10}, remark="so")
    assert Verdict.from_json(verdict.to_json()) == verdict
    assert verdict.to_json()["list_sizes"] == {"7": 10}


def test_a_login_page_in_the_place_of_a_report_is_unknown_and_counts_no_row() -> None:
    page = b"<!doctype html>\n<html>\n<body>\n<form>\n</form>\n"
    with ScriptedServer([answers_bytes(200, page)]) as server, ContactsClient(server.url, "key") as client:
        verdict = verify(
            client,
            process_ids=[7],
            batches=1,
            sent=9,
            list_ids=[],
            completions=[{**told(7, "process"), "rejects": {"invalid_emails": f"{server.url}/r.csv"}}],
        )
    assert (verdict.state, verdict.platform) == (UNKNOWN, {})
    assert "report" in verdict.reason
    assert verdict.statuses == {7: "completed"}
