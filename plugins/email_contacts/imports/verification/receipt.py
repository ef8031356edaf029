"""The receipt: what one import run came to, in one small document without personal data.

The same document is the task's XCom, the asset event's extra and a file next to the rejects.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from email_contacts.imports.errors import ImportNotAccountedFor
from email_contacts.imports.submission.import_record import ACCEPTED
from email_contacts.imports.verification.row_account import NOT_ARRIVED, RowAccount
from email_contacts.imports.verification.verdict import (
    COMPLETED,
    COMPLETED_WITH_REJECTS,
    DRY_RUN,
    GOOD_STATES,
)

if TYPE_CHECKING:
    from email_contacts.contacts.staging.manifest import Manifest, Rows
    from email_contacts.imports.verification.submitted_batches import SubmittedBatches
    from email_contacts.imports.verification.verdict import Verdict

# 1: without schema_version, held_back by reason, and verification.
SCHEMA_VERSION = 2
# A receipt travels through XCom and asset events, which are no place for long lists. What is added to it on
# the way (its address) has room, too.
MAX_BYTES = 4096 - 512
MAX_PROCESS_IDS = 100
MAX_LISTS = 10
MAX_REASON = 500
MAX_URI = 400
MAX_RECOVERED = 4
MAX_LIST_NAME = 80
MAX_REJECT_REASONS = 20
_LEFT_OUT_IF_EMPTY = (
    "held_back", "process_ids_left_out", "lists_left_out", "platform_rejects_uri", "verification", "changes",
    "list_names", "reject_reasons", "intended_at", "told_by", "guards", "held_back_uri",
    "source_version", "read_as", "retry_of", "lists_gone",
)  # fmt: skip


@dataclass(frozen=True)
class Receipt:
    """What an import run came to. Every field is small, and none is personal.

    :param receipt_id: the same for the same run and source, however often it is written.
    :param source: where the rows came from; empty where the preparation did not finish.
    :param fingerprint: of all prepared batches together.
    :param state: ``completed``, ``completed_with_rejects``, ``failed``, ``unknown``; or ``dry_run``, when
        nothing was to be sent, and all valid rows are held back.
    :param reason: why it is failed or unknown; empty otherwise.
    :param rows: where each row of the source went.
    :param platform: contacts that the platform rejected, by its own reasons.
    :param lists: list id → ``{"before": int | None, "after": int | None}``.
    :param requests: ``made`` and ``retried``, by the tasks that submitted.
    :param repeats: how often a batch was sent again because its outcome could not be determined.
    :param remark: what could not be seen although the import completed; empty otherwise.
    :param platform_rejects_uri: the list of those contacts; empty when there is none.
    :param recovered: how the imports whose answers were lost were found again; the first few, in words.
    :param changes: where a snapshot was compared with: ``new``, ``changed`` and ``gone`` contacts, and why
        everything was sent, if it was.
    :param verification: what the state is based on: contacts looked for and found, growth of the lists.
    :param list_names: list id → its name before the import, at most 80 characters.
    :param reject_reasons: rule → rows that break it, the most frequent 20.
    :param intended_at: when the first request was about to be sent; None where that is not known.
    :param told_by: who told that the imports had ended: ``process``, ``callback``, ``list_growth``.
    :param guards: which rows were to be held back: ``consent``, ``merges``, ``mirror_as_of``; and where
        opt-outs were overridden, ``consent_reason`` and for how many rows; and ``to_opt_out``, for how many
        contacts the source knew an opt-out that the account did not.
    :param held_back_uri: the list of the rows that a guard held back; empty where there are none.
    :param source_version: what tells the source from one that was written again; empty where nothing does.
    :param read_as: how the source was read, as far as that was said: option → value.
    :param retry_of: the import whose rejected rows these are, as its page's address ends
        (``2026-11-22T10:00:00.000/0123456789abcdef``); empty where it is no retry.
    :param lists_gone: ids of lists that were not on the platform any more, at most ten.
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
    rows: RowAccount
    platform: Mapping[str, int]
    lists: Mapping[str, Mapping[str, int | None]]
    rejects_uri: str
    started_at: str
    submitted_at: str | None
    finished_at: str
    requests: Mapping[str, int]
    repeats: int = 0
    remark: str = ""
    recovered: tuple[str, ...] = ()
    process_ids_left_out: int = 0
    lists_left_out: int = 0
    platform_rejects_uri: str = ""
    verification: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    list_names: Mapping[str, str] = field(default_factory=dict)
    reject_reasons: Mapping[str, int] = field(default_factory=dict)
    intended_at: str | None = None
    told_by: tuple[str, ...] = ()
    guards: Mapping[str, Any] = field(default_factory=dict)
    held_back_uri: str = ""
    source_version: str = ""
    read_as: Mapping[str, Any] = field(default_factory=dict)
    retry_of: str = ""
    lists_gone: tuple[int, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @classmethod
    def of(
        cls,
        manifest: Manifest | None,
        verdict: Verdict,
        batches: SubmittedBatches,
        *,
        dag_id: str,
        run_id: str,
        folder_id: int | None,
        sizes_before: Mapping[int, int],
        started_at: str,
        finished_at: str,
        prepared: Rows | None = None,
        list_names: Mapping[int, str] | None = None,
        told_by: Iterable[str] = (),
        retry_of: str = "",
        rejects_uri: str = "",
        reject_reasons: Mapping[str, int] | None = None,
        settled: Mapping[str, int] | None = None,
    ) -> Receipt:
        """Put a receipt together of what was prepared, what was submitted, and what was seen on the platform.

        :param manifest: what was prepared; None where it is not there, or not there any more.
        :param batches: what is known of the submission of its batches.
        :param prepared: the counts of the preparation, where the manifest is not there any more.
        :param list_names: the names of lists, as far as they are known.
        :param told_by: the source that reported the end of each import.
        :param retry_of: the import whose rejected rows these are.
        :param rejects_uri: the list of rejected rows of a preparation that did not finish; empty for none.
        :param reject_reasons: how many of its rows break which rule, the most frequent first.
        :param settled: how many contacts that are gone from the source were removed, blacklisted or left
            alone.
        """
        rows = RowAccount.of(manifest.rows if manifest else prepared, batches.outcomes(verdict.statuses))
        if not verdict.has_arrived:
            rows = rows.with_accepted_held_back(NOT_ARRIVED)
        state = COMPLETED_WITH_REJECTS if verdict.state == COMPLETED and rows.rejected else verdict.state
        fingerprint = manifest.fingerprint if manifest else ""
        identity = "\n".join((dag_id, run_id, fingerprint))
        reasons = manifest.reject_reasons if manifest else reject_reasons if rows.rejected else None
        sizes = dict(list(verdict.list_sizes.items())[:MAX_LISTS])
        return cls(
            receipt_id=hashlib.sha256(identity.encode()).hexdigest()[:16],
            dag_id=dag_id,
            run_id=run_id,
            source=manifest.source[:MAX_URI] if manifest else "",
            fingerprint=fingerprint,
            folder_id=folder_id,
            list_ids=tuple(sizes),
            process_ids=verdict.process_ids,
            state=state,
            reason=verdict.reason[:MAX_REASON],
            rows=rows,
            platform=verdict.platform,
            lists={
                str(list_id): {"before": sizes_before.get(list_id), "after": after}
                for list_id, after in sizes.items()
            },
            lists_left_out=len(verdict.list_sizes) - len(sizes),
            rejects_uri=manifest.rejects_uri if manifest else rejects_uri,
            started_at=started_at,
            intended_at=_first("intended_at", batches.submissions),
            submitted_at=_first("submitted_at", batches.submissions),
            told_by=tuple(dict.fromkeys(told_by)),
            finished_at=finished_at,
            requests=_requests(batches.submissions),
            repeats=sum(one.get("repeats", 0) for one in batches.submissions),
            remark=verdict.remark[:MAX_REASON],
            platform_rejects_uri=verdict.platform_rejects_uri,
            recovered=_recovered(batches.submissions),
            verification=_shortened(verdict.verification, sizes),
            changes={**manifest.changes.summary, **(settled or {})} if manifest and manifest.changes else {},
            list_names={
                str(list_id): name[:MAX_LIST_NAME]
                for list_id, name in (list_names or {}).items()
                if list_id in sizes and name
            },
            reject_reasons=dict(list((reasons or {}).items())[:MAX_REJECT_REASONS]),
            guards={name: said for name, said in manifest.guards.items() if name != "account"}
            if manifest
            else {},
            held_back_uri=manifest.held_back_uri if manifest and manifest.rows.held_back else "",
            source_version=manifest.source_version if manifest else "",
            read_as=_short(manifest.read_as) if manifest else {},
            retry_of=retry_of,
            lists_gone=verdict.lists_gone[:MAX_LISTS],
        )._fitted()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Receipt:
        """Read a receipt of this version or an earlier one; fields that are not known here are left out."""
        known = {one.name: document[one.name] for one in fields(cls) if one.name in document}
        counts = {
            one.name: document["rows"][one.name] for one in fields(RowAccount) if one.name in document["rows"]
        }
        held_back = counts.pop("held_back", 0)
        by_reason = document.get("held_back") or ({"unspecified": held_back} if held_back else {})
        known["rows"] = RowAccount(**counts, held_back=by_reason)
        for name in ("list_ids", "process_ids", "recovered", "told_by", "lists_gone"):
            known[name] = tuple(known.get(name, ()))
        return cls(**{**known, "schema_version": document.get("schema_version", 1)})

    def to_json(self) -> dict[str, Any]:
        """The document: JSON types only, under 4 KB."""
        document = {one.name: getattr(self, one.name) for one in fields(self)}
        document |= {"rows": self.rows.to_json(), "held_back": dict(self.rows.held_back)}
        kept = {name: value for name, value in document.items() if value or name not in _LEFT_OUT_IF_EMPTY}
        return dict(json.loads(json.dumps({"schema_version": self.schema_version, **kept})))

    @property
    def is_good(self) -> bool:
        """Whether the run did what was asked of it: a complete import, or a dry run."""
        return self.state in (*GOOD_STATES, DRY_RUN)

    def raise_for_unaccounted(self, account: str = "") -> None:
        """Fail the run whose receipt is not that of a complete import.

        :param account: the numbers, and what to do, for the message.
        :raises ImportNotAccountedFor: naming the state, the reason and the account.
        """
        if self.rows.unaccounted:
            raise ImportNotAccountedFor(f"{self.rows.unaccounted} rows are unaccounted for: {self.rows}")
        if not self.is_good:
            said = f"the import is {self.state}: {self.reason.rstrip('.')}."
            raise ImportNotAccountedFor(f"{said} {account}".rstrip())

    def _fitted(self) -> Receipt:
        """The same with so few process ids, and so short texts, that it is small enough."""
        shown = min(len(self.process_ids), MAX_PROCESS_IDS)
        while True:
            ids = self.process_ids[:shown]
            fitted = replace(self, process_ids=ids, process_ids_left_out=len(self.process_ids) - shown)
            if len(json.dumps(fitted.to_json())) <= MAX_BYTES:
                return fitted
            if not shown:
                return replace(
                    fitted, recovered=(), list_names={}, reason=self.reason[:200], remark=self.remark[:200]
                )
            shown //= 2


def _short(read_as: Mapping[str, Any]) -> dict[str, Any]:
    """The options; a text that is too long for a receipt is left out."""
    return {name: one for name, one in read_as.items() if len(json.dumps(one)) <= MAX_URI}


def _first(name: str, submissions: Sequence[Mapping[str, Any]]) -> str | None:
    """The earliest of what the submissions say of a moment."""
    return min((one[name] for one in submissions if one.get(name)), default=None)


def _requests(submissions: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    counts = [one.get("requests") or {} for one in submissions]
    return {name: sum(one.get(name, 0) for one in counts) for name in ("made", "retried")}


def _recovered(submissions: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    decisions = [
        f"process {one['process_id']} {one['decision']}"[:200]
        for one in submissions
        if one.get("submitted_at") and one.get("decision", ACCEPTED) != ACCEPTED
    ]
    left_out = len(decisions) - MAX_RECOVERED
    return (*decisions[:MAX_RECOVERED], *([f"and {left_out} more"] if left_out > 0 else []))


def _shortened(verification: Mapping[str, Any], lists: Mapping[int, int]) -> dict[str, Any]:
    """The verification with the growth of the lists that the receipt names."""
    growth = {key: one for key, one in verification.get("growth", {}).items() if int(key) in lists}
    return {**verification, "growth": growth} if verification else {}
