"""Syncs that send only what changed, against the sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.operators.conftest import LIST
from tests.operators.syncing import Sync

PEOPLE = {"a@example.com": "Ann", "b@example.com": "Bob", "c@example.com": "Cy"}


@pytest.fixture
def sync(tmp_path: Path) -> Sync:
    return Sync(tmp_path)


def on_platform(platform: ContactsClient) -> dict[str, str]:
    """Whom the list holds: address → first name."""
    return {one["email"]: one["attributes"]["FIRSTNAME"] for one in platform.iter_list_contacts(LIST)}


def test_only_what_changed_is_sent_and_the_receipt_accounts_for_the_rest(
    sync: Sync, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    first = sync.run(PEOPLE)
    assert first["rows"]["accepted"] == 3
    assert "no run was confirmed yet" in first["changes"]["why_full"]
    second = sync.run({"a@example.com": "Ann", "b@example.com": "Bobby", "d@example.com": "Di"})
    assert second["rows"] == {
        "read": 3, "accepted": 2, "rejected": 0, "duplicates": 0, "held_back": 0, "unchanged": 1,
    }  # fmt: skip
    assert second["changes"] == {"new": 1, "changed": 1, "gone": 1}
    assert on_platform(platform) == {**PEOPLE, "b@example.com": "Bobby", "d@example.com": "Di"}


def test_without_changes_the_run_succeeds_and_sends_nothing(sync: Sync, sandbox: SandboxServer) -> None:
    sync.run(PEOPLE)
    imports = sandbox.imports_accepted()
    receipt = sync.run(PEOPLE)
    assert sandbox.imports_accepted() == imports
    assert (receipt["state"], receipt["rows"]["accepted"], receipt["rows"]["unchanged"]) == (
        "completed",
        0,
        3,
    )
    assert receipt["remark"] == "no row changed since the snapshot, so nothing was submitted"


def test_an_import_without_a_snapshot_says_what_it_always_said(sync: Sync) -> None:
    receipt = sync.send(sync.prepare(PEOPLE, snapshot=""))
    assert receipt["rows"] == {"read": 3, "accepted": 3, "rejected": 0, "duplicates": 0, "held_back": 0}
    assert "changes" not in receipt
    assert sync.confirm() == {"snapshot": None, "is_confirmed": False}


def test_what_was_not_confirmed_is_sent_again(sync: Sync, platform: ContactsClient) -> None:
    sync.run(PEOPLE)
    sync.send(sync.prepare({**PEOPLE, "b@example.com": "Bobby"}))  # killed before it was confirmed
    sync.run(PEOPLE)  # the source went back meanwhile
    assert on_platform(platform) == PEOPLE


def test_a_receipt_of_a_failed_run_confirms_nothing(sync: Sync, sandbox: SandboxServer) -> None:
    batches = sync.prepare(PEOPLE)
    sandbox.set_knobs(final_status="failed")
    with pytest.raises(Exception, match="failed"):
        sync.send(batches)
    sync.receipt = {"state": "failed", "rows": {"held_back": 3}}
    with pytest.raises(AirflowFailException, match="the previous snapshot stays in force"):
        sync.confirm()
    sandbox.set_knobs(final_status="completed")
    assert sync.run(PEOPLE)["rows"]["accepted"] == 3


@pytest.mark.parametrize("receipt", [None, "None", {}, {"state": "completed_with_doubts"}])
def test_what_is_no_receipt_confirms_nothing(sync: Sync, receipt: object) -> None:
    sync.prepare(PEOPLE)
    sync.receipt = receipt
    with pytest.raises(AirflowFailException, match="the previous snapshot stays in force"):
        sync.confirm()


def test_the_receipt_of_another_run_confirms_nothing(sync: Sync) -> None:
    sync.send(sync.prepare(PEOPLE))
    of_the_first = sync.receipt
    sync.send(sync.prepare({**PEOPLE, "d@example.com": "Di"}))
    sync.receipt = of_the_first
    with pytest.raises(AirflowFailException, match="not about what the manifest says"):
        sync.confirm()


def test_whom_the_platform_rejected_is_sent_again_only_when_asked(
    sync: Sync, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(linking_rows="reject")
    platform.create_contact(email="b@example.com")
    platform.create_contact(email="other@example.com", ext_id="X-2")
    rows = "email,ext_id,firstname\na@example.com,X-1,Ann\nb@example.com,X-2,Bob\n"
    receipt = sync.run(rows)
    assert receipt["platform"] == {"duplicate_email_id": 1}
    again = sync.run(rows)
    assert (again["rows"]["accepted"], again["rows"]["unchanged"]) == (0, 2)
    asked = sync.run(rows, retry_rejects=True)
    assert (asked["rows"]["accepted"], asked["rows"]["unchanged"]) == (1, 1)
    changed = sync.run(rows.replace("Bob", "Bobby"))
    assert (changed["rows"]["accepted"], changed["rows"]["unchanged"]) == (1, 1)


def test_another_list_gets_everything(sync: Sync) -> None:
    sync.run(PEOPLE)
    sync.prepare(PEOPLE, snapshot_target="[7, 8]")
    assert "the target changed" in sync.pushed["changes"]["why_full"]
    assert sync.pushed["rows"]["accepted"] == 3


def test_a_snapshot_lies_where_it_is_said(sync: Sync, tmp_path: Path) -> None:
    sync.run(PEOPLE)
    assert (tmp_path / "stage" / "snapshots" / "customers" / "current.json").is_file()
    sync.run(PEOPLE, snapshot=str(tmp_path / "elsewhere" / "crm"))
    said = json.loads((tmp_path / "elsewhere" / "crm" / "current.json").read_text())
    assert (said["contacts"], said["run_id"]) == (3, "scheduled__2026-11-02")


@pytest.mark.parametrize("name", ["../escape", "a/b", "", " ", "ä", "-x", "a" * 201])
def test_a_name_that_is_none_is_refused_or_means_no_snapshot(sync: Sync, name: str) -> None:
    if name == "":
        sync.prepare(PEOPLE, snapshot=name)
        assert "changes" not in sync.pushed
        return
    with pytest.raises(AirflowFailException, match="snapshot"):
        sync.prepare(PEOPLE, snapshot=name)


def test_nothing_personal_is_pushed_or_kept(sync: Sync, tmp_path: Path) -> None:
    sync.run({"somebody@example.com": "Somebody"})
    for path in (tmp_path / "stage").rglob("*"):
        if path.is_file() and (path.name.startswith("changes-") or "snapshots" in path.parts):
            assert b"somebody" not in path.read_bytes().lower()
    assert "somebody" not in json.dumps(sync.pushed).lower()


def test_templates_reach_the_snapshot(tmp_path: Path) -> None:
    fields = set(PrepareContactsOperator.template_fields)
    assert fields >= {"snapshot", "snapshot_target", "full_sync", "retry_rejects"}


def test_a_full_sync_can_be_asked_for(sync: Sync) -> None:
    sync.run(PEOPLE)
    assert sync.run(PEOPLE, full_sync="True")["rows"]["accepted"] == 3
    assert sync.run(PEOPLE)["rows"]["unchanged"] == 3


def test_a_cleared_confirmation_does_nothing(sync: Sync) -> None:
    sync.run(PEOPLE)
    assert sync.confirm()["is_confirmed"]
    assert sync.run(PEOPLE)["rows"]["unchanged"] == 3
