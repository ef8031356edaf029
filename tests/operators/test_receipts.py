"""The end of a run: what was seen, the receipt, and whether the run is good."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient, Unavailable
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import GetListOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sandbox import SandboxServer
from tests.conftest import CONN_ID
from tests.operators.conftest import LIST, asked
from tests.operators.lazy_xcoms import lazy
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

RECEIPTS = Asset(name="receipts", uri="x-receipts://all")


@pytest.fixture
def run(store: StateStore, tmp_path: Path) -> SimpleNamespace:
    """An import run up to its wait: 3 rows read, 2 sent, 1 rejected."""
    source = tmp_path / "contacts.csv"
    source.write_text("email\na@example.com\nb@example.com\nnobody\n")
    before = GetListOperator(task_id="before", list_id=LIST).execute(make_context(store))
    prepared = make_context(store)
    batches = PrepareContactsOperator(task_id="prepare", source=str(source)).execute(prepared)
    imported = make_context(store)
    process_id = ImportContactsOperator(
        task_id="import", batch_uri=batches[0], list_ids=[LIST], deferrable=False, poll_interval=0.02
    ).execute(imported)
    return SimpleNamespace(
        manifest_uri=pushed(prepared)["manifest_uri"],
        process_id=process_id,
        submission=pushed(imported)["submission"],
        before=before,
    )


def verification(run: SimpleNamespace, **arguments: Any) -> VerifyImportOperator:
    given = {"process_ids": run.process_id, "list_ids": [LIST], "patience": 0, **arguments}
    return VerifyImportOperator(task_id="verify", manifest_uri=run.manifest_uri, **given)


def receipt(run: SimpleNamespace, **arguments: Any) -> WriteReceiptOperator:
    given = {"submissions": [run.submission], "folder_id": "1", "sizes_before": [run.before], **arguments}
    return WriteReceiptOperator(task_id="receipt", manifest_uri=run.manifest_uri, **given)


def written(run: SimpleNamespace) -> dict[str, Any]:
    """The receipt's file, which lies beside the manifest."""
    path = Path(run.manifest_uri.removeprefix("file://")).parent / "receipt.json"
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_a_complete_import_is_verified(run: SimpleNamespace, context: Context) -> None:
    arguments = {"submissions": [run.submission], "sizes_before": run.before}
    assert verification(run, **arguments).execute(context) == {
        "state": "completed",
        "reason": "",
        "process_ids": [run.process_id],
        "processes_by_status": {"completed": [run.process_id]},
        "platform": {},
        "list_sizes": {str(LIST): 2},
        "remark": "",
        "platform_rejects_uri": "",
        "has_arrived": True,
        "verification": {
            "sampled": 2,
            "found": 2,
            "on_lists": 2,
            "rejected": 0,
            "compared": 2,
            "matching": 2,
            "modified": 2,
            "growth": {str(LIST): {"expected": [2, 2], "seen": 2}},
            "arrived_at_least": 1.0,
            "confidence": 1.0,
        },
        "conn_id": CONN_ID,
    }


