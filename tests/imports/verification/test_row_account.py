"""Every row is accounted for, whatever became of the batches: ``read`` is the sum of all the others."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.staging.manifest import Batch, Manifest, Rows
from email_contacts.imports.verification.receipt import Receipt
from email_contacts.imports.verification.row_account import RowAccount
from email_contacts.imports.verification.submitted_batches import SubmittedBatches
from email_contacts.imports.verification.verdict import FAILED, Verdict

# What may become of a batch, and where its rows belong; None: it was never submitted.
FATES = {
    None: "not_submitted",
    "completed": "accepted",
    "failed": "import_failed",
    "cancelled": "import_failed",
    "in_process": "outcome_unknown",
    "marinating": "outcome_unknown",
    "not seen": "outcome_unknown",
    "lost": "outcome_unknown",
}
fates = st.lists(st.tuples(st.sampled_from(list(FATES)), st.integers(1, 50_000)), max_size=40)


def run(made: list[tuple[str | None, int]]) -> tuple[Rows, SubmittedBatches, Verdict]:
    """A run whose batches came to this: a status, ``lost`` for a lost answer, None for not submitted."""
    batches: list[Batch] = []
    submissions: list[dict[str, Any]] = []
    statuses: dict[int, str] = {}
    for number, (fate, contacts) in enumerate(made, 1):
        batches.append(Batch(f"file:///stage/batch-{number:05d}.json", 9, contacts, f"{number:064d}"))
        if fate is None:
            continue
        is_lost = fate == "lost"
        submissions.append(
            {
                "batch_uri": batches[-1].uri,
                "process_id": None if is_lost else number,
                "submitted_at": None if is_lost else "2026-11-22T10:00:05.000+00:00",
            }
        )
        if not is_lost and fate != "not seen":
            statuses[number] = fate
    accepted = sum(contacts for _, contacts in made)
    ids = tuple(int(one["process_id"]) for one in submissions if one["process_id"])
    verdict = Verdict(FAILED, "so", ids, statuses=statuses)
    rows = Rows(accepted + 7 + 3, accepted, 7, 3)
    return rows, SubmittedBatches(tuple(batches), tuple(submissions)), verdict


def receipt(rows: Rows, batches: SubmittedBatches, verdict: Verdict) -> Receipt:
    manifest = Manifest("a.csv", rows, batches.batches, "file:///stage/rejects.csv", "file:///stage/d.csv")
    return Receipt.of(
        manifest,
        verdict,
        batches,
        dag_id="a_dag",
        run_id="a_run",
        folder_id=None,
        sizes_before={},
        started_at="2026-11-22T10:00:00.000+00:00",
        finished_at="2026-11-22T10:01:00.000+00:00",
    )


@given(fates)
def test_every_row_is_where_its_batch_is(made: list[tuple[str | None, int]]) -> None:
    rows, batches, verdict = run(made)
    document = receipt(rows, batches, verdict).to_json()
    expected: dict[str, int] = {}
    for fate, contacts in made:
        expected[FATES[fate]] = expected.get(FATES[fate], 0) + contacts
    assert document["rows"]["accepted"] == expected.pop("accepted", 0)
    assert document.get("held_back", {}) == expected
    counted = dict(document["rows"])
    assert counted.pop("read") == sum(counted.values())


@given(fates, st.booleans())
def test_the_sum_holds_where_it_is_not_known_which_batch_a_process_carried(
    made: list[tuple[str | None, int]], has_submissions: bool
) -> None:
    rows, placed, verdict = run(made)
    nowhere: tuple[dict[str, Any], ...] = tuple(
        {name: value for name, value in one.items() if name != "batch_uri"} for one in placed.submissions
    )
    batches = SubmittedBatches(placed.batches, nowhere if has_submissions else (), verdict.process_ids)
    account = receipt(rows, batches, verdict).rows
    assert account.unaccounted == 0
    # The fewest rows are claimed that so many batches can have.
    completed = sum(fate == "completed" for fate, _ in made)
    assert account.accepted == sum(sorted(contacts for _, contacts in made)[:completed])


def test_rows_of_a_deleted_stage_are_of_unknown_outcome() -> None:
    assert RowAccount.of(Rows(10, 7, 2, 1), ()).to_json() == {
        "read": 10, "accepted": 0, "rejected": 2, "duplicates": 1, "held_back": 7,
    }  # fmt: skip
    assert RowAccount.of(None, ()).unaccounted == 0


def test_a_batch_that_was_imported_twice_counts_once() -> None:
    rows, batches, verdict = run([("failed", 5), ("completed", 9)])
    again = {**batches.submissions[0], "process_id": 9, "other_process_ids": [8]}
    both = SubmittedBatches(batches.batches, (*batches.submissions, again))
    statuses = {**verdict.statuses, 8: "completed", 9: "failed"}
    account = RowAccount.of(rows, both.outcomes(statuses))
    assert (account.accepted, account.unaccounted) == (14, 0)
    assert both.all_process_ids == (1, 2, 9, 8)
    assert both.extra_processes(both.all_process_ids) == 2


def test_a_receipt_of_this_version_and_of_the_first_are_read() -> None:
    made = receipt(*run([("completed", 5), (None, 9)]))
    assert Receipt.from_json(json.loads(json.dumps(made.to_json()))) == made
    first = {
        "receipt_id": "0123456789abcdef", "dag_id": "a_dag", "run_id": "a_run", "source": "a.csv",
        "fingerprint": "f", "folder_id": 1, "list_ids": [7], "process_ids": [78], "state": "completed",
        "reason": "", "rows": {"read": 9, "accepted": 6, "rejected": 2, "duplicates": 1, "held_back": 0},
        "platform": {}, "lists": {"7": {"before": 0, "after": 6}}, "rejects_uri": "file:///r.csv",
        "started_at": "a", "submitted_at": "b", "finished_at": "c", "requests": {"made": 1, "retried": 0},
        "repeats": 0, "remark": "", "recovered": [], "receipt_uri": "file:///receipt.json",
    }  # fmt: skip
    read = Receipt.from_json(first)
    assert (read.schema_version, read.rows.accepted, read.rows.unaccounted) == (1, 6, 0)
    assert read.list_ids == (7,)
