"""Contacts that are gone from the source: kept, removed or blacklisted, against the sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient
from email_contacts.operators.brakes import CheckBrakesOperator
from email_contacts.operators.mirrors import RefreshMirrorOperator
from email_contacts.sandbox import SandboxServer
from tests.operators.conftest import LIST
from tests.operators.syncing import Sync
from tests.task_context import StateStore, make_context

PEOPLE = {f"{name}@example.com": name.title() for name in ("ann", "bob", "cy", "di")}
STAY = {"ann@example.com": "Ann", "bob@example.com": "Bob"}


@pytest.fixture
def sync(tmp_path: Path) -> Sync:
    return Sync(tmp_path)


class Killed(BaseException):
    """The process ends here."""


def on_list(platform: ContactsClient) -> set[str]:
    return {one["email"] for one in platform.iter_list_contacts(LIST)}


def in_account(platform: ContactsClient) -> dict[str, dict[str, Any]]:
    return {one["email"]: one for one in platform.iter_contacts()}


def test_who_is_gone_stays_on_the_list_unless_told_otherwise(sync: Sync, platform: ContactsClient) -> None:
    sync.run(PEOPLE)
    receipt = sync.run(STAY)
    assert receipt["changes"] == {"new": 0, "changed": 0, "gone": 2}
    assert on_list(platform) == set(PEOPLE)


def test_who_is_gone_is_removed_from_the_list_and_stays_in_the_account(
    sync: Sync, platform: ContactsClient
) -> None:
    sync.run(PEOPLE, gone="remove")
    receipt = sync.run(STAY, gone="remove")
    assert receipt["changes"] == {
        "new": 0, "changed": 0, "gone": 2, "when_gone": "remove",
        "settled": 2, "not_on_list": 0, "in_source": 0,
    }  # fmt: skip
    assert on_list(platform) == set(STAY)
    assert set(in_account(platform)) == set(PEOPLE)
    assert sync.run(STAY, gone="remove")["changes"]["gone"] == 0
    sync.run(PEOPLE, gone="remove")  # they are back
    assert on_list(platform) == set(PEOPLE)


def test_who_is_gone_is_blacklisted_and_nobody_is_taken_off_the_blacklist(
    sync: Sync, platform: ContactsClient
) -> None:
    rows = "email,sms,firstname\nann@example.com,,Ann\nbob@example.com,4915123456789,Bob\n,4915123456780,Cy\n"
    sync.run(rows + "di@example.com,,Di\n", gone="blacklist")
    platform.create_contact(email="di@example.com", email_blacklisted=True, update_enabled=True)
    receipt = sync.run("email,sms,firstname\nann@example.com,,Ann\n", gone="blacklist")
    assert (receipt["changes"]["gone"], receipt["changes"]["settled"]) == (3, 2)
    told = {
        one["attributes"]["FIRSTNAME"]: (one["emailBlacklisted"], one["smsBlacklisted"])
        for one in platform.iter_list_contacts(LIST)
    }
    assert told == {"Ann": (False, False), "Bob": (True, True), "Cy": (True, True), "Di": (True, False)}


def test_who_left_the_list_by_another_way_is_counted(sync: Sync, platform: ContactsClient) -> None:
    sync.run(PEOPLE, gone="remove")
    platform.remove_from_list(LIST, emails=["cy@example.com"])
    changes = sync.run(STAY, gone="remove")["changes"]
    assert (changes["settled"], changes["not_on_list"]) == (1, 1)


def test_many_are_removed_in_portions(sync: Sync, platform: ContactsClient) -> None:
    sync.run(PEOPLE | {f"p{number}@example.com": "P" for number in range(310)}, gone="remove")
    assert sync.run(PEOPLE, gone="remove")["changes"]["settled"] == 310
    assert on_list(platform) == set(PEOPLE)


def test_who_is_in_the_source_under_another_identifier_is_not_removed(
    sync: Sync, platform: ContactsClient
) -> None:
    sync.run("email,ext_id,firstname\nann@example.com,X-1,Ann\nbob@example.com,X-2,Bob\n", gone="remove")
    platform.create_contact(email="new@example.com")
    context = make_context(StateStore())
    mirror = RefreshMirrorOperator(task_id="mirror").execute(context)
    # Ann's address is empty now, and Bob's new one belongs to somebody else, so that his row is held back.
    rows = "email,ext_id,firstname\n,X-1,Ann\nnew@example.com,X-2,Bob\n"
    receipt = sync.run(rows, gone="remove", mirror=mirror)
    assert receipt["held_back"] == {"would_merge": 1}
    assert (receipt["changes"]["gone"], receipt["changes"]["settled"]) == (2, 0)
    assert receipt["changes"]["in_source"] == 2
    assert {"ann@example.com", "bob@example.com"} <= on_list(platform)


def test_a_row_that_is_held_back_is_not_gone(sync: Sync, platform: ContactsClient) -> None:
    sync.run(PEOPLE, gone="remove")
    platform.create_contact(email="cy@example.com", email_blacklisted=True, update_enabled=True)
    mirror = RefreshMirrorOperator(task_id="mirror").execute(make_context(StateStore()))
    receipt = sync.run({**PEOPLE, "cy@example.com": "Cyrus"}, gone="remove", mirror=mirror)
    assert (receipt["held_back"], receipt["changes"]["gone"]) == ({"opted_out": 1}, 0)
    assert on_list(platform) == set(PEOPLE)


def test_while_a_rejected_row_may_be_about_anybody_nobody_is_removed_and_they_are_found_gone_again(
    sync: Sync, platform: ContactsClient
) -> None:
    head = "email,birthday\n"
    people = "ann@example.com,2000-01-01\nbob@example.com,2000-01-01\n"
    mapping = {"columns": {"email": "EMAIL", "birthday": {"attribute": "BIRTHDAY", "type": "date"}}}
    sync.run(f"{head}{people}cy@example.com,2000-01-01\n", gone="remove", mapping=mapping)
    bad = f"{head}ann@example.com,2000-01-01\ncy@,2000-01-01\n"
    for _ in range(2):
        changes = sync.run(bad, gone="remove", mapping=mapping)["changes"]
        assert (changes["gone"], changes["unidentified"]) == (2, 1)
        assert "no identifier that can be read (max_unidentified is 0)" in changes["gone_withheld"]
        assert len(on_list(platform)) == 3
    changes = sync.run(f"{head}{people}", gone="remove", mapping=mapping)["changes"]
    assert (changes["gone"], changes["settled"]) == (1, 1)
    assert on_list(platform) == {"ann@example.com", "bob@example.com"}


def test_who_is_in_a_rejected_row_is_not_removed_and_others_are(sync: Sync, platform: ContactsClient) -> None:
    mapping = {
        "columns": {
            "email": "EMAIL",
            "ext_id": "EXT_ID",
            "birthday": {"attribute": "BIRTHDAY", "type": "date"},
        }
    }
    head, names = "email,ext_id,birthday\n", ("ann", "bob", "cy", "di")
    rows = {name: f"{name}@example.com,X-{name},2000-01-01\n" for name in names}
    sync.run(head + "".join(rows.values()), gone="remove", mapping=mapping)
    rows |= {"bob": "bob@example.com,X-bob,2026-99-99\n", "cy": "cy@,X-cy,2000-01-01\n", "di": ""}
    receipt = sync.run(head + "".join(rows.values()), gone="remove", mapping=mapping)
    assert receipt["rows"]["rejected"] == 2
    assert receipt["changes"] == {
        "new": 0, "changed": 0, "gone": 2, "when_gone": "remove",
        "settled": 1, "not_on_list": 0, "in_source": 1,
    }  # fmt: skip
    assert on_list(platform) == {"ann@example.com", "bob@example.com", "cy@example.com"}
    receipt = sync.run(head + rows["ann"] + "em@,X-em,2000-01-01\n", gone="remove", mapping=mapping)
    assert receipt["changes"]["settled"] == 2
    assert on_list(platform) == {"ann@example.com"}


def test_a_contact_that_a_rejected_row_may_be_about_is_left_alone_and_counted(
    sync: Sync, platform: ContactsClient
) -> None:
    head = "email,ext_id\n"
    sync.run(f"{head}ann@example.com,\nbob@example.com,X-2\ncy@example.com,X-3\n", gone="remove")
    changes = sync.run(f"{head}ann@,X-1\ncy@example.com,X-3\n", gone="remove")["changes"]
    assert (changes["settled"], changes["unclear"]) == (1, 1)
    assert on_list(platform) == {"ann@example.com", "cy@example.com"}
    sync.run(f"{head}ann@example.com,X-1\ncy@example.com,X-3\n", gone="remove")
    sync.run(f"{head}cy@example.com,X-3\n", gone="remove")
    assert on_list(platform) == {"cy@example.com"}


def test_a_limit_that_is_none_is_refused(sync: Sync) -> None:
    for limit in (None, "", "many", True):
        with pytest.raises(AirflowFailException, match="max_unidentified"):
            sync.prepare(STAY, gone="remove", max_unidentified=limit)


def test_a_full_sync_removes_nobody_and_the_next_run_does(sync: Sync, platform: ContactsClient) -> None:
    sync.run(PEOPLE, gone="remove")
    changes = sync.run(STAY, gone="remove", full_sync=True)["changes"]
    assert (changes["gone"], changes["gone_withheld"]) == (2, "everything is sent: a full sync was requested")
    assert on_list(platform) == set(PEOPLE)
    assert sync.run(STAY, gone="remove")["changes"]["settled"] == 2
    assert on_list(platform) == set(STAY)


@pytest.mark.parametrize("lost", ["empty", "snapshot", "pointer", "mapping"])
def test_without_a_snapshot_to_go_by_nobody_is_removed(
    lost: str, sync: Sync, platform: ContactsClient
) -> None:
    sync.run(PEOPLE, gone="remove")
    for path in sync.folder.rglob("snapshots/**/*"):
        if (lost == "snapshot" and path.suffix == ".bin") or (lost == "pointer" and path.suffix == ".json"):
            path.unlink()
    rows: Any = STAY
    arguments: dict[str, Any] = {}
    if lost == "empty":
        rows = "email,firstname\n"
    if lost == "mapping":
        arguments = {"mapping": {"columns": {"email": "EMAIL", "firstname": "LASTNAME"}}}
    for _ in range(2):
        receipt = sync.run(rows, gone="remove", **arguments)
        assert "settled" not in receipt.get("changes", {})
        assert on_list(platform) == set(PEOPLE)


@pytest.mark.parametrize(
    ("limit", "gone", "is_asked"),
    [(1, "remove", True), ("9%", "blacklist", True), (2, "remove", False), (1, "keep", False)],
)
def test_more_removals_than_the_brake_allows_are_asked_about_before_anything_is_sent(
    limit: Any, gone: str, is_asked: bool, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(HITLOperator, "execute", ask)  # what is asked; tests/e2e/test_brakes.py shows how
    sync.run(PEOPLE)
    sync.prepare(STAY, gone=gone)
    brakes = CheckBrakesOperator(
        task_id="brakes",
        manifest_uri=sync.manifest_uri,
        sizes_before={"id": LIST, "name": "Customers", "size": 20},
        max_removals=limit,
    )
    if not is_asked:
        assert brakes.execute(make_context(StateStore()))["approved"] is False
        return
    with pytest.raises(Killed):
        brakes.execute(make_context(StateStore()))
    assert f"2 gone contacts are to be removed or blacklisted; max_removals is {limit}" in str(brakes.body)
    assert f"gone contacts: {gone}" in str(brakes.body)


def test_the_approval_and_the_log_name_the_rows_that_are_tolerated(
    sync: Sync, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(HITLOperator, "execute", ask)
    sync.run(PEOPLE, gone="remove")
    sync.prepare({**STAY, "cy@": "Cy"}, gone="remove", max_unidentified=1)
    said = "1 rejected rows have no identifier that can be read"
    assert said in capsys.readouterr().out
    brakes = CheckBrakesOperator(task_id="brakes", manifest_uri=sync.manifest_uri, max_removals=1)
    with pytest.raises(Killed):
        brakes.execute(make_context(StateStore()))
    assert said in str(brakes.body)


def test_nothing_that_is_kept_of_the_gone_names_anybody(sync: Sync) -> None:
    sync.run(PEOPLE, gone="remove")
    sync.run(STAY, gone="remove")
    kept = [*sync.folder.rglob("changes-*.bin"), *sync.folder.rglob("gone.json")]
    names = {f"changes-{kind}.bin" for kind in ("gone", "present", "unsent", "retained", "spared")}
    assert {path.name for path in kept} == {*names, "changes-sent.bin", "changes-replaced.bin", "gone.json"}
    for path in kept:
        assert b"example.com" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0
    assert "example.com" not in json.dumps(sync.settled)


@pytest.mark.parametrize("makes_up_addresses", [True, False])
@pytest.mark.parametrize("column", ["whatsapp", "landline_number"])
def test_who_cannot_be_blacklisted_is_counted_and_ends_no_run(
    column: str, makes_up_addresses: bool, sync: Sync, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(phone_only_address=makes_up_addresses)
    head = f"email,{column},firstname\n"
    rows = f"{head}ann@example.com,,Ann\nbob@example.com,,Bob\n,4915123456789,Cy\n"
    sync.run(rows, gone="blacklist")
    changes = sync.run(f"{head}ann@example.com,,Ann\n", gone="blacklist")["changes"]
    assert (changes["gone"], changes["settled"], changes["left_alone"]) == (2, 1, 1)
    assert changes["not_on_list"] == changes["in_source"] == 0
    assert platform.get_contact("bob@example.com")["emailBlacklisted"]
    assert sync.run(f"{head}ann@example.com,,Ann\n", gone="blacklist")["changes"]["gone"] == 0
