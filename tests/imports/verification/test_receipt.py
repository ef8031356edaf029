"""The receipt: every row accounted for, in one small document."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.staging.manifest import Batch, Manifest, Rows
from email_contacts.imports.errors import ImportNotAccountedFor
from email_contacts.imports.verification.receipt import Receipt
from email_contacts.imports.verification.row_account import RowAccount
from email_contacts.imports.verification.submitted_batches import SubmittedBatches
from email_contacts.imports.verification.verdict import (
    COMPLETED,
    COMPLETED_WITH_REJECTS,
    FAILED,
    UNKNOWN,
    Verdict,
)

DESIGNED = {
    "receipt_id", "dag_id", "run_id", "source", "fingerprint", "folder_id", "list_ids", "process_ids",
    "state", "rows", "platform", "lists", "rejects_uri", "started_at", "submitted_at", "finished_at",
    "requests", "repeats", "recovered",
}  # fmt: skip
counts = st.integers(0, 10**9)
BATCH = "file:///stage/batch-00001.json"


def manifest(*, accepted: int = 970, rejected: int = 20, duplicates: int = 10) -> Manifest:
    return Manifest(
        source="s3://a-bucket/with/a/rather/long/path/of/contacts.csv",
        rows=Rows(accepted + rejected + duplicates, accepted, rejected, duplicates),
        batches=(Batch(uri=BATCH, bytes=9, contacts=accepted, fingerprint="f" * 64),),
        rejects_uri="s3://a-bucket/stage/a_dag/manual__2026-11-22T10-00-00/prepare/rejects.csv",
        duplicates_uri="s3://a-bucket/stage/a_dag/manual__2026-11-22T10-00-00/prepare/duplicates.csv",
    )


def verdict(state: str = COMPLETED, reason: str = "", **other: Any) -> Verdict:
    given = {
        "process_ids": (78,),
        "platform": {},
        "list_sizes": {7: 970},
        "statuses": {78: "completed"},
        **other,
    }
    return Verdict(state=state, reason=reason, **given)


def receipt(prepared: Manifest | None = None, judged: Verdict | None = None, **other: Any) -> Receipt:
    given: dict[str, Any] = {
        "dag_id": "a_dag",
        "run_id": "manual__2026-11-22T10:00:00+00:00",
        "folder_id": 1,
        "sizes_before": {7: 0},
        "started_at": "2026-11-22T10:00:00.000+00:00",
        "finished_at": "2026-11-22T10:01:00.000+00:00",
        **other,
    }
    submissions = tuple(given.pop("submissions", [submission()]))
    prepared = prepared or manifest()
    return Receipt.of(prepared, judged or verdict(), SubmittedBatches(prepared.batches, submissions), **given)


def submission(process_id: int | None = 78, **other: Any) -> dict[str, Any]:
    given = {
        "process_id": process_id,
        "submitted_at": "2026-11-22T10:00:05.000+00:00",
        "requests": {"made": 12, "retried": 0},
        "decision": "accepted",
        "repeats": 0,
        "batch_uri": BATCH,
    }
    return given | other


def test_it_holds_what_the_design_says() -> None:
    document = receipt().to_json()
    assert set(document) >= DESIGNED
    assert document["rows"] == {
        "read": 1000, "accepted": 970, "rejected": 20, "duplicates": 10, "held_back": 0,
    }  # fmt: skip
    assert document["lists"] == {"7": {"before": 0, "after": 970}}
    assert document["list_ids"] == [7]
    assert json.loads(json.dumps(document)) == document


@given(counts, counts, counts)
def test_every_row_of_a_preparation_is_accounted_for(accepted: int, rejected: int, duplicates: int) -> None:
    made = receipt(manifest(accepted=accepted, rejected=rejected, duplicates=duplicates))
    assert made.rows.unaccounted == 0
    made.raise_for_unaccounted()


@given(st.integers(-5, 5).filter(bool))
def test_a_row_that_is_nowhere_fails_the_run(missing: int) -> None:
    rows = RowAccount(100 + missing, accepted=90, rejected=5, duplicates=3, held_back={"not_submitted": 2})
    assert rows.unaccounted == missing
    with pytest.raises(ImportNotAccountedFor, match=f"{missing} rows are unaccounted for"):
        replace(receipt(), rows=rows).raise_for_unaccounted()


@pytest.mark.parametrize(
    ("judged", "rejected", "state"),
    [
        (COMPLETED, 0, COMPLETED),
        (COMPLETED, 20, COMPLETED_WITH_REJECTS),
        (COMPLETED_WITH_REJECTS, 0, COMPLETED_WITH_REJECTS),
        (FAILED, 20, FAILED),
        (UNKNOWN, 20, UNKNOWN),
    ],
)
def test_rejects_of_either_side_show_in_the_state(judged: str, rejected: int, state: str) -> None:
    assert receipt(manifest(rejected=rejected), verdict(judged)).state == state


@pytest.mark.parametrize("state", [FAILED, UNKNOWN])
def test_a_run_that_did_not_complete_fails_with_its_reason(state: str) -> None:
    with pytest.raises(ImportNotAccountedFor, match=f"{state}: process 78 says so"):
        receipt(judged=verdict(state, "process 78 says so")).raise_for_unaccounted()


def test_it_has_the_same_id_however_often_it_is_written() -> None:
    later = receipt(finished_at="2026-11-22T11:00:00.000+00:00", judged=verdict(UNKNOWN, "later"))
    assert later.receipt_id == receipt().receipt_id
    assert receipt(run_id="another").receipt_id != receipt().receipt_id
    assert receipt(manifest(accepted=971)).receipt_id != receipt().receipt_id


def test_it_stays_small_with_ten_thousand_imports() -> None:
    ids = tuple(range(2_000_000_000, 2_000_010_000))
    made = receipt(
        judged=verdict(
            UNKNOWN,
            "x" * 10_000,
            process_ids=ids,
            platform={"invalid_emails": 10**6, "duplicate_phone_id": 10**6, "duplicate_ext_id": 10**6},
            list_sizes=dict.fromkeys(range(10), 10**7),
        ),
        sizes_before=dict.fromkeys(range(10), 10**7),
    )
    document = made.to_json()
    assert len(json.dumps(document)) < 4096
    assert len(document["process_ids"]) + document["process_ids_left_out"] == 10_000
    assert document["process_ids"] == list(ids[: len(document["process_ids"])])


def test_nothing_is_said_of_what_was_not_left_out() -> None:
    assert "process_ids_left_out" not in receipt().to_json()


def test_a_list_whose_size_nobody_took_before_says_so() -> None:
    assert receipt(sizes_before={}).to_json()["lists"] == {"7": {"before": None, "after": 970}}


def test_it_says_what_was_sent_again_and_what_was_found_again() -> None:
    document = receipt(
        submissions=[
            submission(78, submitted_at="2026-11-22T10:00:09.000+00:00"),
            submission(79, repeats=2, requests={"made": 30, "retried": 4}),
            submission(80, decision="adopted: its callback came at 10:00"),
        ]
    ).to_json()
    assert document["submitted_at"] == "2026-11-22T10:00:05.000+00:00"
    assert document["requests"] == {"made": 54, "retried": 4}
    assert document["repeats"] == 2
    assert document["recovered"] == ["process 80 adopted: its callback came at 10:00"]


def test_a_submission_of_the_first_version_is_taken_as_accepted() -> None:
    old = submission()
    del old["decision"], old["repeats"], old["batch_uri"]
    document = receipt(submissions=[old]).to_json()
    assert (document["repeats"], document["recovered"]) == (0, [])
    assert document["rows"]["accepted"] == 970


def test_it_stays_small_whatever_had_to_be_found_again() -> None:
    many = [submission(number, decision=f"adopted: {'x' * 900}") for number in range(300)]
    document = receipt(
        judged=verdict(reason="y" * 900, process_ids=tuple(range(10**9, 10**9 + 300))), submissions=many
    ).to_json()
    assert document["recovered"][-1] == "and 296 more"
    assert len(json.dumps(document)) < 4096
