"""Completed is believed only where the contacts that were sent are seen: over real HTTP, in every form."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.imports.verification.verdict import (
    COMPLETED,
    COMPLETED_WITH_REJECTS,
    FAILED,
    UNKNOWN,
)
from email_contacts.sandbox import SandboxServer
from tests.api.scripted_server import ScriptedServer, answers
from tests.imports.conftest import LIST, asked, until_ended
from tests.imports.verification.staged import Staged, direct, imported, moment, people, staged

__all__ = ["staged"]


def test_a_thousand_rows_of_which_none_arrives_fail_however_long_the_list_is(
    staged: Staged, client: ContactsClient, sandbox: SandboxServer
) -> None:
    """The process completed, and the list holds more than was sent: the contacts are somebody else's."""
    strangers = imported(client, people(3000, of="stranger"))
    before = len(sandbox.journal())
    verdict = staged.add(people(1000), strangers, since=moment(hours=1)).verdict(
        client, sizes_before={LIST: 3000}
    )
    assert (verdict.state, verdict.has_arrived, verdict.may_change) == (FAILED, False, True)
    assert "none of the" in verdict.reason
    assert verdict.verification["on_lists"] == 0
    assert verdict.verification["growth"] == {str(LIST): {"expected": [0, 1000], "seen": 0}}
    routes = [entry.route for entry in sandbox.journal()[before:]]
    assert routes.count("contact") < 150
    assert routes.count("list_contacts") < 10
    assert routes.count("process") + routes.count("processes") == 1


def test_a_part_that_did_not_arrive_is_seen(staged: Staged, client: ContactsClient) -> None:
    process_id = imported(client, people(980))
    verdict = staged.add(people(1000), process_id, since=moment(hours=1)).verdict(
        client, sizes_before={LIST: 980}
    )
    assert verdict.state == UNKNOWN
    assert "20 of 1000 contacts that were looked for are not on the lists" in verdict.reason


def test_what_arrived_is_compared_whole_in_a_few_requests(
    staged: Staged, client: ContactsClient, sandbox: SandboxServer
) -> None:
    since = moment()
    process_id = imported(client, people(1200, FIRSTNAME="Ada"))
    before = len(sandbox.journal())
    verdict = staged.add(people(1200, FIRSTNAME="Ada"), process_id, since=since).verdict(client)
    assert (verdict.state, verdict.remark) == (COMPLETED, "")
    assert {name: verdict.verification[name] for name in ("sampled", "matching", "arrived_at_least")} == {
        "sampled": 1200, "matching": 1200, "arrived_at_least": 1.0,
    }  # fmt: skip
    routes = [entry.route for entry in sandbox.journal()[before:]]
    assert routes.count("list_contacts") == 3
    assert routes.count("contact") == 0


def test_a_recurring_import_that_changes_nothing_is_complete(staged: Staged, client: ContactsClient) -> None:
    """All are there already, with these values; a platform may not even show them as modified."""
    process_id = imported(client, people(1000, FIRSTNAME="Ada"))
    later = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
    verdict = staged.add(people(1000, FIRSTNAME="Ada"), process_id, since=later).verdict(
        client, sizes_before={LIST: 1000}
    )
    assert (verdict.state, verdict.remark) == (COMPLETED, "")
    seen = verdict.verification
    assert (seen["modified"], seen["matching"], seen["sampled"]) == (0, seen["sampled"], seen["compared"])
    assert 0.95 < seen["arrived_at_least"] < 1
    assert seen["confidence"] == 0.95


def test_stale_values_of_somebody_elses_import_are_not_taken_for_ours(
    staged: Staged, client: ContactsClient
) -> None:
    since = moment()
    strangers = imported(client, people(57, FIRSTNAME="stale"))
    verdict = staged.add(people(57, FIRSTNAME="fresh"), strangers, since=since).verdict(client)
    assert verdict.state == UNKNOWN
    assert (
        "57 of 57 contacts that were compared have other values than were sent (FIRSTNAME)" in verdict.reason
    )
    assert "fresh" not in verdict.reason


