"""The verdict on an import: what was seen on the platform, in one document that travels by XCom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from email_contacts.imports.waiting.process_status import UNKNOWN_ID, ProcessStatuses

COMPLETED = "completed"
COMPLETED_WITH_REJECTS = "completed_with_rejects"
FAILED = "failed"
UNKNOWN = "unknown"
DRY_RUN = "dry_run"
GOOD_STATES = (COMPLETED, COMPLETED_WITH_REJECTS)
STATES = (*GOOD_STATES, FAILED, UNKNOWN, DRY_RUN)


@dataclass(frozen=True)
class Verdict:
    """What was seen on the platform after an import. Holds counts and ids, no personal data.

    :param state: ``completed``, ``completed_with_rejects``, ``failed``, ``unknown`` or ``dry_run``.
    :param reason: why it is failed or unknown; empty otherwise.
    :param process_ids: the processes that were looked at.
    :param platform: rejected contacts by the platform's own reasons (api-contract §2.3).
    :param list_sizes: list id → contacts on it now (``uniqueSubscribers``, api-contract §1.6).
    :param remark: what was not seen although the state is what it is; empty otherwise.
    :param platform_rejects_uri: the list of the contacts that the platform rejected; empty for none.
    :param statuses: process id → status, as far as it was seen; ``UNKNOWN_ID`` for imports whose id was lost.
    :param verification: what the state is based on (``Evidence.to_json``); empty where nothing was looked at.
    :param has_arrived: False when contacts of the import were looked for and none is on the lists.
    :param lists_gone: ids of lists that are not on the platform.
    :param may_change: whether looking again may change it; of this moment only, and not kept.
    """

    state: str
    reason: str
    process_ids: tuple[int, ...] = ()
    platform: Mapping[str, int] = field(default_factory=dict)
    list_sizes: Mapping[int, int] = field(default_factory=dict)
    remark: str = ""
    platform_rejects_uri: str = ""
    statuses: Mapping[int, str] = field(default_factory=dict)
    verification: Mapping[str, Any] = field(default_factory=dict)
    has_arrived: bool = True
    lists_gone: tuple[int, ...] = ()
    may_change: bool = field(default=False, compare=False)

    @classmethod
    def unverified(
        cls, process_ids: tuple[int, ...], completions: Sequence[Mapping[str, Any]], *, reason: str
    ) -> Verdict:
        """What is known of imports that were not verified.

        :param completions: what the wait saw (``ProcessStatuses.to_json``).
        """
        seen = ProcessStatuses.from_json(completions).processes
        return cls(UNKNOWN, reason, process_ids, statuses={one.id: one.status for one in seen})

    @property
    def is_good(self) -> bool:
        """Whether the import completed."""
        return self.state in GOOD_STATES

    def to_json(self) -> dict[str, Any]:
        """A JSON document; list ids become strings, as JSON wants them."""
        by_status: dict[str, list[int]] = {}
        for process_id, status in self.statuses.items():
            by_status.setdefault(status, []).append(process_id)
        return {
            "state": self.state,
            "reason": self.reason,
            "process_ids": list(self.process_ids),
            "platform": dict(self.platform),
            "list_sizes": {str(key): size for key, size in self.list_sizes.items()},
            "remark": self.remark,
            "platform_rejects_uri": self.platform_rejects_uri,
            "processes_by_status": by_status,
            "verification": dict(self.verification),
            "has_arrived": self.has_arrived,
            **({"lists_gone": list(self.lists_gone)} if self.lists_gone else {}),
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
        """Read what :meth:`to_json` made, or its earlier version, which did not keep the statuses."""
        process_ids = tuple(document["process_ids"])
        by_status = document.get("processes_by_status")
        if by_status is None:
            by_status = {COMPLETED: [*process_ids, UNKNOWN_ID]} if document["state"] in GOOD_STATES else {}
        return cls(
            state=document["state"],
            reason=document["reason"],
            process_ids=process_ids,
            platform=dict(document["platform"]),
            list_sizes={int(key): size for key, size in document["list_sizes"].items()},
            remark=document.get("remark", ""),
            platform_rejects_uri=document.get("platform_rejects_uri", ""),
            statuses={one: status for status, ids in by_status.items() for one in ids},
            verification=dict(document.get("verification", {})),
            has_arrived=document.get("has_arrived", True),
            lists_gone=tuple(document.get("lists_gone", ())),
        )
