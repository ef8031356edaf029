"""What one task intended to submit, and what it knows to be submitted.

One entry per request body, found by the body's fingerprint in the task's own state store, which survives
retries and deferral. Written before the request (the intent) and completed after it (the process id), so
that a later try of the task never has to guess. The task alone would be the wrong key: a mapped task that
is expanded anew may get another batch under the same index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timezone
from typing import Any, Protocol

from email_contacts.imports.callbacks import called_key
from email_contacts.imports.waiting.completion_signals import CompletionSignals

# The decision of an import whose answer was not lost.
ACCEPTED = "accepted"


class StateStore(Protocol):
    """What is needed of Airflow's ``context["task_state_store"]``."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the stored JSON value, or the default."""

    def set(self, key: str, value: Any) -> None:
        """Store a JSON value."""

    def delete(self, key: str) -> None:
        """Forget a key; nothing happens when it is not there."""


@dataclass(frozen=True)
class Entry:
    """One import as the ledger knows it.

    :param fingerprint: SHA-256 of the request body, hexadecimal.
    :param intended_at: when the request was about to be sent, ISO 8601 in UTC.
    :param deadline: when waiting for it ends, seconds since the epoch; fixed at the intent and inherited
        by every retry; None after it passed, so that a cleared task waits anew.
    :param generation: the generation of the task that intended it.
    :param newest: the newest process id of the account before the request; 0 when it had none, None when
        nobody can tell.
    :param nonces: of the callback addresses that were sent along, one per sending; empty strings for none.
    :param candidates: imports of the account that may be this one, its answer being lost.
    :param evidence: what else can tell that it has ended (``Evidence.to_json()``); None when not asked for.
    :param process_id: what the platform answered; None while unknown, and for an import that was heard of
        by its callback only.
    :param submitted_at: when it answered; None while the outcome is unknown.
    :param decision: how the process id came to be known: ``ACCEPTED``, or in words what was found out.
    :param closed_in: the generation of the task that ended well with it; None while it is open. Once the
        task is cleared, a closed entry serves only to reconnect while the import still runs.
    """

    fingerprint: str
    intended_at: str
    deadline: float | None
    generation: int = 0
    newest: int | None = None
    nonces: tuple[str, ...] = ()
    candidates: tuple[int, ...] = ()
    evidence: Mapping[str, Any] | None = field(default=None)
    process_id: int | None = None
    submitted_at: str | None = None
    decision: str = ""
    closed_in: int | None = None

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Entry:
        """Read what was stored, by this version or another one; what is not known here is left out."""
        known = {name.name: stored[name.name] for name in fields(cls) if name.name in stored}
        for name in ("nonces", "candidates"):
            known[name] = tuple(known.get(name) or ())
        return cls(**known)

    @property
    def is_submitted(self) -> bool:
        """Whether the platform is known to have accepted it."""
        return self.submitted_at is not None

    @property
    def repeats(self) -> int:
        """How often it was sent again because nobody could tell whether it had been accepted."""
        return max(0, len(self.nonces) - 1)


class Ledger:
    """The entry of one request body in the state store of one task instance.

    :param store: the task's state store.
    :param fingerprint: SHA-256 of the request body, hexadecimal.
    :param generation: a number that clearing the task changes and a retry does not. A worker may die after
        the entry was closed and before Airflow heard of it; that retry must not take itself for cleared.
    """

    def __init__(self, store: StateStore, fingerprint: str, *, generation: int = 0) -> None:
        self._store = store
        self.fingerprint = fingerprint
        self.generation = generation
        self._key = f"email_contacts.import.{fingerprint}"

    def entry(self) -> Entry | None:
        """Read the entry, or None when this body was never intended."""
        stored: Mapping[str, Any] | None = self._store.get(self._key)
        return Entry.read(stored) if stored else None

    def intend(
        self,
        *,
        deadline: float,
        newest: int | None = None,
        nonce: str = "",
        evidence: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Write the intent. Must come before the request.

        :param newest: the newest process id of the account; None when nobody can tell.
        :param nonce: of the callback address that goes along; empty for none.
        :param evidence: what else can tell that the import has ended.
        """
        return self._write(
            Entry(
                self.fingerprint,
                intended_at=now(),
                deadline=deadline,
                generation=self.generation,
                newest=newest,
                nonces=(nonce,),
                evidence=evidence,
            )
        )

    def intend_again(
        self, entry: Entry, *, newest: int | None, nonce: str, evidence: Mapping[str, Any] | None
    ) -> Entry:
        """Write that a request whose fate is unknown is about to be sent once more."""
        return self._write(
            replace(
                entry,
                intended_at=now(),
                newest=newest,
                nonces=(*entry.nonces, nonce),
                evidence=evidence,
                candidates=(),
            )
        )

    def suspect(self, entry: Entry, candidates: tuple[int, ...]) -> Entry:
        """Note which imports of the account may be this one."""
        return self._write(replace(entry, candidates=candidates))

    def record(self, intent: Entry, process_id: int | None, *, decision: str = ACCEPTED) -> Entry:
        """Complete the intent with the platform's answer, or with what was found out about it."""
        return self._write(replace(intent, process_id=process_id, submitted_at=now(), decision=decision))

    def prolong(self, entry: Entry, *, deadline: float) -> Entry:
        """Give an import that is waited for anew another deadline."""
        return self._write(replace(entry, deadline=deadline))

    def rest(self) -> None:
        """Note that the deadline passed while the import still ran."""
        entry = self.entry()
        if entry is not None:
            self._write(replace(entry, deadline=None))

    def close(self) -> None:
        """Mark the import as handed on by a task that ended well."""
        entry = self.entry()
        if entry is not None:
            self._write(replace(entry, closed_in=self.generation))

    def is_past(self, entry: Entry) -> bool:
        """Tell whether the task ended well with this import, and was cleared since."""
        return entry.closed_in is not None and entry.closed_in != self.generation

    def heard_at(self, entry: Entry) -> str | None:
        """Tell when the platform first called back about this import; None when it did not.

        :return: ISO 8601. The web server writes it into the same store.
        """
        calls = (self._store.get(called_key(nonce)) for nonce in entry.nonces if nonce)
        return next((str(call["called_at"]) for call in calls if call), None)

    def was_called(self, evidence: CompletionSignals) -> bool:
        """Tell whether the platform has called back about the submission that left this evidence."""
        return bool(evidence.nonce and self._store.get(called_key(evidence.nonce)))

    def forget(self) -> None:
        """Remove the entry: the request provably did not run, or a person is asked to decide."""
        self._store.delete(self._key)

    def _write(self, entry: Entry) -> Entry:
        self._store.set(
            self._key,
            {**asdict(entry), "nonces": list(entry.nonces), "candidates": list(entry.candidates)},
        )
        return entry


def now() -> str:
    """The present instant as the ledger writes it: ISO 8601, UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
