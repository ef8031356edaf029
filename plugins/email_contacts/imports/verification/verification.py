"""What an import came to on the platform: its processes' reports and the sizes of its lists.

``completed`` does not mean that every row arrived (api-contract §2.3), so the verdict rests on what was
seen: every process completed, and every list at least as long as the contacts that were sent and not
reported as rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from email_contacts.imports.errors import CannotTell
from email_contacts.imports.waiting.process_status import (
    BY_PROCESS,
    UNKNOWN_ID,
    ProcessStatuses,
    in_few_words,
    look,
)

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient

COMPLETED = "completed"
COMPLETED_WITH_REJECTS = "completed_with_rejects"
FAILED = "failed"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """What was seen on the platform after an import.

    :param state: ``completed``, ``completed_with_rejects``, ``failed`` or ``unknown``.
    :param reason: why it is failed or unknown; empty otherwise.
    :param process_ids: the processes that were looked at.
    :param platform: rejected contacts by the platform's own reasons (api-contract §2.3).
    :param list_sizes: list id → contacts on it now (``uniqueSubscribers``, api-contract §1.6).
    :param remark: what was not seen though the state is what it is; empty otherwise.
    :param platform_rejects_uri: the list of the contacts that the platform rejected; empty for none.
    :param may_change: whether looking again may change it; of this moment only, and not kept.
    """

    state: str
    reason: str
    process_ids: tuple[int, ...]
    platform: dict[str, int]
    list_sizes: dict[int, int]
    remark: str = ""
    platform_rejects_uri: str = ""
    may_change: bool = field(default=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """A JSON document; list ids become strings, as JSON wants them."""
        return {
            "state": self.state,
            "reason": self.reason,
            "process_ids": list(self.process_ids),
            "platform": self.platform,
            "list_sizes": {str(key): size for key, size in self.list_sizes.items()},
            "remark": self.remark,
            "platform_rejects_uri": self.platform_rejects_uri,
        }

    def with_list(self, uri: str, *, listed: int) -> Verdict:
        """The verdict once the contacts that the platform rejected are listed.

        :param uri: of the list.
        :param listed: how many it holds; fewer than the platform counts are remarked.
        """
        missing = sum(self.platform.values()) - listed
        remark = f"{missing} of the contacts that the platform rejected could not be listed"
        return replace(
            self,
            platform_rejects_uri=uri if listed else "",
            remark="; ".join(filter(None, (self.remark, remark if missing > 0 else ""))),
        )

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Verdict:
        """Read what :meth:`to_json` made."""
        return cls(
            state=document["state"],
            reason=document["reason"],
            process_ids=tuple(document["process_ids"]),
            platform=dict(document["platform"]),
            list_sizes={int(key): size for key, size in document["list_sizes"].items()},
            remark=document.get("remark", ""),
            platform_rejects_uri=document.get("platform_rejects_uri", ""),
        )


class Verification:
    """ColumnProfile at the platform, and judges; what was seen to its end is not asked for again.

    :param process_ids: the processes of the submitted batches.
    :param batches: how many batches were prepared.
    :param sent: how many contacts the batches hold.
    :param list_ids: the lists that they were imported into.
    :param completions: what the wait saw (``Sighting.to_json``). A completed process that it saw is not
        looked at again; what a callback or the lists told is believed where there is no process route.
    """

    def __init__(
        self,
        client: ContactsClient,
        *,
        process_ids: Sequence[int],
        batches: int,
        sent: int,
        list_ids: Sequence[int],
        completions: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self._client = client
        self._batches = batches
        self._sent = sent
        self._list_ids = list_ids
        waited = ProcessStatuses.from_json(completions)
        self._process_ids = tuple(
            dict.fromkeys([*process_ids, *(one.id for one in waited.processes if one.id != UNKNOWN_ID)])
        )
        seen = list(zip(waited.processes, waited.told_by, strict=True))
        self._seen = {one.id: one for one, by in seen if by == BY_PROCESS and one.is_finished}
        self._believed = {one.id: one for one, by in seen if by != BY_PROCESS and one.id != UNKNOWN_ID}
        # Told by a callback, while the platform's answer to the submission was lost.
        self._nameless = tuple(one for one, _ in seen if one.id == UNKNOWN_ID)
        self._platform: dict[int, dict[str, int]] = {}

    def verdict(self) -> Verdict:
        """Look once and judge.

        :return: ``unknown``, with the reason, also where a list, a process or a report is gone, or the
            platform answers what nobody documented.
        :raises email_contacts.api.ContactsApiError: when the platform cannot be asked.
        """
        from email_contacts.api import InvalidRequest, NotFound, UnexpectedAnswer

        sizes: dict[int, int] = {}
        may_change = False
        try:
            for list_id in self._list_ids:
                sizes[list_id] = self._client.get_list(list_id).unique_subscribers
            sighting = self._sighting()
            platform = self._rejects(sighting)
            state, reason = judge(
                sighting, batches=self._batches, sent=self._sent, rejected=sum(platform.values()), sizes=sizes
            )
            may_change = state == UNKNOWN
        except (CannotTell, NotFound, UnexpectedAnswer, InvalidRequest) as error:
            # InvalidRequest: a report at an address that must not be asked.
            state, reason, platform = UNKNOWN, str(error), self._added_up()
        return Verdict(
            state, reason, self._process_ids, platform, sizes, remark=self._remark(), may_change=may_change
        )

    @property
    def reports(self) -> dict[int, dict[str, int | str]]:
        """What the processes that were seen to their end report as rejected: process id → reason → value."""
        return {one.id: one.rejects for one in self._seen.values() if one.rejects}

    def _sighting(self) -> ProcessStatuses:
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

    def _rejects(self, sighting: ProcessStatuses) -> dict[str, int]:
        for process in sighting.processes:
            if process.id not in self._platform and process.is_finished:
                self._platform[process.id] = reported_rejects(self._client, ProcessStatuses((process,)))
        return self._added_up()

    def _added_up(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for counts in self._platform.values():
            total.update(counts)
        return dict(sorted(total.items()))

    def _remark(self) -> str:
        """Say so where no report could be read, for then nobody knows what the platform rejected."""
        silent = len(self._believed) + len(self._nameless)
        if not silent:
            return ""
        return f"{silent} of {self._batches} imports were told by callback or list growth: reports unknown"


def judge(
    sighting: ProcessStatuses, *, batches: int, sent: int, rejected: int, sizes: dict[int, int]
) -> tuple[str, str]:
    """Decide the state from what was seen; a pure function.

    :return: the state, and the reason where it is ``failed`` or ``unknown``.
    """
    failed = [process for process in sighting.processes if process.has_failed]
    if failed:
        return FAILED, in_few_words([f"process {process.id} is {process.status}" for process in failed])
    if len(sighting.processes) < batches:
        return FAILED, f"only {len(sighting.processes)} of {batches} batches were submitted"
    if not sighting.is_finished:
        return UNKNOWN, f"still running when it was verified: {sighting.describe()}"
    short = [
        f"list {list_id} holds {size}, expected at least {sent - rejected}"
        for list_id, size in sizes.items()
        if size < sent - rejected
    ]
    if short:
        return UNKNOWN, in_few_words(short)
    return (COMPLETED_WITH_REJECTS if rejected else COMPLETED), ""


def reported_rejects(client: ContactsClient, sighting: ProcessStatuses) -> dict[str, int]:
    """Add up what the processes report as rejected, by reason.

    A report that comes as the address of a CSV file is counted, not kept: its rows are personal data.
    """
    counts: dict[str, int] = {}
    for process in sighting.processes:
        for reason, value in process.rejects.items():
            rows = value if isinstance(value, int) else client.count_report_rows(value)
            counts[reason] = counts.get(reason, 0) + rows
    return {reason: count for reason, count in sorted(counts.items()) if count}
