"""What people are told about an import: short, whole, and without personal data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from email_contacts.imports.errors import ImportNotAccountedFor
from email_contacts.imports.verification.import_report import ImportReport
from email_contacts.imports.verification.receipt import Receipt
from email_contacts.imports.verification.verdict import COMPLETED, FAILED, UNKNOWN
from tests.imports.verification.test_receipt import receipt, verdict


def test_a_complete_import_has_nothing_left_to_do() -> None:
    report = ImportReport(replace(receipt(), state=COMPLETED))
    assert report.headline == "a_dag: import into list 7 completed: 970 of 1,000 rows accepted"
    clean = replace(report.receipt, rows=replace(report.receipt.rows, rejected=0))
    assert ImportReport(clean).next_step == "Nothing to do."


def test_rejected_rows_are_named_with_the_place_of_their_list() -> None:
    whole = receipt(judged=verdict(platform={"invalid_emails": 3, "duplicate_ext_id": 9}))
    lines = ImportReport(whole).lines
    assert f"Rejected rows: {whole.rejects_uri}" in lines
    # The most frequent first.
    platform = [line for line in lines if line.startswith("Rejected by the platform")]
    assert platform == [
        "Rejected by the platform: 9 (duplicate_ext_id)",
        "Rejected by the platform: 3 (invalid_emails)",
    ]
    assert lines[-1] == "Next step: Correct the rejected rows in the source and import them again."


def test_the_rows_add_up_where_a_snapshot_left_some_out() -> None:
    whole = receipt()
    rows = replace(whole.rows, accepted=0, unchanged=whole.rows.accepted)
    assert (
        "Rows: 1,000 read, 0 accepted, 20 rejected, 10 duplicates, 0 held back, 970 unchanged"
        in ImportReport(replace(whole, rows=rows)).lines
    )


@pytest.mark.parametrize(
    ("state", "held_back", "advice"),
    [
        (FAILED, {"not_submitted": 5}, "Clear the failed task"),
        (FAILED, {"import_failed": 5}, "why it ended the import"),
        (UNKNOWN, {"outcome_unknown": 5}, "whether these imports ran"),
        (FAILED, {"not_arrived": 5}, "the list is the right one"),
        (UNKNOWN, {}, "See the log of the task that failed first"),
    ],
)
def test_the_next_step_depends_on_why_rows_are_held_back(
    state: str, held_back: dict[str, int], advice: str
) -> None:
    whole = receipt()
    report = ImportReport(replace(whole, state=state, rows=replace(whole.rows, held_back=held_back)))
    assert advice in report.next_step
    for reason, count in held_back.items():
        assert f"Held back: {count} ({reason})" in report.lines


@pytest.mark.parametrize(("state", "held_back"), [(FAILED, {"not_submitted": 5}), (UNKNOWN, {})])
def test_where_a_list_is_gone_the_task_that_finds_it_is_to_be_cleared(
    state: str, held_back: dict[str, int]
) -> None:
    judged = replace(verdict(), state=state, lists_gone=(9,))
    whole = Receipt.from_json(receipt(judged=judged).to_json())
    report = ImportReport(replace(whole, rows=replace(whole.rows, held_back=held_back)))
    assert report.next_step.startswith("Clear the task that finds or creates list 9, and the tasks after it")


def test_a_failed_run_says_how_many_why_where_and_what_to_do() -> None:
    whole = receipt(judged=verdict(FAILED, "process 78 failed"))
    held_back = {"import_failed": 970}
    failed = replace(
        whole,
        rows=replace(whole.rows, accepted=0, held_back=held_back),
        reject_reasons={"email": 15, "date": 5},
    )
    with pytest.raises(ImportNotAccountedFor) as error:
        failed.raise_for_unaccounted(ImportReport(failed).account)
    assert str(error.value) == (
        "the import is failed: process 78 failed. 0 of 1,000 rows accepted, 20 rejected, 970 held back. "
        "Reasons: 970 import_failed, 15 email, 5 date. "
        f"Rejected rows are listed in {failed.rejects_uri}. "
        "Next step: See on the platform why it ended the import, then clear the import task."
    )
