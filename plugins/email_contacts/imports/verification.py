"""What an import came to on the platform: its processes' reports and the sizes of its lists.

``completed`` does not mean that every row arrived (api-contract §2.3), so the verdict rests on what was
seen: every process completed, and every list at least as long as the contacts that were sent and not
reported as rejected.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from email_contacts.imports.errors import CannotTell
from email_contacts.imports.watch import Sighting, in_few_words, look

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient

log = logging.getLogger(__name__)

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
    """

    state: str
    reason: str
    process_ids: tuple[int, ...]
    platform: dict[str, int]
    list_sizes: dict[int, int]

    def to_json(self) -> dict[str, Any]:
        """A JSON document; list ids become strings, as JSON wants them."""
        return {
            **asdict(self),
            "process_ids": list(self.process_ids),
            "list_sizes": {str(key): size for key, size in self.list_sizes.items()},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Verdict:
        """Read what :meth:`to_json` made."""
        return cls(
            state=document["state"],
            reason=document["reason"],
            process_ids=tuple(document["process_ids"]),
            platform=dict(document["platform"]),
            list_sizes={int(key): size for key, size in document["list_sizes"].items()},
        )


def verify(
    client: ContactsClient,
    *,
    process_ids: Sequence[int],
    batches: int,
    sent: int,
    list_ids: Sequence[int],
) -> Verdict:
    """Look at the platform once and judge.

    :param process_ids: the processes of the submitted batches.
    :param batches: how many batches were prepared.
    :param sent: how many contacts the batches hold.
    :param list_ids: the lists that they were imported into.
    :return: ``unknown``, with the reason, also where a list, a process or a report is gone, or the platform
        answers what nobody documented.
    :raises email_contacts.api.ContactsApiError: when the platform cannot be asked.
    """
    from email_contacts.api import InvalidRequest, NotFound, UnexpectedAnswer

    sizes: dict[int, int] = {}
    platform: dict[str, int] = {}
    try:
        for list_id in list_ids:
            sizes[list_id] = client.get_list(list_id).unique_subscribers
        sighting = look(client, process_ids) if process_ids else Sighting(())
        platform = reported_rejects(client, sighting)
        state, reason = judge(
            sighting, batches=batches, sent=sent, rejected=sum(platform.values()), sizes=sizes
        )
    except (CannotTell, NotFound, UnexpectedAnswer, InvalidRequest) as error:
        # InvalidRequest: a report at an address that must not be asked.
        state, reason = UNKNOWN, str(error)
    return Verdict(state, reason, tuple(process_ids), platform, sizes)


def judge(
    sighting: Sighting, *, batches: int, sent: int, rejected: int, sizes: dict[int, int]
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


def reported_rejects(client: ContactsClient, sighting: Sighting) -> dict[str, int]:
    """Add up what the processes report as rejected, by reason.

    A report that comes as the address of a CSV file is counted, not kept: its rows are personal data.
    """
    counts: dict[str, int] = {}
    for process in sighting.processes:
        for reason, value in process.rejects.items():
            rows = value if isinstance(value, int) else client.count_report_rows(value)
            counts[reason] = counts.get(reason, 0) + rows
    return {reason: count for reason, count in sorted(counts.items()) if count}
