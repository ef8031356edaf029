"""The receipt: what one import run came to, in one small document without personal data.

The same document is the task's XCom, the asset event's extra and a file beside the rejects.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from email_contacts.imports.errors import ImportNotAccountedFor
from email_contacts.imports.submission.import_record import ACCEPTED
from email_contacts.imports.verification.verification import COMPLETED, COMPLETED_WITH_REJECTS, Verdict

if TYPE_CHECKING:
    from email_contacts.contacts.staging.manifest import Manifest

# A receipt travels through XCom and asset events, which are no place for long lists.
MAX_PROCESS_IDS = 100
MAX_REASON = 500
MAX_RECOVERED = 4


@dataclass(frozen=True)
class Rows:
    """Where the rows of the source went. Always: read = accepted + rejected + duplicates + held_back."""

    read: int
    accepted: int
    rejected: int
    duplicates: int
    held_back: int = 0

    @property
    def unaccounted(self) -> int:
        """Rows that are nowhere; anything but 0 is a fault."""
        return self.read - self.accepted - self.rejected - self.duplicates - self.held_back


@dataclass(frozen=True)
class Receipt:
    """What an import run came to. DESIGN: every field is small, and none is personal.

    :param receipt_id: the same for the same run and source, however often it is written.
    :param source: where the rows came from.
    :param fingerprint: of all prepared batches together.
    :param state: ``completed``, ``completed_with_rejects``, ``failed`` or ``unknown``.
    :param reason: why it is failed or unknown; empty otherwise.
    :param platform: contacts that the platform rejected, by its own reasons.
    :param lists: list id → ``{"before": int | None, "after": int | None}``.
    :param requests: ``made`` and ``retried``, by the tasks that submitted.
    :param repeats: how often a batch was sent again because nobody could tell whether it had been accepted.
    :param remark: what could not be seen, though the import completed; empty otherwise.
    :param platform_rejects_uri: the list of those contacts; empty when there is none.
    :param recovered: how the imports whose answers were lost were found again; the first few, in words.
    """

    receipt_id: str
    dag_id: str
    run_id: str
    source: str
    fingerprint: str
    folder_id: int | None
    list_ids: tuple[int, ...]
    process_ids: tuple[int, ...]
    state: str
    reason: str
    rows: Rows
    platform: dict[str, int]
    lists: dict[str, dict[str, int | None]]
    rejects_uri: str
    started_at: str
    submitted_at: str | None
    finished_at: str
    requests: dict[str, int]
    repeats: int = 0
    remark: str = ""
    recovered: tuple[str, ...] = ()
    process_ids_left_out: int = 0
    platform_rejects_uri: str = ""

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        verdict: Verdict,
        *,
        dag_id: str,
        run_id: str,
        folder_id: int | None,
        sizes_before: dict[int, int],
        started_at: str,
        finished_at: str,
        submissions: Sequence[Mapping[str, Any]],
    ) -> Receipt:
        """Put a receipt together of what was prepared, what was submitted, and what was seen on the platform.

        :param submissions: what ``ImportContactsOperator`` pushed as ``submission``, one for each batch.
        """
        rows = Rows(
            read=manifest.rows.read,
            accepted=manifest.rows.accepted,
            rejected=manifest.rows.rejected,
            duplicates=manifest.rows.duplicates,
        )
        state = COMPLETED_WITH_REJECTS if verdict.state == COMPLETED and rows.rejected else verdict.state
        identity = "\n".join((dag_id, run_id, manifest.fingerprint))
        receipt = cls(
            receipt_id=hashlib.sha256(identity.encode()).hexdigest()[:16],
            dag_id=dag_id,
            run_id=run_id,
            source=manifest.source,
            fingerprint=manifest.fingerprint,
            folder_id=folder_id,
            list_ids=tuple(verdict.list_sizes),
            process_ids=verdict.process_ids,
            state=state,
            reason=verdict.reason[:MAX_REASON],
            rows=rows,
            platform=verdict.platform,
            lists={
                str(list_id): {"before": sizes_before.get(list_id), "after": after}
                for list_id, after in verdict.list_sizes.items()
            },
            rejects_uri=manifest.rejects_uri,
            started_at=started_at,
            submitted_at=min((one["submitted_at"] for one in submissions), default=None),
            finished_at=finished_at,
            requests={
                count: sum(one["requests"][count] for one in submissions) for count in ("made", "retried")
            },
            repeats=sum(one.get("repeats", 0) for one in submissions),
            remark=verdict.remark[:MAX_REASON],
            platform_rejects_uri=verdict.platform_rejects_uri,
            recovered=_recovered(submissions),
        )
        return receipt._shortened()

    def to_json(self) -> dict[str, Any]:
        """The document: JSON types only, under 4 KB."""
        document: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        for name in ("process_ids_left_out", "platform_rejects_uri"):
            if not document[name]:
                del document[name]
        return document

    def raise_for_unaccounted(self) -> None:
        """Fail the run whose receipt is not that of a complete import.

        :raises ImportNotAccountedFor: naming the state, the reason and the numbers.
        """
        if self.rows.unaccounted:
            raise ImportNotAccountedFor(f"{self.rows.unaccounted} rows are unaccounted for: {self.rows}")
        if self.state not in (COMPLETED, COMPLETED_WITH_REJECTS):
            raise ImportNotAccountedFor(f"the import is {self.state}: {self.reason}")

    def _shortened(self) -> Receipt:
        left_out = len(self.process_ids) - MAX_PROCESS_IDS
        if left_out <= 0:
            return self
        return replace(self, process_ids=self.process_ids[:MAX_PROCESS_IDS], process_ids_left_out=left_out)


def _recovered(submissions: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    decisions = [
        f"process {one['process_id']} {one['decision']}"[:200]
        for one in submissions
        if one.get("decision", ACCEPTED) != ACCEPTED
    ]
    left_out = len(decisions) - MAX_RECOVERED
    return (*decisions[:MAX_RECOVERED], *([f"and {left_out} more"] if left_out > 0 else []))
