"""Deciding what an import came to, from what was seen; pure.

``completed`` does not mean that every row arrived (api-contract §2.3), so an import is good only where its
contacts, or the growth of its lists, are seen as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from email_contacts.imports.verification.verdict import (
    COMPLETED,
    COMPLETED_WITH_REJECTS,
    FAILED,
    GOOD_STATES,
    UNKNOWN,
)
from email_contacts.imports.waiting.process_status import in_few_words

if TYPE_CHECKING:
    from email_contacts.imports.verification.evidence import Evidence, SampleSeen
    from email_contacts.imports.waiting.process_status import ProcessStatuses


@dataclass(frozen=True)
class Judgement:
    """A state, and why.

    :param reason: why it is failed or unknown; empty otherwise.
    :param remarks: what else is worth a look.
    :param is_final: whether looking again cannot change it.
    """

    state: str
    reason: str = ""
    remarks: tuple[str, ...] = ()
    is_final: bool = False


def judge_processes(
    seen: ProcessStatuses, *, batches: int, not_submitted: int, unanswered: int = 0, had_rows: bool = True
) -> Judgement | None:
    """Judge by the processes alone.

    :param batches: how many batches were prepared.
    :param not_submitted: how many of them were never submitted.
    :param unanswered: how many were sent, or perhaps sent, and no answer was seen.
    :param had_rows: whether the source had any; nothing is to be sent of one without, and that is complete.
    :return: None where all batches were submitted and all processes completed.
    """
    if not batches and not seen.processes and not had_rows:
        return Judgement(COMPLETED, remarks=("the source had no rows",))
    if not batches and not seen.processes:
        return Judgement(FAILED, "no batch was prepared, so nothing was submitted")
    failed = [process for process in seen.processes if process.has_failed]
    if failed:
        return Judgement(
            FAILED, in_few_words([f"process {process.id} is {process.status}" for process in failed])
        )
    if not_submitted or len(seen.processes) + unanswered < batches:
        submitted = min(batches - not_submitted, len(seen.processes) + unanswered)
        return Judgement(FAILED, f"only {submitted} of {batches} batches were submitted")
    if unanswered:
        return Judgement(
            UNKNOWN,
            f"{unanswered} of {batches} batches were sent, or about to be, and no answer was seen. Look at "
            "the platform's newest import processes. If these imports are among them, mark the import task "
            "as success (this receipt stays unknown); if not, clear the import task to submit them again",
            is_final=True,
        )
    if not seen.is_finished:
        return Judgement(UNKNOWN, f"still running when it was verified: {seen.describe()}")
    return None


def judge_without_manifest(seen: ProcessStatuses, why: str) -> Judgement:
    """Judge where it is not known what was sent, so that nothing can be compared.

    :param why: what is missing.
    """
    if not seen.processes:
        return Judgement(FAILED, why)
    named = in_few_words([f"process {process.id} is {process.status}" for process in seen.processes])
    return Judgement(UNKNOWN, f"{why}: {named}")


def judge_without_lists(judged: Judgement | None, gone: Sequence[int]) -> Judgement:
    """Judge where lists are gone: what was seen of the processes stays, but it is no success.

    :param judged: by the processes; None where all completed.
    :param gone: the ids of the lists.
    """
    named = in_few_words([f"list {list_id}" for list_id in gone])
    were = "was not found: it was" if len(gone) == 1 else "were not found: they were"
    why = f"{named} {were} deleted, or the connection leads to another account"
    if judged is None or judged.state in GOOD_STATES:
        return Judgement(UNKNOWN, why, is_final=True)
    return replace(judged, reason=f"{judged.reason}; {why}")


def judge_arrival(evidence: Evidence, *, rejected: int, unnamed: int, merged: int = 0) -> Judgement:
    """Judge imports whose processes completed by what was seen of their contacts and lists.

    :param rejected: contacts that the platform reported as rejected.
    :param unnamed: those of them that it did not name.
    :param merged: rows that may have become one contact with another row.
    """
    good = COMPLETED_WITH_REJECTS if rejected else COMPLETED
    remarks: list[str] = []
    reasons: list[str] = []
    if (sample := evidence.sample) is not None:
        if sample.nothing_arrived and sample.missing > sample.can_be_missing(unnamed):
            return Judgement(
                FAILED,
                f"the processes completed, but none of the {sample.sampled} contacts that were looked for is "
                "on the lists: nothing arrived. Look at the processes on the platform before importing again",
            )
        reasons += _of_sample(sample, unnamed)
        remarks += _remarks_of(sample)
    for list_id, growth in evidence.lists.items():
        if growth.after < growth.expected - merged:
            reasons.append(f"list {list_id} holds {growth.after}, expected at least {growth.expected}")
        elif growth.is_short:
            remarks.append(
                f"list {list_id} holds {growth.after}, {growth.expected} were sent: contacts that share an "
                "identifier may have been merged"
            )
    if reasons:
        return Judgement(UNKNOWN, in_few_words(reasons), tuple(remarks))
    if sample is None:
        basis = "the processes' status alone" if evidence.is_nothing else "the growth of the lists"
        remarks.append(
            f"no contact was looked for, as {evidence.why_no_sample}; that they arrived rests on {basis}"
        )
    elif evidence.is_nothing:
        remarks.append("every contact that was looked for was rejected by the platform, and no list grew")
    return Judgement(good, "", tuple(remarks))


def _of_sample(sample: SampleSeen, unnamed: int) -> Sequence[str]:
    if sample.missing > sample.can_be_missing(unnamed):
        return [f"{sample.missing} of {sample.sampled} contacts that were looked for are not on the lists"]
    if sample.compared and sample.matching * 2 < sample.compared:
        return [f"{_differences(sample)}: they were changed since, or this import did not update them"]
    return []


def _remarks_of(sample: SampleSeen) -> Sequence[str]:
    if sample.matching * 2 >= sample.compared > sample.matching:
        return [_differences(sample)]
    return []


def _differences(sample: SampleSeen) -> str:
    return (
        f"{sample.compared - sample.matching} of {sample.compared} contacts that were compared have other "
        f"values than were sent ({in_few_words(sample.differing)})"
    )
