"""The account of the rows: where each row of the source went.

Always: read = accepted + rejected + duplicates + held back + unchanged, in failed runs too. Where nothing is
unchanged, as in an import without a snapshot, that one is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from email_contacts.contacts.guards.settings import GUARD_REASONS

if TYPE_CHECKING:
    from email_contacts.contacts.staging.manifest import Batch, Rows

# What a batch came to, and for all but the first, why its rows are held back.
ACCEPTED = "accepted"
NOT_PREPARED = "not_prepared"
NOT_SUBMITTED = "not_submitted"
IMPORT_FAILED = "import_failed"
OUTCOME_UNKNOWN = "outcome_unknown"
NOT_ARRIVED = "not_arrived"


@dataclass(frozen=True)
class RowAccount:
    """Rows of the source, counted by where they went.

    :param read: rows of the source.
    :param accepted: rows that were submitted in an import that completed.
    :param rejected: rows that break a rule and were not sent.
    :param duplicates: rows that another row about the same contact supersedes.
    :param held_back: valid rows that are not known to be imported, by reason: ``not_prepared`` (the
        preparation stopped at too many rejected rows), ``not_submitted``,
        ``import_failed`` (some of them may still be imported), ``outcome_unknown``, ``not_arrived``; and
        those that a guard did not let through: ``opted_out``, ``no_consent``, ``would_merge``.
    :param unchanged: rows that were not sent because they are as the snapshot says they were confirmed.
    """

    read: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    held_back: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0

    @classmethod
    def of(cls, prepared: Rows | None, outcomes: Iterable[tuple[Batch, str]]) -> RowAccount:
        """Account for the rows of a preparation.

        :param prepared: what the preparation counted; None where that is not known.
        :param outcomes: each batch with what it came to. Valid rows that are in none of them are of unknown
            outcome.
        """
        if prepared is None:
            return cls()
        by_outcome: dict[str, int] = {}
        for batch, outcome in outcomes:
            by_outcome[outcome] = by_outcome.get(outcome, 0) + batch.contacts
        if others := prepared.accepted - sum(by_outcome.values()):
            by_outcome[OUTCOME_UNKNOWN] = by_outcome.get(OUTCOME_UNKNOWN, 0) + others
        accepted = by_outcome.pop(ACCEPTED, 0)
        by_reason = {**by_outcome, **prepared.held_back}
        held_back = {reason: rows for reason, rows in sorted(by_reason.items()) if rows}
        return cls(
            prepared.read, accepted, prepared.rejected, prepared.duplicates, held_back, prepared.unchanged
        )

    def with_accepted_held_back(self, reason: str) -> RowAccount:
        """The same with the rows held back that were taken for accepted."""
        held_back = {**self.held_back, reason: self.accepted} if self.accepted else self.held_back
        return replace(self, accepted=0, held_back=held_back)

    @property
    def to_send(self) -> int:
        """Rows that were to be sent, whether they arrived or not."""
        return self.accepted + sum(
            rows for reason, rows in self.held_back.items() if reason not in GUARD_REASONS
        )

    @property
    def unaccounted(self) -> int:
        """Rows that are nowhere; anything but 0 is a fault."""
        held_back = sum(self.held_back.values())
        return self.read - self.accepted - self.rejected - self.duplicates - held_back - self.unchanged

    def to_json(self) -> dict[str, Any]:
        """The counts, with the rows that are held back in one sum; ``unchanged`` only where there are any."""
        counts = {**asdict(self), "held_back": sum(self.held_back.values())}
        return {name: count for name, count in counts.items() if count or name != "unchanged"}
