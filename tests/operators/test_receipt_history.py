"""What the task of the receipt leaves for the page of imports."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from email_contacts.imports.history import EntryKey
from email_contacts.operators.receipts import RECEIPTS, WriteReceiptOperator
from tests.operators.test_receipts import receipt, run, verification
from tests.task_context import StateStore, make_context

__all__ = ["run"]


def test_every_receipt_is_in_the_history_also_that_of_a_failed_import(
    run: SimpleNamespace, store: StateStore
) -> None:
    verdict = verification(run).execute(make_context(store))
    entries = StateStore()
    document = receipt(run, verdict=verdict).execute(make_context(store, asset_store=entries))
    assert list(entries.values()) == [{"conn_id": "email_contacts_default", "receipt": document}]
    assert document["list_names"] == {"2": run.before["name"]}
    assert document["reject_reasons"] == {"email": 1}
    failed = {**verdict, "state": "failed", "reason": "process 1 says so"}
    with pytest.raises(AirflowFailException):
        receipt(run, verdict=failed).execute(make_context(store, asset_store=entries))
    (entry,) = entries.values()
    assert entry["receipt"]["state"] == "failed"


def test_the_asset_is_an_outlet_once_whatever_others_there_are() -> None:
    other = Asset(name="others", uri="x-others://all")
    for given, outlets in (([], [RECEIPTS]), ([other], [other, RECEIPTS]), ([RECEIPTS], [RECEIPTS])):
        operator = WriteReceiptOperator(task_id="receipt", manifest_uri="", verdict={}, outlets=given)
        assert list(operator.outlets) == outlets


def test_an_import_does_not_fail_for_want_of_an_entry(
    run: SimpleNamespace, store: StateStore, capsys: pytest.CaptureFixture[str]
) -> None:
    class Unregistered(StateStore):
        def set(self, key: str, value: Any) -> None:
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.ASSET_STORE_NOT_FOUND))

    verdict = verification(run).execute(make_context(store))
    context = make_context(store, asset_store=Unregistered())
    assert receipt(run, verdict=verdict).execute(context)["state"] == "completed_with_rejects"
    assert "the receipt is not in the history of imports" in capsys.readouterr().out


def test_the_task_links_to_the_page_of_its_import(
    run: SimpleNamespace, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = verification(run).execute(make_context(store))
    task = receipt(run, verdict=verdict)
    link, _ = task.operator_extra_links
    assert link.get_link(task, ti_key=cast("Any", None)) == ""
    for base, below in (
        ("https://airflow.example.com", ""),
        ("https://example.com/airflow/", "/airflow"),
    ):
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", base)
        document = task.execute(make_context(store))
        address = link.get_link(task, ti_key=cast("Any", None))
        key = EntryKey.of(document)
        page = f"{base.rstrip('/')}/plugin/contact-imports{below}/email-contacts/imports"
        assert address == f"{page}/{key.ended_at}/{key.receipt_id}"
