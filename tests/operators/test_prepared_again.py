"""A preparation that is run again alone, while the tasks after it have run, or go on."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.imports.queue.submit_in_turn import submit_in_turn
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sandbox import SandboxServer
from tests.operators.conftest import LIST, asked
from tests.operators.syncing import Sync
from tests.operators.test_held_runs import brake
from tests.task_context import StateStore, make_context, pushed

OLD = {f"p{number}@example.com": "Old" for number in range(20)}
NEW = {**OLD, "p0@example.com": "New"}
FEW = dict(list(OLD.items())[:15])


class Again(Sync):
    """A sync whose preparation can be cleared by itself."""

    def prepare_again(self, people: dict[str, str], **arguments: Any) -> list[str]:
        """Prepare another source in the stage of the run."""
        self.runs -= 1
        return self.prepare(people, **arguments)


def submitted(batches: list[str], store: StateStore, **arguments: Any) -> dict[str, Any]:
    """Import the one batch; give what was pushed of it."""
    context = make_context(store)
    task = ImportContactsOperator(
        task_id="import",
        batch_uri=batches[0],
        list_ids=[LIST],
        deferrable=False,
        poll_interval=0.02,
        **arguments,
    )
    task.execute(context)
    return dict(pushed(context)["submission"])


def ended(sync: Sync, submission: dict[str, Any]) -> dict[str, Any]:
    """Verify the run, and write its receipt; give that, also where it fails the run."""
    given: dict[str, Any] = {"manifest_uri": sync.manifest_uri, "submissions": [submission]}
    verdict = VerifyImportOperator(
        task_id="verify", process_ids=[submission["process_id"]], list_ids=[LIST], patience=0, **given
    ).execute(make_context(StateStore()))
    context = make_context(StateStore())
    with suppress(AirflowFailException):
        WriteReceiptOperator(task_id="receipt", verdict=verdict, **given).execute(context)
    return dict(pushed(context)["receipt"])


@pytest.mark.parametrize("people", [NEW, FEW], ids=["corrected", "cut off"])
def test_what_was_sent_before_is_not_what_was_prepared_since(
    people: dict[str, str], platform: ContactsClient, tmp_path: Path
) -> None:
    """Otherwise the receipt would claim the new rows, and the snapshot lose the correction for good."""
    sync = Again(tmp_path)
    store = StateStore()
    submission = submitted(sync.prepare(OLD), store)
    batches = sync.prepare_again(people)
    receipt = ended(sync, submission)
    assert receipt["state"] == "failed"
    assert receipt["rows"]["accepted"] == 0
    assert receipt["rows"]["held_back"] == len(people)
    sync.receipt = receipt
    with pytest.raises(AirflowFailException, match="the previous snapshot stays in force"):
        sync.confirm()
    # As the advice says: the import is cleared, and sends what was prepared last.
    receipt = ended(sync, submitted(batches, store))
    assert (receipt["state"], receipt["rows"]["accepted"]) == ("completed", len(people))


def test_a_batch_that_was_replaced_while_its_task_waited_is_not_sent(
    platform: ContactsClient, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = Again(tmp_path)
    batches = sync.prepare(OLD)

    def wait(*args: Any, **options: Any) -> Any:
        sync.prepare_again(NEW)
        return submit_in_turn(*args, **options)

    monkeypatch.setattr("email_contacts.operators.imports.submit_in_turn", wait)
    with pytest.raises(AirflowFailException, match="the source was prepared again meanwhile"):
        submitted(batches, StateStore())
    assert asked(sandbox).count("import") == 0


def test_a_retry_says_what_the_first_try_sent(platform: ContactsClient, tmp_path: Path) -> None:
    sync = Again(tmp_path)
    store = StateStore()
    batches = sync.prepare(OLD)
    first = submitted(batches, store)
    assert first["batch_fingerprint"]
    again = submitted(batches, store)
    assert again["batch_fingerprint"] == first["batch_fingerprint"]


def test_brakes_hold_what_was_prepared_since(
    platform: ContactsClient, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task of the brakes was not cleared with the preparation."""
    from airflow.providers.standard.operators.hitl import HITLOperator

    from tests.operators.test_held_runs import AskedError

    def ask(*_: object) -> None:
        raise AskedError

    monkeypatch.setattr(HITLOperator, "execute", ask)
    sync = Again(tmp_path)
    sync.prepare(FEW)
    brake(sync, max_changes=15)  # within the limits
    batches = sync.prepare_again(OLD)
    with pytest.raises(AirflowFailException, match="the brakes have not let through"):
        submitted(batches, StateStore())
    assert asked(sandbox).count("import") == 0
    brake(sync, max_changes=20)
    assert submitted(batches, StateStore())["process_id"]


def test_a_batch_is_not_sent_before_its_preparation_ends(
    platform: ContactsClient, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there already, and what its run is allowed to do is not known yet."""
    sync = Again(tmp_path)
    batches = sync.prepare(OLD)
    write = Manifest.write

    def end(manifest: Manifest, path: Any) -> None:
        with pytest.raises(AirflowFailException, match="the preparation did not finish"):
            submitted(batches, StateStore())
        write(manifest, path)

    monkeypatch.setattr(Manifest, "write", end)
    assert sync.prepare_again(NEW) == batches
    assert asked(sandbox).count("import") == 0
    assert submitted(batches, StateStore())["process_id"]
