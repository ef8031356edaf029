"""What is known of one import, from intent to end: the ledger's entry, and the XCom ``submission``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timezone
from typing import Any

# The decision of an import whose answer was not lost.
ACCEPTED = "accepted"

_TUPLES = ("nonces", "candidates", "senders", "other_process_ids")
# What other tasks need of it; the rest is the ledger's own.
_FOR_OTHER_TASKS = (
    "process_id",
    "fingerprint",
    "sent_to",
    "intended_at",
    "submitted_at",
    "deadline",
    "is_reconnected",
    "decision",
    "repeats",
    "evidence",
    "candidates",
    "other_process_ids",
)


@dataclass(frozen=True)
class ImportRecord:
    """One import as far as it is known. No personal data.

    :param fingerprint: SHA-256 of what makes it this import (``ImportRequest.identity``), hexadecimal.
    :param intended_at: when the request was about to be sent, ISO 8601 in UTC.
    :param deadline: when waiting for it ends, seconds since the epoch; fixed at the intent and inherited
        by every retry; None after it passed, so that a cleared task waits again.
    :param generation: the generation of the task that intended it.
    :param sent_to: the platform it is for (``platform_address``); empty in records of versions that had none.
    :param stopped_in: the generation of the task that stopped because the connection names another platform.
    :param owner: the token of the try that this record belongs to; only that one may send or write. Empty in
        records of versions that had none.
    :param senders: the tokens of the tries that were about to send it, in order.
    :param newest: the newest process id of the account before the request; 0 when it had none, None when
        that is not known.
    :param nonces: of the callback addresses that were sent along, one per sending; empty strings for none.
    :param candidates: imports of the account that may be this one, its answer being lost.
    :param evidence: what else can tell that it has ended (``CompletionSignals.to_json()``); None when not
        asked for.
    :param process_id: what the platform answered; None while unknown, and for an import that is known
        by its callback only.
    :param submitted_at: when it answered; None while the outcome is unknown.
    :param decision: how the process id came to be known: ``ACCEPTED``, or in words what was found out.
    :param closed_in: the generation of the task that ended well with it; None while it is open. Once the
        task is cleared, a closed record serves only to reconnect while the import still runs.
    :param clearings: how often tasks of the run had been cleared when it was closed; None where not known.
    :param other_process_ids: further processes that carried the same rows: answers that came after another
        try had taken over.
    :param is_reconnected: whether an earlier try of the task submitted it; not stored.
    """

    fingerprint: str
    intended_at: str
    deadline: float | None
    generation: int = 0
    sent_to: str = ""
    stopped_in: int | None = None
    owner: str = ""
    senders: tuple[str, ...] = ()
    newest: int | None = None
    nonces: tuple[str, ...] = ()
    candidates: tuple[int, ...] = ()
    evidence: Mapping[str, Any] | None = field(default=None)
    process_id: int | None = None
    submitted_at: str | None = None
    decision: str = ""
    closed_in: int | None = None
    clearings: int | None = None
    other_process_ids: tuple[int, ...] = ()
    is_reconnected: bool = False

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> ImportRecord:
        """Read what was stored, by this version or another one; what is not known here is left out."""
        known = {name.name: stored[name.name] for name in fields(cls) if name.name in stored}
        return cls(**{**known, **{name: tuple(known.get(name) or ()) for name in _TUPLES}})

    def to_json(self) -> dict[str, Any]:
        """The ledger's entry."""
        stored = {**asdict(self), **{name: list(getattr(self, name)) for name in _TUPLES}}
        del stored["is_reconnected"]
        return stored

    def to_xcom(self) -> dict[str, Any]:
        """The XCom ``submission``, for the tasks that wait for the import and account for it."""
        known = {**self.to_json(), "is_reconnected": self.is_reconnected, "repeats": self.repeats}
        return {name: known[name] for name in _FOR_OTHER_TASKS}

    @property
    def is_submitted(self) -> bool:
        """Whether the platform is known to have accepted it."""
        return self.submitted_at is not None

    @property
    def repeats(self) -> int:
        """How often it was sent again because nothing proved that it had been accepted."""
        return max(0, len(self.nonces) - 1)


def now() -> str:
    """The present instant as records hold it: ISO 8601, UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
