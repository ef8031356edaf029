"""Runs that are cleared, or repeated, after another one: they change nothing that the other one settled."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.mirrors import RefreshMirrorOperator
from email_contacts.sandbox import SandboxServer
from tests.operators.conftest import LIST, asked
from tests.operators.syncing import Sync
from tests.task_context import STARTED, StateStore, make_context

A, B, C, D = (f"{name}@example.com" for name in "abcd")


@pytest.fixture
def sync(platform: ContactsClient, tmp_path: Path) -> Sync:
    return Sync(tmp_path)


def on_list(platform: ContactsClient) -> set[str]:
    return {str(one["email"]) for one in platform.iter_list_contacts(LIST)}


def first_name(platform: ContactsClient, email: str) -> str:
    return str(platform.get_contact(email)["attributes"]["FIRSTNAME"])


def overtaken(sync: Sync, *, is_confirmed: bool, **arguments: Any) -> tuple[str, list[str]]:
    """Prepare a run, and run the next day's before it is sent; give its manifest and its batches."""
    sync.run({A: "One", B: "One", C: "One"}, **arguments)
    batches = sync.prepare({A: "Two", C: "Two"}, **arguments)
    manifest_uri = sync.manifest_uri
    sync.send(sync.prepare({A: "Three", B: "One", C: "Three"}, **arguments))
    if is_confirmed:
        sync.confirm()
    sync.manifest_uri = manifest_uri
    return manifest_uri, batches


@pytest.mark.parametrize(("is_confirmed", "said"), [(True, "was confirmed"), (False, "was prepared")])
def test_a_batch_of_an_overtaken_run_is_not_sent(
    is_confirmed: bool, said: str, sync: Sync, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    """It is older, and people may have opted out since: nobody would mend it."""
    _, batches = overtaken(sync, is_confirmed=is_confirmed)
    platform.create_contact(email=C, email_blacklisted=True, update_enabled=True)
    before = asked(sandbox).count("import")
    with pytest.raises(AirflowFailException, match=f"Another run {said}"):
        sync.send(batches)
    assert asked(sandbox).count("import") == before > 0
    assert first_name(platform, A) == "Three"


def test_gone_contacts_of_an_overtaken_run_are_left_alone(sync: Sync, platform: ContactsClient) -> None:
    overtaken(sync, is_confirmed=False, gone="blacklist")
    sync.verdict = {"state": "completed"}
    with pytest.raises(AirflowFailException, match="Another run was prepared"):
        sync.settle()
    assert not platform.get_contact(B)["emailBlacklisted"]


def test_an_import_that_was_accepted_is_waited_for_although_its_run_was_overtaken(
    sync: Sync, platform: ContactsClient
) -> None:
    batches = sync.prepare({A: "One"})
    store = StateStore()
    task = ImportContactsOperator(
        task_id="import", batch_uri=batches[0], list_ids=[LIST], deferrable=False, poll_interval=0.02
    )
    process_id = task.execute(make_context(store))
    sync.run({A: "Two"})
    assert task.execute(make_context(store)) == process_id


def test_an_overtaken_run_that_is_prepared_again_is_sent(sync: Sync, platform: ContactsClient) -> None:
    overtaken(sync, is_confirmed=True)
    sync.run({A: "Two", C: "Two"})
    assert first_name(platform, A) == "Two"


def test_a_batch_is_sent_while_its_mirror_is_recent(sync: Sync, sandbox: SandboxServer) -> None:
    task = RefreshMirrorOperator(task_id="mirror")
    mirror = task.execute(make_context(StateStore()))
    batches = sync.prepare({A: "One"}, mirror=mirror)
    path = ObjectStoragePath(sync.manifest_uri)
    manifest = Manifest.read(cast("Any", path))
    as_of = datetime.fromisoformat(manifest.guards["mirror_as_of"])
    assert datetime.fromisoformat(manifest.guards["send_until"]) == as_of + timedelta(days=2)
    late = {**manifest.guards, "send_until": as_of.isoformat()}
    replace(manifest, guards=late).write(cast("Any", path))
    with pytest.raises(AirflowFailException, match="people may have opted out since the mirror"):
        sync.send(batches)
    assert asked(sandbox).count("import") == 0
    manifest.write(cast("Any", path))
    assert sync.send(batches)["rows"]["accepted"] == 1


def test_days_that_are_repeated_in_their_order_remove_nobody(
    platform: ContactsClient, tmp_path: Path
) -> None:
    """As a backfill does."""

    class Dated(Sync):
        day = 0

        def _context(self) -> Any:
            context = super()._context()
            cast("Any", context["dag_run"]).run_after = STARTED + timedelta(days=self.day)
            return context

    sync = Dated(tmp_path)
    sources = [dict.fromkeys([A, B, C, D][:count], "Ada") for count in (1, 2, 3, 4)]
    for sync.day, source in enumerate(sources):
        sync.run(source, gone="remove")
    assert on_list(platform) == {A, B, C, D}
    for sync.day in (1, 2):
        assert "gone_withheld" in sync.run(sources[sync.day], gone="remove")["changes"]
    assert on_list(platform) == {A, B, C, D}
    sync.day = 4
    sync.run(sources[2], gone="remove")
    assert on_list(platform) == {A, B, C}


def test_a_connection_that_leads_elsewhere_gets_everything(
    sync: Sync, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync.run({A: "Ada", B: "Bea"})
    with SandboxServer(api_key="test-key") as other:
        name = "AIRFLOW_CONN_EMAIL_CONTACTS_DEFAULT"
        monkeypatch.setenv(name, json.dumps({**json.loads(os.environ[name]), "host": other.url}))
        client = ContactsClient(other.url, other.api_key)
        folder = client.create_folder("Customers")
        client.create_list("Customers", folder_id=folder)
        receipt = sync.run({A: "Ada", B: "Bea"})
    assert receipt["rows"]["accepted"] == 2
    assert "the platform's address changed" in receipt["changes"]["why_full"]


def test_a_run_is_overtaken_by_one_that_has_nothing_to_send(sync: Sync, platform: ContactsClient) -> None:
    """The only contact of the first one says no in the source of the second one."""
    head = "email,firstname,newsletter\n"
    sync.run(f"{head}{A},One,yes\n", consent_column="newsletter")
    batches = sync.prepare(f"{head}{A},One,yes\n{B},One,yes\n", consent_column="newsletter")
    first = sync.manifest_uri
    assert sync.prepare(f"{head}{A},One,yes\n{B},One,no\n", consent_column="newsletter") == []
    second, sync.manifest_uri = sync.manifest_uri, first
    with pytest.raises(AirflowFailException, match="Another run was prepared"):
        sync.send(batches)
    assert on_list(platform) == {A}
    sync.manifest_uri = second
    sync.send([])
    sync.confirm()
    assert sync.run(f"{head}{A},One,yes\n{B},One,yes\n", consent_column="newsletter")["rows"]["accepted"] == 1
    assert on_list(platform) == {A, B}