def test_the_ids_of_mapped_imports_come_as_a_lazy_sequence(
    run: SimpleNamespace, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = lazy([run.process_id, None], monkeypatch)
    assert verification(run, process_ids=ids).execute(context)["process_ids"] == [run.process_id]
    assert verification(run, process_ids=lazy([], monkeypatch)).execute(context)["state"] == "failed"


def test_a_short_list_is_looked_at_again_for_counters_may_lag(
    run: SimpleNamespace, context: Context, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []
    # The room's own name, not the module: the sandbox lives in this process and keeps real time.
    clock = SimpleNamespace(sleep=paused.append, monotonic=lambda: sum(paused))
    monkeypatch.setattr("email_contacts.imports.verification.verification.time", clock)
    empty = ContactsClient(sandbox.url, sandbox.api_key).create_list("empty", folder_id=1)
    verdict = verification(run, list_ids=[empty], patience=4).execute(context)
    assert (verdict["state"], verdict["has_arrived"]) == ("failed", False)
    assert "none of the 2 contacts that were looked for is on the lists" in verdict["reason"]
    assert paused == [1, 2]
    assert asked(sandbox).count("list") == 1 + 3  # once before the import
    assert asked(sandbox).count("contact") == 2 * 3


def test_what_the_wait_saw_is_not_asked_for_again(
    run: SimpleNamespace, context: Context, sandbox: SandboxServer
) -> None:
    completions = [{"process_id": run.process_id, "status": "completed", "rejects": {}, "told_by": "process"}]
    before = len(sandbox.journal())
    assert verification(run, completions=completions).execute(context)["state"] == "completed"
    assert [entry.route for entry in sandbox.journal()[before:]] == [
        "list", "contact", "attributes", "contact",
    ]  # fmt: skip


def test_no_patience_is_spent_where_looking_again_cannot_help(
    run: SimpleNamespace, context: Context, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(process_route="404")
    before = len(sandbox.journal())
    verdict = verification(run, patience=1000).execute(context)
    assert (verdict["state"], "route" in verdict["reason"]) == ("unknown", True)
    assert len(sandbox.journal()) == before + 2


@pytest.mark.parametrize("uri", ["", None, "None", "file:///nowhere/manifest.json"])
def test_a_verification_without_a_manifest_says_that_nothing_was_submitted(
    uri: Any, context: Context
) -> None:
    operator = VerifyImportOperator(task_id="verify", manifest_uri=uri, process_ids=[], list_ids=[])
    verdict = operator.execute(context)
    assert verdict["state"] == "failed"
    assert verdict["reason"] == (
        "the preparation did not finish, and its log says why; nothing was submitted"
    )


def test_a_manifest_that_was_tampered_with_is_refused(run: SimpleNamespace, context: Context) -> None:
    path = Path(run.manifest_uri.removeprefix("file://"))
    path.write_text(path.read_text().replace('"read": 3', '"read": 2'))
    with pytest.raises(AirflowFailException):
        verification(run).execute(context)


def test_a_platform_in_trouble_makes_no_verdict_and_is_worth_a_retry(
    run: SimpleNamespace, context: Context, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(faults=["list:500"])
    with pytest.raises(Unavailable):
        verification(run).execute(context)


def test_a_good_run_leaves_one_document_in_three_places(run: SimpleNamespace, store: StateStore) -> None:
    verdict = verification(run).execute(make_context(store))
    event = SimpleNamespace(extra=None)
    context = make_context(store, outlet_events={RECEIPTS: event})
    document = receipt(run, verdict=verdict, outlets=[RECEIPTS]).execute(context)
    assert written(run) == document == pushed(context)["receipt"] == event.extra
    assert document["state"] == "completed_with_rejects"
    assert document["rows"] == {"read": 3, "accepted": 2, "rejected": 1, "duplicates": 0, "held_back": 0}
    assert document["lists"] == {str(LIST): {"before": 0, "after": 2}}
    assert document["process_ids"] == [run.process_id]
    assert document["submitted_at"] == run.submission["submitted_at"]
    assert document["requests"] == run.submission["requests"]
    assert document["folder_id"] == 1
    assert Path(document["rejects_uri"].removeprefix("file://")).is_file()
    assert "@example.com" not in json.dumps(document)
    assert len(json.dumps(document)) < 4096


def test_submissions_come_from_one_task_or_from_many(
    run: SimpleNamespace, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = verification(run).execute(context)
    one = receipt(run, verdict=verdict, submissions=run.submission, sizes_before=run.before).execute(context)
    many = receipt(
        run, verdict=verdict, submissions=lazy([run.submission, None, run.submission], monkeypatch)
    ).execute(context)
    assert many["requests"]["made"] == 2 * one["requests"]["made"]
    assert many["receipt_id"] == one["receipt_id"]


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_a_bad_run_fails_and_leaves_its_receipt_all_the_same(
    state: str, run: SimpleNamespace, store: StateStore
) -> None:
    verdict = {
        **verification(run).execute(make_context(store)),
        "state": state,
        "reason": "process 1 says so",
    }
    event = SimpleNamespace(extra=None)
    context = make_context(store, outlet_events={RECEIPTS: event})
    with pytest.raises(AirflowFailException, match=f"the import is {state}: process 1 says so"):
        receipt(run, verdict=verdict, outlets=[RECEIPTS]).execute(context)
    assert written(run)["state"] == state
    assert pushed(context)["receipt"] == written(run)
    assert event.extra is None


def test_an_import_that_nobody_verified_is_unknown(run: SimpleNamespace, context: Context) -> None:
    with pytest.raises(AirflowFailException, match="was not verified"):
        receipt(run, verdict=None).execute(context)
    assert written(run)["process_ids"] == [run.process_id]
    assert written(run)["state"] == "unknown"


def test_a_run_that_submitted_nothing_failed(run: SimpleNamespace, context: Context) -> None:
    with pytest.raises(AirflowFailException, match="nothing was submitted"):
        receipt(run, verdict=None, submissions=None, folder_id=None, sizes_before=None).execute(context)
    assert written(run)["submitted_at"] is None
    assert written(run)["rows"] == {
        "read": 3, "accepted": 0, "rejected": 1, "duplicates": 0, "held_back": 2,
    }  # fmt: skip
    assert written(run)["held_back"] == {"not_submitted": 2}


def test_a_run_without_a_preparation_leaves_a_receipt_in_the_stage_of_its_own(
    context: Context, tmp_path: Path
) -> None:
    operator = WriteReceiptOperator(task_id="receipt", manifest_uri="", verdict={})
    with pytest.raises(AirflowFailException, match="the preparation did not finish"):
        operator.execute(context)
    (path,) = (tmp_path / "stage").rglob("receipt.json")
    document = json.loads(path.read_text())
    assert document == pushed(context)["receipt"]
    assert (document["state"], document["rows"]["read"], document["source"]) == ("failed", 0, "")


def test_an_import_whose_stage_was_deleted_names_its_processes(
    run: SimpleNamespace, store: StateStore
) -> None:
    shutil.rmtree(Path(run.manifest_uri.removeprefix("file://")).parent)
    verdict = verification(run, submissions=[run.submission]).execute(make_context(store))
    assert verdict["state"] == "unknown"
    assert verdict["process_ids"] == [run.process_id]
    assert f"process {run.process_id} is completed" in verdict["reason"]
    assert "is gone" in verdict["reason"]
    context = make_context(store)
    rows = {"read": 3, "accepted": 2, "rejected": 1, "duplicates": 0}
    with pytest.raises(AirflowFailException, match=f"process {run.process_id} is completed"):
        receipt(run, verdict=verdict, rows=rows).execute(context)
    document = pushed(context)["receipt"]
    assert document["process_ids"] == [run.process_id]
    assert document["rows"] == {**rows, "accepted": 0, "held_back": 2}
    assert document["held_back"] == {"outcome_unknown": 2}
    assert written(run) == document


def test_where_the_verification_failed_the_wait_says_what_completed(
    run: SimpleNamespace, context: Context
) -> None:
    completions = [{"process_id": run.process_id, "status": "completed", "rejects": {}, "told_by": "process"}]
    with pytest.raises(AirflowFailException, match="was not verified"):
        receipt(run, verdict=None, completions=completions).execute(context)
    assert (written(run)["state"], written(run)["rows"]["accepted"]) == ("unknown", 2)


def test_a_stage_that_cannot_be_written_to_leaves_the_receipt_in_xcom(
    run: SimpleNamespace, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = verification(run).execute(make_context(store))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    context = make_context(store)
    with pytest.raises(OSError, match="No space left"):
        receipt(run, verdict=verdict).execute(context)
    assert pushed(context)["receipt"]["state"] == "completed_with_rejects"
    with pytest.raises(FileNotFoundError):
        written(run)
