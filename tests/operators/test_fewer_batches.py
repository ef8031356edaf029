"""A run whose preparation is cleared with what follows, and makes fewer batches than before.

Airflow keeps the XComs of the mapped imports that it removes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient
from email_contacts.contacts import preparation
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import GetListOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sandbox import SandboxServer
from email_contacts.sensor import ImportCompletedSensor
from tests.imports.conftest import until_ended
from tests.operators.conftest import LIST
from tests.task_context import StateStore, make_context, pushed


def fresh() -> Any:
    return make_context(StateStore())


@pytest.fixture
def imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: ContactsClient) -> Any:
    """Prepare and submit so many rows, and give the manifest, and each import's submission by index."""
    whole = preparation.prepare

    def small(source: Any, stage: Any, options: Any, **more: Any) -> Any:
        return whole(source, stage, replace(options, max_batch_bytes=60_000), **more)

    monkeypatch.setattr(preparation, "prepare", small)

    def submitted(rows: int) -> tuple[str, dict[int, dict[str, Any]]]:
        source, context = tmp_path / "contacts.csv", fresh()
        source.write_text("EMAIL\n" + "".join(f"person{one}@example.com\n" for one in range(rows)))
        batches = PrepareContactsOperator(task_id="prepare", source=str(source)).execute(context)
        submissions = {}
        for index, uri in enumerate(batches):
            of_import = fresh()
            process_id = ImportContactsOperator(
                task_id="import", batch_uri=uri, list_ids=[LIST], wait_for_completion=False
            ).execute(of_import)
            assert process_id is not None
            until_ended(platform, process_id)
            submissions[index] = pushed(of_import)["submission"]
        return pushed(context)["manifest_uri"], submissions

    return submitted


def wait(submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return ImportCompletedSensor(
        task_id="wait",
        process_ids=[one["process_id"] for one in submissions],
        submissions=submissions,
        deferrable=False,
        poke_interval=0.02,
    ).execute(fresh())


@pytest.mark.parametrize("status", ["failed", "completed"])
def test_the_imports_of_batches_that_are_no_more_do_not_count(
    status: str, imports: Any, sandbox: SandboxServer
) -> None:
    """Nothing could mend one that failed: its task is not there any more."""
    sandbox.set_knobs(final_status=status)
    _, before = imports(3000)
    assert len(before) > 1
    if status == "failed":
        with pytest.raises(AirflowFailException, match="did not complete"):
            wait(list(before.values()))
    sandbox.set_knobs(final_status="completed")
    size = GetListOperator(task_id="before", list_id=LIST).execute(fresh())
    manifest_uri, after = imports(500)
    assert len(after) == 1
    submissions = list({**before, **after}.values())
    completions = wait(submissions)
    assert [one["process_id"] for one in completions] == [after[0]["process_id"]]
    verdict = VerifyImportOperator(
        task_id="verify",
        manifest_uri=manifest_uri,
        process_ids=[one["process_id"] for one in submissions],
        list_ids=[LIST],
        completions=completions,
        submissions=submissions,
        sizes_before=[size],
        patience=0,
    ).execute(fresh())
    receipt = WriteReceiptOperator(
        task_id="receipt",
        manifest_uri=manifest_uri,
        verdict=verdict,
        submissions=submissions,
        completions=completions,
        sizes_before=[size],
    ).execute(fresh())
    assert (receipt["state"], receipt["rows"]["accepted"], receipt["remark"]) == ("completed", 500, "")
    assert receipt["process_ids"] == [after[0]["process_id"]]
