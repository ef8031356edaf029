"""The message about an import run: one line, a short text, and the next step.

Made of a receipt, so it holds counts, ids and addresses of files, no personal data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from email_contacts.contacts.choices import OVERRIDE
from email_contacts.contacts.guards.settings import WOULD_MERGE
from email_contacts.imports.verification.verdict import DRY_RUN

if TYPE_CHECKING:
    from email_contacts.imports.verification.receipt import Receipt

MAX_REASONS = 5
_WORDS = {
    "completed_with_rejects": "completed with rejected rows",
    "unknown": "ended with an unknown outcome",
}
_NEXT_STEPS = {
    "not_prepared": "Correct the rejected rows in the source, or raise max_rejects, and start the run again.",
    "not_submitted": "Clear the failed task: a batch that was submitted is not submitted again.",
    "import_failed": "See on the platform why it ended the import, then clear the import task.",
    "outcome_unknown": "Check on the platform whether these imports ran before you start the run again.",
    "not_arrived": "Check that the list is the right one, then look at the processes on the platform.",
}


@dataclass(frozen=True)
class ImportReport:
    """A receipt in the words of a message."""

    receipt: Receipt

    @property
    def headline(self) -> str:
        """One line: what, where to, how it ended."""
        rows = self.receipt.rows
        if self.receipt.state == DRY_RUN:
            return f"{self.receipt.dag_id}: dry run: {rows.to_send:,} of {rows.read:,} rows would be sent"
        lists = ", ".join(map(str, self.receipt.list_ids)) or "unknown"
        state = _WORDS.get(self.receipt.state, self.receipt.state)
        return (
            f"{self.receipt.dag_id}: import into list {lists} {state}: "
            f"{rows.accepted:,} of {rows.read:,} rows accepted"
        )

    @property
    def lines(self) -> list[str]:
        """The whole message, line by line."""
        return [self.headline, *self._details(), f"Next step: {self.next_step}"]

    @property
    def account(self) -> str:
        """How many, why, where the rest is listed and what to do, in one line."""
        rows, receipt = self.receipt.rows, self.receipt
        kept = {**receipt.reject_reasons, **receipt.platform, **rows.held_back}
        most = sorted(kept.items(), key=lambda counted: (-counted[1], counted[0]))[:MAX_REASONS]
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in most)
        parts = [
            f"{rows.accepted:,} of {rows.read:,} rows accepted, {self.rejected:,} rejected, "
            f"{sum(rows.held_back.values()):,} held back",
            f"Reasons: {reasons}" if reasons else "",
            f"Rejected rows are listed in {receipt.rejects_uri}"
            if rows.rejected and receipt.rejects_uri
            else "",
            f"Next step: {self.next_step}",
        ]
        return ". ".join(filter(None, parts))

    @property
    def rejected(self) -> int:
        """Rows that were rejected, here or by the platform."""
        return self.receipt.rows.rejected + sum(self.receipt.platform.values())

    @property
    def next_step(self) -> str:
        """What to do now, in one sentence."""
        if self.receipt.state == DRY_RUN:
            return "Run it without dry_run to send them."
        if gone := self.receipt.lists_gone:
            # Clearing the task that failed would look for the same list again.
            return (
                f"Clear the task that finds or creates list {', '.join(map(str, gone))}, and the tasks after "
                "it; where the list is given by its id, give one that exists."
            )
        for reason, advice in _NEXT_STEPS.items():
            if self.receipt.rows.held_back.get(reason):
                return advice
        if not self.receipt.is_good:
            return "See the log of the task that failed first, then clear it."
        if self.rejected:
            return "Correct the rejected rows in the source and import them again."
        if self.receipt.rows.held_back.get(WOULD_MERGE):
            return "Correct the identifiers of the rows that are held back as would_merge, in the source."
        return "Nothing to do."

    def _details(self) -> Iterator[str]:
        receipt, rows = self.receipt, self.receipt.rows
        yield f"Run: {receipt.run_id}"
        yield (
            f"Rows: {rows.read:,} read, {rows.accepted:,} accepted, {rows.rejected:,} rejected, "
            f"{rows.duplicates:,} duplicates, {sum(rows.held_back.values()):,} held back"
            + (f", {rows.unchanged:,} unchanged" if rows.unchanged else "")
        )
        for reason, count in rows.held_back.items():
            yield f"Held back: {count:,} ({reason})"
        by_count = sorted(receipt.platform.items(), key=lambda counted: (-counted[1], counted[0]))
        for reason, count in by_count[:MAX_REASONS]:
            yield f"Rejected by the platform: {count:,} ({reason})"
        if receipt.reason:
            yield f"Reason: {receipt.reason}"
        if receipt.remark:
            yield f"Remark: {receipt.remark}"
        if receipt.process_ids:
            yield f"Processes: {', '.join(map(str, receipt.process_ids[:MAX_REASONS]))}"
        if rows.rejected and receipt.rejects_uri:
            yield f"Rejected rows: {receipt.rejects_uri}"
        if receipt.held_back_uri:
            yield f"Rows held back by a guard: {receipt.held_back_uri}"
        if receipt.guards.get("consent") == OVERRIDE:
            yield (
                f"Opt-outs were overridden for {receipt.guards.get('overridden', 0):,} rows: "
                f"{receipt.guards.get('consent_reason')}"
            )
        if receipt.platform_rejects_uri:
            yield f"Rejected by the platform: {receipt.platform_rejects_uri}"
