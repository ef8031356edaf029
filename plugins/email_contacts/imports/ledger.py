"""What one task intended to submit, and what it knows to be submitted.

One entry per request body, found by the body's fingerprint in the task's own state store, which survives
retries and deferral. Written before the request (the intent) and completed after it (the process id), so
that a later try of the task never has to guess. The task alone would be the wrong key: a mapped task that
is expanded anew may get another batch under the same index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from typing import Any, Protocol


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
    :param process_id: what the platform answered; None while unknown.
    :param submitted_at: when it answered.
    :param closed_in: the generation of the task that ended well with it; None while it is open. Once the
        task is cleared, a closed entry serves only to reconnect while the import still runs.
    """

    fingerprint: str
    intended_at: str
    deadline: float | None
    process_id: int | None = None
    submitted_at: str | None = None
    closed_in: int | None = None


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
        self._generation = generation
        self._key = f"email_contacts.import.{fingerprint}"

    def entry(self) -> Entry | None:
        """Read the entry, or None when this body was never intended."""
        stored: Mapping[str, Any] | None = self._store.get(self._key)
        return Entry(**stored) if stored else None

    def intend(self, *, deadline: float) -> Entry:
        """Write the intent. Must come before the request."""
        return self._write(Entry(self.fingerprint, intended_at=_now(), deadline=deadline))

    def record(self, intent: Entry, process_id: int) -> Entry:
        """Complete the intent with the platform's answer."""
        return self._write(replace(intent, process_id=process_id, submitted_at=_now()))

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
            self._write(replace(entry, closed_in=self._generation))

    def is_past(self, entry: Entry) -> bool:
        """Tell whether the task ended well with this import, and was cleared since."""
        return entry.closed_in is not None and entry.closed_in != self._generation

    def forget(self) -> None:
        """Remove the entry: the request provably did not run, or a person is asked to decide."""
        self._store.delete(self._key)

    def _write(self, entry: Entry) -> Entry:
        self._store.set(self._key, asdict(entry))
        return entry


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
