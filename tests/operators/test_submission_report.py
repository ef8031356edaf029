"""A request whose outcome is unknown is told of, so that no receipt says that it was never sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout

from email_contacts.api import OutcomeUnknown
from email_contacts.imports import failpoints
from email_contacts.imports.errors import IntentSuperseded
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sandbox import SandboxServer
from email_contacts.sensor import ImportCompletedSensor
from tests.operators.conftest import LIST
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context


@pytest.fixture
def prepared(store: StateStore, tmp_path: Path) -> dict[str, Any]:
    """Two rows in one batch: what the preparation pushed, with the batch."""
    source = tmp_path / "contacts.csv"
    source.write_text("email\na@example.com\nb@example.com\n")
    context = make_context(store)
    (batch,) = PrepareContactsOperator(task_id="prepare", source=str(source)).execute(context)
    return {**pushed(context), "batch": batch}


def an_import(prepared: dict[str, Any], **arguments: Any) -> ImportContactsOperator:
    given = {"reconciliation_timeout": 0.0, "wait_for_completion": False, "batch_uri": prepared["batch"]}
    return ImportContactsOperator(task_id="import", list_ids=[LIST], **{**given, **arguments})


def receipt_of(prepared: dict[str, Any], submission: Any, context: Context) -> dict[str, Any]:
    with pytest.raises(AirflowFailException):
        WriteReceiptOperator(
            task_id="receipt",
            manifest_uri=prepared["manifest_uri"],
            verdict=None,  # type: ignore[arg-type]
            submissions=[submission] if submission else (),
        ).execute(context)
    document: dict[str, Any] = pushed(context)["receipt"]
    return document


def test_what_may_have_been_sent_is_not_called_not_submitted(
    prepared: dict[str, Any], store: StateStore, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(faults=["import:524_after_accepting:0"], process_route="404")
    context = make_context(store)
    with pytest.raises(AirflowFailException, match=r"the answer to the import .* was lost"):
        an_import(prepared, update_existing_contacts=False).execute(context)
    said = pushed(context)["submission"]
    assert (said["process_id"], said["submitted_at"]) == (None, None)
    receipt = receipt_of(prepared, said, make_context(store))
    assert receipt["state"] == "unknown"
    assert receipt["held_back"] == {"outcome_unknown": 2}
    assert receipt["submitted_at"] is None


def test_a_later_try_tells_of_the_intent_that_it_finds_before_it_does_anything(
    prepared: dict[str, Any], store: StateStore, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(faults=["import:524:0"])
    with pytest.raises(OutcomeUnknown):
        an_import(prepared).execute(make_context(store))
    sandbox.set_knobs(faults=["processes:500:0"])
    context = make_context(store)
    with pytest.raises(Exception, match="500"):
        an_import(prepared).execute(context)
    assert pushed(context)["submission"]["submitted_at"] is None


def test_what_provably_did_not_run_is_not_told_of(
    prepared: dict[str, Any], store: StateStore, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(faults=["import:400:0"])
    context = make_context(store)
    with pytest.raises(AirflowFailException):
        an_import(prepared).execute(context)
    assert pushed(context).get("submission") is None
    receipt = receipt_of(prepared, None, make_context(store))
    assert (receipt["state"], receipt["held_back"]) == ("failed", {"not_submitted": 2})


def test_a_task_that_is_cleared_after_its_batch_was_removed_tells_of_its_import(
    prepared: dict[str, Any], store: StateStore, sandbox: SandboxServer
) -> None:
    first = make_context(store)
    an_import(prepared).execute(first)
    Path(prepared["batch"].removeprefix("file://")).unlink()
    cleared = make_context(store)
    with pytest.raises(AirflowFailException, match="run the preparation again"):
        an_import(prepared).execute(cleared)
    assert pushed(cleared)["submission"] == pushed(first)["submission"]
    assert sandbox.imports_accepted() == 1


def test_what_another_batch_came_to_is_not_told_of(
    prepared: dict[str, Any], store: StateStore, sandbox: SandboxServer
) -> None:
    """A mapped task may be given another batch under the same index."""
    an_import(prepared).execute(make_context(store))
    other = make_context(store)
    with pytest.raises(AirflowFailException, match="run the preparation again"):
        an_import({**prepared, "batch": prepared["batch"].replace("00001", "00002")}).execute(other)
    assert "submission" not in pushed(other)


@pytest.mark.parametrize("moment", [failpoints.AFTER_ANSWER, failpoints.AFTER_LEDGER])
def test_a_first_try_that_is_killed_has_told_of_its_request(
    moment: str, prepared: dict[str, Any], store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it runs any more then, and there may be no other try."""

    def die(reached: str) -> None:
        if reached == moment:
            raise AirflowTaskTimeout

    monkeypatch.setattr(failpoints, "_listeners", [die])
    context = make_context(store)
    with pytest.raises(AirflowTaskTimeout):
        an_import(prepared).execute(context)
    said = pushed(context)["submission"]
    assert (said["process_id"], said["submitted_at"], said["batch_uri"]) == (None, None, prepared["batch"])
    receipt = receipt_of(prepared, said, make_context(store))
    assert (receipt["state"], receipt["held_back"]) == ("unknown", {"outcome_unknown": 2})