@pytest.mark.parametrize("said", [{"update_existing_contacts": False}, {}])
def test_contacts_that_are_not_updated_keep_their_values(
    said: dict[str, Any], staged: Staged, client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(timestamps="offset")  # to the millisecond
    imported(client, people(50, FIRSTNAME="old"))
    since = moment()
    process_id = imported(client, people(60, FIRSTNAME="new"), update_existing_contacts=not said)
    verdict = staged.add(people(60, FIRSTNAME="new"), process_id, since=since, **said).verdict(client)
    assert verdict.state == COMPLETED
    assert verdict.verification["compared"] == (10 if said else 60)


def test_contacts_of_a_blocklist_import_are_there(staged: Staged, client: ContactsClient) -> None:
    since = moment()
    process_id = imported(client, people(30), email_blacklist=True)
    assert staged.add(people(30), process_id, since=since).verdict(client).state == COMPLETED


def test_whoever_left_the_list_meanwhile_did_arrive(
    staged: Staged, client: ContactsClient, sandbox: SandboxServer
) -> None:
    since = moment()
    process_id = imported(client, people(30))
    left = {"emailBlacklisted": True, "unlinkListIds": [LIST]}
    direct(sandbox, "PUT", "p3@example.com", left)
    verdict = staged.add(people(30), process_id, since=since).verdict(client)
    assert verdict.verification["on_lists"] == 30
    assert "list 2 holds 29, expected at least 30" in verdict.reason


@pytest.mark.parametrize("form", ["text", "file"])
def test_csv_is_compared_by_the_attributes_types(
    form: str, staged: Staged, client: ContactsClient, sandbox: SandboxServer
) -> None:
    direct(sandbox, "POST", "attributes/normal/SCORE", {"type": "float"})
    table = "EMAIL;SCORE;FIRSTNAME\n" + "".join(f"p{one}@example.com;{one}.50;Ada\n" for one in range(40))
    since = moment()
    process_id = client.import_contacts(ImportRequest(file_body=table, list_ids=[LIST]))
    until_ended(client, process_id)
    body = json.dumps(table) if form == "text" else table
    verdict = staged.add(people(40), process_id, since=since, body=body).verdict(client)
    assert (verdict.state, verdict.verification["matching"]) == (COMPLETED, 40)


@pytest.mark.parametrize(
    "attributes", [{"EXT_ID": "crm-{0}"}, {"SMS": "+1500555{0:04d}"}, {"SMS": "001500555{0:04d}"}]
)
@pytest.mark.parametrize("is_modified", [True, False])
def test_contacts_without_an_address_are_found_by_what_they_have(
    is_modified: bool, attributes: dict[str, str], staged: Staged, client: ContactsClient
) -> None:
    rows = [
        {"attributes": {name: text.format(one) for name, text in attributes.items()}} for one in range(20)
    ]
    process_id = imported(client, rows)
    since = moment(hours=1 if is_modified else -1)
    verdict = staged.add(rows, process_id, since=since).verdict(client)
    assert (verdict.state, verdict.verification["found"]) == (COMPLETED, 20)


@pytest.mark.parametrize("style", ["url", "int"])
def test_whom_the_platform_rejected_is_not_missing(
    style: str, staged: Staged, client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(info_import=style)
    rows = [*people(30), {"email": "late@example.com", "attributes": {"SMS": "+15005550001"}}]
    rows[0]["attributes"] = {"SMS": "+15005550001"}
    since = moment()
    process_id = imported(client, rows)
    verdict = staged.add(rows, process_id, since=since).verdict(client)
    assert (verdict.state, verdict.platform) == (COMPLETED_WITH_REJECTS, {"duplicate_phone_id": 1})
    assert verdict.verification["rejected"] == (1 if style == "url" else 0)


def test_contacts_that_show_late_are_waited_for(
    staged: Staged, client: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = imported(client, people(1, of="other"))
    paused: list[float] = []

    def arrive(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == 2:
            imported(client, people(40))

    clock = SimpleNamespace(sleep=arrive, monotonic=lambda: sum(paused))
    monkeypatch.setattr("email_contacts.imports.verification.verification.time", clock)
    verification = staged.add(people(40), nobody, since=moment()).verification(client)
    assert verification.settled(60).state == COMPLETED
    assert paused == [1, 2]


def test_looking_again_is_bounded_where_nothing_comes(
    staged: Staged, client: ContactsClient, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = imported(client, people(1000, of="other"))
    paused: list[float] = []
    clock = SimpleNamespace(sleep=paused.append, monotonic=lambda: sum(paused))
    monkeypatch.setattr("email_contacts.imports.verification.verification.time", clock)
    verdict = staged.add(people(1000), nobody, since=moment(hours=1)).verification(client).settled(30)
    assert (verdict.state, paused) == (FAILED, [1, 2, 4, 8])
    assert len(asked(sandbox, "contact")) < 150 + 4 * 10


def test_every_batch_is_looked_into(staged: Staged, client: ContactsClient) -> None:
    """One of twenty did not arrive, and the list was long before."""
    since = moment()
    ids = [imported(client, people(100, of=f"batch{one}-")) for one in range(19)]
    for number, process_id in enumerate([*ids, ids[0]]):
        staged.add(people(100, of=f"batch{number}-"), process_id, since=since)
    staged.submissions[-1]["process_id"] = imported(client, people(1, of="nobody"))
    verdict = staged.verdict(client)
    assert verdict.state == UNKNOWN
    assert "are not on the lists" in verdict.reason


def test_two_processes_for_one_batch_are_said(staged: Staged, client: ContactsClient) -> None:
    since = moment()
    first, second = imported(client, people(20)), imported(client, people(20))
    staged.add(people(20), first, since=since)
    told = [{"process_id": second, "status": "completed", "rejects": {}, "told_by": "process"}]
    verdict = staged.verdict(client, completions=told)
    assert verdict.state == COMPLETED
    assert verdict.process_ids == (first, second)
    assert "2 processes carried 1 batches: a batch was imported more than once" in verdict.remark


def test_a_batch_that_was_imported_twice_does_not_stand_for_another(
    staged: Staged, client: ContactsClient
) -> None:
    first, second = imported(client, people(20)), imported(client, people(20))
    staged.add(people(20), first).add(people(5, of="q"), second)
    staged.submissions[1] |= {"batch_uri": staged.batches[0].uri}
    verdict = staged.verdict(client)
    assert (verdict.state, verdict.reason) == (FAILED, "only 1 of 2 batches were submitted")


def test_a_platform_that_shows_no_single_contact_is_remarked(staged: Staged) -> None:
    size = {"id": LIST, "name": "a", "totalSubscribers": 0, "totalBlacklisted": 0, "uniqueSubscribers": 9}
    script = [
        answers(200, {**size, "folderId": 1, "createdAt": "2026-01-01T00:00:00Z"}),
        answers(200, {"id": 7, "name": "IMPORTUSER", "status": "completed"}),
        answers(200, {"contacts": [], "count": 0}),
        answers(404, {"code": "not_found", "message": "no such route"}),
    ]
    with ScriptedServer(script) as server, ContactsClient(server.url, "key", max_wait=0) as client:
        verdict = staged.add(people(9), 7).verdict(client)
    assert (verdict.state, verdict.verification["sampled"]) == (COMPLETED, 0)
    assert "the platform cannot look up single contacts" in verdict.remark
    assert "the processes' status alone" in verdict.remark


def test_nothing_personal_is_said(
    staged: Staged, client: ContactsClient, caplog: pytest.LogCaptureFixture
) -> None:
    process_id = imported(client, people(10, of="stranger"))
    verdict = staged.add(people(10, FIRSTNAME="Ada"), process_id).verdict(client)
    said = json.dumps(verdict.to_json()) + repr(verdict) + caplog.text
    assert "@example.com" not in said
    assert "Ada" not in said
