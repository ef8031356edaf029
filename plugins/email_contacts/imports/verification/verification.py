"""Looking at what an import came to on the platform: its processes, their reports, its contacts, its lists.

What is asked, and how often: each list and each sampled contact once, in the generous bucket (api-contract
§5); processes only where the wait did not see their end.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from email_contacts.imports.errors import CannotTell
from email_contacts.imports.submission.named_rejects import keys_of, named_in
from email_contacts.imports.verification.contact_lookup import ContactLookup
from email_contacts.imports.verification.contact_sample import sample_of
from email_contacts.imports.verification.evidence import Evidence, Growth, SampleSeen
from email_contacts.imports.verification.judging import (
    Judgement,
    judge_arrival,
    judge_processes,
    judge_without_lists,
    judge_without_manifest,
)
from email_contacts.imports.verification.list_sizes import look_at_lists
from email_contacts.imports.verification.reject_reports import PLATFORM_REJECTS, write_rejects
from email_contacts.imports.verification.verdict import COMPLETED, FAILED, UNKNOWN, Verdict
from email_contacts.imports.waiting.process_status import BY_PROCESS, UNKNOWN_ID, ProcessStatuses, look

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient
    from email_contacts.contacts.paths import AnyPath
    from email_contacts.imports.verification.submitted_batches import SubmittedBatches


class Verification:
    """Looks at the platform, and judges; what was seen to its end is not asked for again.

    :param batches: what was prepared, and what is known of its submission.
    :param list_ids: the lists that they were imported into.
    :param completions: what the wait saw (``ProcessStatuses.to_json``). A completed process that it saw is
        not looked at again; what a callback or the lists told is believed where there is no process route.
    :param sizes_before: list id → contacts on it before the import.
    :param conflicts: rows that share an identifier with another row, which the platform may merge.
    :param had_rows: whether the source had any.
    :param unverifiable: why it is not known what was sent; empty where it is.
    :param why_nothing: why there was nothing to submit, where that is well; empty otherwise.
    """

    def __init__(
        self,
        client: ContactsClient,
        batches: SubmittedBatches,
        *,
        list_ids: Sequence[int],
        completions: Sequence[Mapping[str, Any]] = (),
        sizes_before: Mapping[int, int] | None = None,
        conflicts: int = 0,
        had_rows: bool = True,
        unverifiable: str = "",
        why_nothing: str = "",
    ) -> None:
        self._client = client
        self._batches = batches
        self._list_ids = list_ids
        self._sizes_before = sizes_before or {}
        self._conflicts = conflicts
        self._had_rows = had_rows
        self._unverifiable = unverifiable
        self._why_nothing = why_nothing
        waited = ProcessStatuses.from_json(completions)
        self._process_ids = tuple(
            dict.fromkeys(
                [*batches.all_process_ids, *(one.id for one in waited.processes if one.id != UNKNOWN_ID)]
            )
        )
        seen = list(zip(waited.processes, waited.told_by, strict=True))
        self._seen = {one.id: one for one, by in seen if by == BY_PROCESS and one.is_finished}
        self._believed = {one.id: one for one, by in seen if by != BY_PROCESS and one.id != UNKNOWN_ID}
        # Told by a callback, while the platform's answer to the submission was lost.
        self._nameless = tuple(one for one, _ in seen if one.id == UNKNOWN_ID)
        self._platform: dict[int, dict[str, int]] = {}
        self._sizes: dict[int, int] = {}
        self._lookup: ContactLookup | None = None
        self._why_no_sample = ""

    def settled(self, patience: float) -> Verdict:
        """Look, and look again for a while where that may change the verdict.

        :param patience: seconds; the pauses between looks are 1, 2, 4 … seconds.
        """
        until = time.monotonic() + patience
        pause = 1.0
        verdict = self.verdict()
        while verdict.may_change and time.monotonic() + pause <= until:
            time.sleep(pause)
            pause *= 2
            verdict = self.verdict()
        return verdict

    def list_rejects(self, verdict: Verdict, stage: AnyPath) -> Verdict:
        """Write the list of contacts that the platform rejected, and name it in the verdict.

        :param stage: the folder that the list is written to.
        """
        if not verdict.platform or not stage.is_dir():
            return verdict
        path = cast("AnyPath", cast("Any", stage) / PLATFORM_REJECTS)
        listed = write_rejects(self._client, self._reports, self._batches.carried, path)
        return verdict.with_list(str(path), listed=listed)

    def verdict(self) -> Verdict:
        """Look once and judge.

        :return: ``unknown``, with the reason, also where a list, a process or a report is gone, or the
            platform's answer is not documented.
        :raises email_contacts.api.ContactsApiError: when the platform cannot be asked.
        """
        from email_contacts.api import InvalidRequest, NotFound, UnexpectedAnswer

        evidence, statuses, gone = Evidence(), ProcessStatuses(()), list[int]()
        may_change = False
        try:
            gone = look_at_lists(self._client, self._list_ids, self._sizes)
            statuses = self._statuses()
            self._count_rejects(statuses)
            judged = self._judged_processes(statuses)
            if gone:
                judged = judge_without_lists(judged, gone)
            if judged is None:
                evidence = self._evidence()
                judged = self._judged(evidence)
            may_change = not judged.is_final and (
                judged.state == UNKNOWN or (judged.state == FAILED and evidence.sample is not None)
            )
        except (CannotTell, NotFound, UnexpectedAnswer, InvalidRequest) as error:
            # InvalidRequest: a report at an address that must not be asked.
            judged = Judgement(UNKNOWN, str(error))
        sample = evidence.sample
        return Verdict(
            judged.state,
            judged.reason,
            self._process_ids,
            self._rejects(),
            self._sizes,
            remark="; ".join([*judged.remarks, *self._remarks()]),
            statuses=self._known_statuses(statuses),
            lists_gone=tuple(gone),
            verification=evidence.to_json(),
            has_arrived=not (judged.state == FAILED and sample is not None and sample.nothing_arrived),
            may_change=may_change,
        )

    @property
    def _reports(self) -> dict[int, dict[str, int | str]]:
        """What the processes that were seen to their end report as rejected: process id → reason → value."""
        return {one.id: one.rejects for one in self._seen.values() if one.rejects}

    def _statuses(self) -> ProcessStatuses:
        """The processes, each looked at unless it was seen to its end; in the order of their ids as given."""
        due = [one for one in self._process_ids if one not in self._seen]
        try:
            if due:
                looked_at = {process.id: process for process in look(self._client, due).processes}
                self._seen |= {one: process for one, process in looked_at.items() if process.is_finished}
                # The process itself has the last word.
                self._believed = {one: was for one, was in self._believed.items() if one not in looked_at}
            else:
                looked_at = {}
        except CannotTell:
            if not all(one in self._believed for one in due):
                raise
            looked_at = {one: self._believed[one] for one in due}
        known = {**looked_at, **self._seen}
        return ProcessStatuses((*(known[one] for one in self._process_ids), *self._nameless))

    def _known_statuses(self, statuses: ProcessStatuses) -> dict[int, str]:
        known = (*self._believed.values(), *self._seen.values(), *statuses.processes)
        # Those whose id was lost share one: it is completed where all of them are.
        nameless = sorted(self._nameless, key=lambda one: one.is_finished, reverse=True)
        return {one.id: one.status for one in (*known, *nameless)}

    def _count_rejects(self, statuses: ProcessStatuses) -> None:
        for process in statuses.processes:
            if process.id not in self._platform and process.is_finished:
                self._platform[process.id] = reported_rejects(self._client, ProcessStatuses((process,)))

    def _rejects(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for counts in self._platform.values():
            total.update(counts)
        return dict(sorted(total.items()))

    def _evidence(self) -> Evidence:
        """Look for the contacts, and hold the lists against what was sent."""
        expected = max(self._sent - sum(self._rejects().values()), 0)
        lists = {
            one: Growth(self._sizes_before.get(one), size, expected) for one, size in self._sizes.items()
        }
        sample = self._look_up()
        return Evidence(sample, self._why_no_sample, lists)

    def _look_up(self) -> SampleSeen | None:
        if self._why_no_sample:
            return None
        if self._lookup is None:
            sample = sample_of(self._batches.sent)
            if not sample:
                self._why_no_sample = "the batches are no longer in the stage"
                return None
            self._lookup = ContactLookup(
                self._client,
                sample,
                contacts=self._sent,
                list_ids=self._list_ids,
                updates_existing=self._batches.updates_existing,
            )
        if not self._lookup.look():
            self._why_no_sample = "the platform cannot look up single contacts"
            return None
        return self._lookup.summary(self._named if self._lookup.not_as_sent else ())

    @cached_property
    def _named(self) -> set[tuple[str, str]]:
        """The contacts that are not as they were sent, and that reports name as rejected."""
        doubtful = self._lookup.not_as_sent if self._lookup else []
        wanted = {key for contact in doubtful for key in keys_of(contact.identifiers)}
        return {
            one.key
            for reports in self._reports.values()
            for reason, value in reports.items()
            if wanted and isinstance(value, str)
            for one in named_in(reason, self._client.report_rows(value))
            if one.text and one.key in wanted
        }

    def _judged_processes(self, statuses: ProcessStatuses) -> Judgement | None:
        if self._unverifiable:
            return judge_without_manifest(statuses, self._unverifiable)
        if self._why_nothing and not statuses.processes:
            return Judgement(COMPLETED, remarks=(f"{self._why_nothing}, so nothing was submitted",))
        batches = self._batches
        # Without submissions only the number of processes tells how many were submitted.
        not_submitted = batches.not_submitted if batches.submissions else 0
        return judge_processes(
            statuses,
            batches=len(batches.batches),
            not_submitted=not_submitted,
            unanswered=batches.unanswered,
            had_rows=self._had_rows,
        )

    def _judged(self, evidence: Evidence) -> Judgement:
        unnamed = sum(
            value
            for reports in self._reports.values()
            for value in reports.values()
            if isinstance(value, int)
        )
        return judge_arrival(
            evidence, rejected=sum(self._rejects().values()), unnamed=unnamed, merged=self._conflicts
        )

    @property
    def _sent(self) -> int:
        return sum(batch.contacts for batch in self._batches.batches)

    def _remarks(self) -> Iterable[str]:
        """Remarks that apply in every state."""
        if silent := len(self._believed) + len(self._nameless):
            # Then it is not known what the platform rejected.
            yield (
                f"{silent} of {len(self._batches.batches)} imports were seen by callback or list growth: "
                "reject reports unknown"
            )
        if extra := self._batches.extra_processes(self._process_ids):
            yield (
                f"{len(self._process_ids)} processes carried {len(self._process_ids) - extra} batches: "
                "a batch was imported more than once"
            )


def reported_rejects(client: ContactsClient, statuses: ProcessStatuses) -> dict[str, int]:
    """Add up what the processes report as rejected, by reason.

    A report that comes as the address of a CSV file is counted, not kept: its rows are personal data.
    """
    counts: dict[str, int] = {}
    for process in statuses.processes:
        for reason, value in process.rejects.items():
            rows = value if isinstance(value, int) else client.count_report_rows(value)
            counts[reason] = counts.get(reason, 0) + rows
    return {reason: count for reason, count in sorted(counts.items()) if count}
