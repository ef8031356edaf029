"""Judging an import never claims more than was seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import Process
from email_contacts.imports.verification.evidence import Evidence, Growth, SampleSeen
from email_contacts.imports.verification.judging import judge_arrival, judge_processes
from email_contacts.imports.verification.verdict import COMPLETED, COMPLETED_WITH_REJECTS, FAILED, UNKNOWN
from email_contacts.imports.waiting.process_status import ProcessStatuses

statuses = st.sampled_from(["queued", "in_process", "completed", "failed", "cancelled", "marinating"])


def seen(*words: str) -> ProcessStatuses:
    return ProcessStatuses(
        tuple(Process(id=one, name="IMPORTUSER", status=word) for one, word in enumerate(words, 1))
    )


def sample(sampled: int = 40, *, of: int = 1000, on_lists: int | None = None, **other: int) -> SampleSeen:
    there = sampled if on_lists is None else on_lists
    given = {"found": there, "compared": there, "matching": there, "modified": there, **other}
    return SampleSeen(contacts=of, sampled=sampled, on_lists=there, **given)  # type: ignore[arg-type]


@given(st.lists(statuses, max_size=6), st.integers(0, 6), st.integers(0, 3))
def test_the_processes_are_good_only_when_all_were_submitted_and_completed(
    words: list[str], batches: int, not_submitted: int
) -> None:
    judged = judge_processes(seen(*words), batches=batches, not_submitted=min(not_submitted, batches))
    is_whole = (
        bool(words or batches)
        and set(words) <= {"completed"}
        and len(words) >= batches
        and not min(not_submitted, batches)
    )
    assert (judged is None) is is_whole
    if judged is not None:
        assert judged.reason
        assert judged.state in (FAILED, UNKNOWN)
    if {"failed", "cancelled"} & set(words):
        assert judged is not None
        assert judged.state == FAILED


@pytest.mark.parametrize(
    ("statuses", "batches", "missing", "state", "reason"),
    [
        (seen("completed"), 2, 1, FAILED, "only 1 of 2 batches were submitted"),
        (seen("completed", "completed"), 2, 1, FAILED, "only 1 of 2 batches were submitted"),
        (seen(), 1, 1, FAILED, "only 0 of 1 batches were submitted"),
        (seen(), 0, 0, FAILED, "no batch was prepared"),
        (seen("completed", "failed"), 2, 0, FAILED, "process 2 is failed"),
        (seen("completed", "queued"), 2, 0, UNKNOWN, "still running when it was verified"),
    ],
)
def test_processes_that_are_not_good_are_named(
    statuses: ProcessStatuses, batches: int, missing: int, state: str, reason: str
) -> None:
    judged = judge_processes(statuses, batches=batches, not_submitted=missing)
    assert judged is not None
    assert judged.state == state
    assert reason in judged.reason


def test_thousands_of_failed_processes_make_a_short_reason() -> None:
    judged = judge_processes(seen(*["failed"] * 10_000), batches=10_000, not_submitted=0)
    assert judged is not None
    assert len(judged.reason) < 500
    assert "9990 more" in judged.reason


HUGE = Growth(before=1_000_000, after=1_000_000, expected=1000)


@pytest.mark.parametrize(
    ("found", "rejected", "unnamed", "state", "said"),
    [
        (sample(), 0, 0, COMPLETED, ""),
        (sample(on_lists=0), 0, 0, FAILED, "none of the 40 contacts that were looked for is on the lists"),
        (sample(on_lists=39), 0, 0, UNKNOWN, "1 of 40 contacts that were looked for are not on the lists"),
        (sample(on_lists=39, rejected=1), 25, 0, COMPLETED_WITH_REJECTS, ""),
        (sample(on_lists=37), 25, 25, COMPLETED_WITH_REJECTS, ""),
        (sample(on_lists=20), 25, 25, UNKNOWN, "20 of 40 contacts"),
        (sample(on_lists=0), 25, 25, FAILED, "nothing arrived"),
        (sample(on_lists=0), 1000, 1000, COMPLETED_WITH_REJECTS, ""),
        (sample(matching=0), 0, 0, UNKNOWN, "40 of 40 contacts that were compared have other values"),
        (sample(compared=0, matching=0), 0, 0, COMPLETED, ""),
    ],
)
def test_a_list_that_is_long_enough_proves_nothing_and_the_sample_decides(
    found: SampleSeen, rejected: int, unnamed: int, state: str, said: str
) -> None:
    judged = judge_arrival(Evidence(found, lists={7: HUGE}), rejected=rejected, unnamed=unnamed)
    assert judged.state == state
    assert said in judged.reason
    assert bool(judged.reason) is bool(said)


def test_a_few_values_that_were_changed_since_are_remarked() -> None:
    found = sample(matching=38)
    judged = judge_arrival(Evidence(found), rejected=0, unnamed=0)
    assert judged.state == COMPLETED
    assert "2 of 40 contacts that were compared have other values" in judged.remarks[0]


def test_a_list_that_is_too_short_is_no_completion_however_good_the_sample_is() -> None:
    short = Evidence(sample(), lists={7: Growth(0, 999, 1000)})
    judged = judge_arrival(short, rejected=0, unnamed=0)
    assert (judged.state, judged.reason) == (UNKNOWN, "list 7 holds 999, expected at least 1000")
    judged = judge_arrival(short, rejected=0, unnamed=0, merged=2)
    assert (judged.state, "may have been merged" in judged.remarks[0]) == (COMPLETED, True)


@pytest.mark.parametrize(
    ("growth", "basis"),
    [(HUGE, "the processes' status alone"), (Growth(0, 1000, 1000), "the growth of the lists")],
)
def test_where_no_contact_was_looked_for_it_is_said_on_what_the_state_rests(
    growth: Growth, basis: str
) -> None:
    evidence = Evidence(None, "the platform cannot look up single contacts", {7: growth})
    judged = judge_arrival(evidence, rejected=0, unnamed=0)
    assert judged.state == COMPLETED
    assert judged.remarks == (
        "no contact was looked for, as the platform cannot look up single contacts; that they arrived rests "
        f"on {basis}",
    )


@given(
    st.integers(1, 200).flatmap(
        lambda size: st.tuples(st.just(size), st.integers(0, size), st.integers(0, size))
    ),
    st.integers(0, 2_000),
    st.integers(0, 50),
)
def test_completed_means_that_what_was_looked_for_was_seen(
    numbers: tuple[int, int, int], size: int, rejected: int
) -> None:
    sampled, on_lists, matching = numbers
    matching = min(matching, on_lists)
    found = sample(sampled, of=1000, on_lists=on_lists, matching=matching)
    evidence = Evidence(found, lists={7: Growth(None, size, 1000 - rejected)})
    judged = judge_arrival(evidence, rejected=rejected, unnamed=0)
    is_whole = on_lists == sampled and matching * 2 >= on_lists and size >= 1000 - rejected
    assert (judged.state in (COMPLETED, COMPLETED_WITH_REJECTS)) is is_whole
    assert bool(judged.reason) is not is_whole


def test_a_source_without_rows_is_complete_when_nothing_was_sent() -> None:
    judged = judge_processes(ProcessStatuses(()), batches=0, not_submitted=0, had_rows=False)
    assert judged is not None
    assert (judged.state, judged.reason, judged.remarks) == ("completed", "", ("the source had no rows",))


def test_who_is_asked_about_a_lost_answer_looks_before_they_clear() -> None:
    """Clearing may send the batch again, so no advice says that it only finds out."""
    judged = judge_processes(ProcessStatuses(()), batches=1, not_submitted=0, unanswered=1)
    assert judged is not None
    assert judged.state == UNKNOWN
    assert "to find out" not in judged.reason
    steps = ["newest import processes", "mark the import task as success", "if not, clear", "submit them"]
    places = [judged.reason.index(step) for step in steps]
    assert places == sorted(places)
