"""Removing the contacts that are gone: killed, unanswered, out of turn."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient, OutcomeUnknown
from email_contacts.imports import failpoints
from email_contacts.sandbox import SandboxServer
from tests.operators.syncing import Sync
from tests.operators.test_gone import PEOPLE, STAY, Killed, on_list, sync

__all__ = ["sync"]


def killed_at(monkeypatch: pytest.MonkeyPatch, failpoint: str) -> None:
    def listener(reached: str) -> None:
        if reached == failpoint:
            raise Killed

    monkeypatch.setattr(failpoints, "_listeners", [listener])


@pytest.mark.parametrize("kind", ["reset_after_accepting", "524_after_accepting", "reset"])
def test_a_removal_whose_answer_is_lost_is_settled_by_the_next_try(
    kind: str, sync: Sync, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    sync.run(PEOPLE, gone="remove")
    sandbox.set_knobs(faults=[{"route": "remove_from_list", "kind": kind}])
    with pytest.raises(OutcomeUnknown):
        sync.send(sync.prepare(STAY, gone="remove"))
    assert sync.settle()["settled"] == (2 if kind == "reset" else 0)
    sync.send([])
    assert sync.confirm()["is_confirmed"]
    assert on_list(platform) == set(STAY)


@pytest.mark.parametrize("gone", ["remove", "blacklist"])
@pytest.mark.parametrize(
    "failpoint", [failpoints.GONE_FOUND, failpoints.PORTION_SETTLED, failpoints.GONE_SETTLED]
)
def test_a_killed_task_leaves_the_snapshot_and_a_second_one_does_the_rest(
    gone: str, failpoint: str, sync: Sync, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = PEOPLE | {f"p{number}@example.com": "P" for number in range(160)}
    sync.run(many, gone=gone)
    before = in_force(sync)
    killed_at(monkeypatch, failpoint)
    with pytest.raises(Killed):
        sync.send(sync.prepare(PEOPLE, gone=gone))
    assert in_force(sync) == before
    monkeypatch.setattr(failpoints, "_listeners", [])
    sync.settle()
    sync.send([])
    assert sync.confirm()["is_confirmed"]
    assert in_force(sync) != before
    if gone == "remove":
        assert on_list(platform) == set(PEOPLE)
    else:
        blocked = {one["email"] for one in platform.iter_contacts() if one["emailBlacklisted"]}
        assert blocked == set(many) - set(PEOPLE)


def test_who_was_removed_in_a_run_that_was_not_confirmed_and_is_back_is_sent_again(
    sync: Sync, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync.run(PEOPLE, gone="remove")
    killed_at(monkeypatch, failpoints.GONE_SETTLED)
    with pytest.raises(Killed):
        sync.send(sync.prepare(STAY, gone="remove"))
    monkeypatch.setattr(failpoints, "_listeners", [])
    assert on_list(platform) == set(STAY)
    receipt = sync.run(PEOPLE, gone="remove")
    assert (receipt["rows"]["accepted"], receipt["rows"]["unchanged"]) == (2, 2)
    assert on_list(platform) == set(PEOPLE)


def test_a_run_whose_gone_contacts_are_not_settled_is_not_confirmed(sync: Sync) -> None:
    sync.run(PEOPLE, gone="remove")
    sync.is_settling = False
    sync.send(sync.prepare(STAY, gone="remove"))
    with pytest.raises(AirflowFailException, match="2 gone contacts are still to be settled"):
        sync.confirm()


@pytest.mark.parametrize("verdict", [None, {}, {"state": "failed"}, {"state": "unknown"}])
def test_after_an_import_that_is_not_complete_nobody_is_removed(
    verdict: Any, sync: Sync, platform: ContactsClient
) -> None:
    sync.run(PEOPLE, gone="remove")
    sync.prepare(STAY, gone="remove")
    sync.verdict = verdict
    with pytest.raises(AirflowFailException, match="so no contact is removed"):
        sync.settle()
    assert on_list(platform) == set(PEOPLE)


def test_a_run_that_another_one_overtook_removes_nobody(sync: Sync, platform: ContactsClient) -> None:
    sync.run(PEOPLE, gone="remove")
    sync.prepare(STAY, gone="remove")
    old = sync.manifest_uri
    sync.run({**PEOPLE, "ann@example.com": "Anna"}, gone="remove")
    sync.manifest_uri = old
    with pytest.raises(AirflowFailException, match="Another run was confirmed"):
        sync.settle()
    assert on_list(platform) == set(PEOPLE)


def test_an_old_run_that_is_repeated_removes_nobody_who_came_since(
    sync: Sync, platform: ContactsClient
) -> None:
    sync.run(STAY, gone="remove")
    sync.run(PEOPLE, gone="remove")
    sync.runs = 0  # the first one again, with its own source
    changes = sync.run(STAY, gone="remove")["changes"]
    assert changes["gone"] == 2
    assert changes["gone_withheld"].startswith("the snapshot is that of a later run, due at 2026-11-24")
    assert on_list(platform) == set(PEOPLE)
    sync.runs = 2
    assert sync.run(PEOPLE, gone="remove")["changes"]["gone"] == 0
    assert sync.run(STAY, gone="remove")["changes"]["settled"] == 2


def in_force(sync: Sync) -> str:
    (path,) = sync.folder.rglob("snapshots/customers/current.json")
    return path.read_text()
