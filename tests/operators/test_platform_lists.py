"""Whom the platform rejected: listed with the rows of the source, beside the receipt that names the list."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sandbox import SandboxServer
from tests.operators.conftest import LIST
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

# Two people with one phone number: every row is valid by itself, and the platform takes one of them.
SOURCE = (
    "email,sms\nnobody,\na@example.com,+15005550001\nb@example.com,+15005550002\nc@example.com,+15005550001\n"
)
ROW = 4


class Run:
    """An import that is over, up to its verification."""

    def __init__(self, store: StateStore, tmp_path: Path) -> None:
        source = tmp_path / "contacts.csv"
        source.write_text(SOURCE)
        prepared, imported = make_context(store), make_context(store)
        (batch,) = PrepareContactsOperator(task_id="prepare", source=str(source)).execute(prepared)
        self.stage = Path(batch.removeprefix("file://")).parent
        self.manifest_uri = pushed(prepared)["manifest_uri"]
        self.process_id = ImportContactsOperator(
            task_id="import", batch_uri=batch, list_ids=[LIST], deferrable=False, poll_interval=0.02
        ).execute(imported)
        self.submissions = [pushed(imported)["submission"]]

    def verify(self, context: Context, **arguments: Any) -> dict[str, Any]:
        given: dict[str, Any] = {
            "process_ids": [self.process_id],
            "submissions": self.submissions,
            "patience": 0,
        }
        operator = VerifyImportOperator(
            task_id="verify", manifest_uri=self.manifest_uri, list_ids=[LIST], **given | arguments
        )
        return operator.execute(context)

    def write_receipt(self, context: Context, verdict: dict[str, Any]) -> dict[str, Any]:
        operator = WriteReceiptOperator(
            task_id="receipt",
            manifest_uri=self.manifest_uri,
            verdict=verdict,
            submissions=self.submissions,
        )
        return operator.execute(context)

    def listed(self) -> list[dict[str, str]]:
        with (self.stage / "platform_rejects.csv").open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def run(store: StateStore, tmp_path: Path) -> Run:
    return Run(store, tmp_path)


@pytest.mark.parametrize("knows", ["by its submission", "as there is only one"])
def test_a_reject_of_the_platform_is_a_row_of_the_source(knows: str, run: Run, store: StateStore) -> None:
    arguments = {} if knows == "by its submission" else {"submissions": ()}
    verdict = run.verify(make_context(store), **arguments)
    assert verdict["platform"] == {"duplicate_phone_id": 1}
    assert verdict["platform_rejects_uri"] == (run.stage / "platform_rejects.csv").as_uri()
    assert verdict["remark"] == ""
    (line,) = run.listed()
    assert (line["row"], line["field"], line["rule"]) == (str(ROW), "SMS", "duplicate_phone_id")
    assert not set(line["value"]) & set("0123456789")
    document = run.write_receipt(make_context(store), verdict)
    assert document["platform_rejects_uri"] == verdict["platform_rejects_uri"]
    assert len(json.dumps(document)) < 4096


def test_counts_alone_are_remarked(run: Run, store: StateStore, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(info_import="int")
    verdict = run.verify(make_context(store))
    assert verdict["remark"] == "1 of the contacts that the platform rejected could not be listed"
    assert verdict["platform_rejects_uri"] == ""
    document = run.write_receipt(make_context(store), verdict)
    assert "platform_rejects_uri" not in document
    assert document["remark"] == verdict["remark"]


def test_a_later_verification_leaves_the_list_that_it_could_not_make(run: Run, store: StateStore) -> None:
    """The batches go with the receipt, and with them the way to the rows."""
    verdict = run.verify(make_context(store))
    run.write_receipt(make_context(store), verdict)
    assert not list(run.stage.glob("batch-*"))
    later = run.verify(make_context(store))
    assert {**later, "remark": "", "verification": {}} == {**verdict, "verification": {}}
    assert "no contact was looked for, as the batches are no longer in the stage" in later["remark"]
    assert [line["row"] for line in run.listed()] == [str(ROW)]


def test_nothing_personal_is_said(run: Run, store: StateStore, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    context = make_context(store)
    said = json.dumps([run.verify(context), pushed(context)]) + capfd.readouterr().out
    said += (run.stage / "platform_rejects.csv").read_text()
    assert "15005550001" not in said
    assert "@example.com" not in said