@pytest.mark.parametrize("is_staged", [True, False], ids=["staged", "rows of the task"])
@pytest.mark.parametrize("error", [IntentSuperseded, ConnectionError])
def test_a_try_that_was_superseded_leaves_what_its_successor_told(
    error: type[Exception],
    is_staged: bool,
    prepared: dict[str, Any],
    store: StateStore,
    sandbox: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Airflow moved it to the history meanwhile: it reads no state any more, may write none, but may push."""
    rows = {"batch_uri": None, "json_body": [{"email": "a@example.com"}]}
    importing = an_import(prepared, **({} if is_staged else rows))
    sandbox.set_knobs(faults=["import:524:0"])
    with pytest.raises(OutcomeUnknown):
        importing.execute(make_context(store))
    context = make_context(store)

    def refuse(*_: Any) -> None:
        raise PermissionError

    def come_back_late(*_: Any, **__: Any) -> None:
        context["ti"].xcom_push("submission", {"process_id": 7})
        monkeypatch.setattr(Ledger, "record", lambda _: None)
        monkeypatch.setattr(StateStore, "set", refuse)
        monkeypatch.setattr(StateStore, "delete", refuse)
        raise error

    monkeypatch.setattr("email_contacts.operators.imports.submit_in_turn", come_back_late)
    with pytest.raises((IntentSuperseded, PermissionError)):
        importing.execute(context)
    assert pushed(context)["submission"] == {"process_id": 7}


def test_an_import_whose_task_was_marked_as_success_stays_unknown(
    prepared: dict[str, Any], store: StateStore, sandbox: SandboxServer
) -> None:
    """Which process it was nobody has said, so nothing after it calls it complete."""
    sandbox.set_knobs(faults=["import:524_after_accepting:0"], process_route="404")
    context = make_context(store)
    with pytest.raises(AirflowFailException, match=r"mark the task as success \(.* stays unknown\)"):
        an_import(prepared, update_existing_contacts=False).execute(context)
    told = [pushed(context)["submission"]]
    with pytest.raises(AirflowFailException, match="answer to the submission was lost"):
        ImportCompletedSensor(task_id="wait", submissions=told).execute(make_context(StateStore()))
    verdict = VerifyImportOperator(
        task_id="verify",
        manifest_uri=prepared["manifest_uri"],
        process_ids=(),
        list_ids=[LIST],
        submissions=told,
    ).execute(make_context(StateStore()))
    assert (verdict["state"], "this receipt stays unknown" in verdict["reason"]) == ("unknown", True)
    assert sandbox.imports_accepted() == 1
