"""The record of an import in the task's own state, which survives retries, deferral and a dead worker.

One record per import, found by the fingerprint of its request (``ImportRequest.identity``). Written before
the request (the intent) and completed after it (the process id), so that a later try of the task never has to
guess. The task alone would be the wrong key: a mapped task that is expanded again may get another batch under
the same index.

Two tries of one task can be alive at once: a worker that was frozen wakes up after its retry has taken over.
So each try has a token, a try that begins takes the record over, and only its owner sends or writes.
Airflow's state store has no compare-and-set: each write reads the owner first, and between the two is a gap
of one request to Airflow (see docs/reliability.md).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from email_contacts.imports.callbacks import called_key
from email_contacts.imports.errors import IntentExpired, IntentSuperseded
from email_contacts.imports.submission.import_record import ACCEPTED, ImportRecord, now
from email_contacts.imports.waiting.completion_signals import CompletionSignals

# An intent is sent at once. One that is older was written before the process was suspended.
FRESH = timedelta(seconds=60)


class StateStore(Protocol):
    """What is needed of Airflow's ``context["task_state_store"]``."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the stored JSON value, or the default."""

    def set(self, key: str, value: Any) -> None:
        """Store a JSON value."""

    def delete(self, key: str) -> None:
        """Remove a key; nothing happens when it is not there."""


class Ledger:
    """The record of one import in the state store of one task instance, as one try of the task sees it.

    All methods that write raise :class:`IntentSuperseded` when another try has taken the record over.

    :param store: the task's state store.
    :param fingerprint: SHA-256 of the request's identity, hexadecimal.
    :param generation: a number that clearing the task changes and a retry does not. A worker may die after
        the record was closed and before Airflow knew of it; that retry must not take itself for cleared.
    :param clearings: how often tasks of the run were cleared, this one or others; None where not known. For
        the generation stays the same if the task is cleared with fewer retries than before.
    :param platform: the platform that the connection names (``platform_address``); empty: not compared.
    """

    def __init__(
        self,
        store: StateStore,
        fingerprint: str,
        *,
        generation: int = 0,
        clearings: int | None = None,
        platform: str = "",
    ) -> None:
        self._store = store
        self.fingerprint = fingerprint
        self.generation = generation
        self.platform = platform
        self._clearings = clearings
        self.token = secrets.token_hex(8)
        self._key = _record_key(fingerprint)

    def record(self) -> ImportRecord | None:
        """Read the record, or None when this body was never intended."""
        stored: Mapping[str, Any] | None = self._store.get(self._key)
        return ImportRecord.read(stored) if stored else None

    def take_over(self) -> ImportRecord | None:
        """Make this try the record's owner, and read it. Its owner before can neither send nor write."""
        record = self.record()
        if record is None or record.owner == self.token:
            return record
        # Once the connection names its platform again, another move is told of, too.
        stopped_in = record.stopped_in if self.is_elsewhere(record) else None
        return self._set(replace(record, owner=self.token, stopped_in=stopped_in))

    def intend(
        self,
        *,
        deadline: float,
        newest: int | None = None,
        nonce: str = "",
        evidence: Mapping[str, Any] | None = None,
    ) -> ImportRecord:
        """Write the intent. Must come before the request.

        :param newest: the newest process id of the account; None when that is not known.
        :param nonce: of the callback address that goes along; empty for none.
        :param evidence: what else can show that the import has ended.
        """
        current = self.record()
        if current is not None and current.owner != self.token:
            raise IntentSuperseded
        return self._set(
            ImportRecord(
                self.fingerprint,
                intended_at=now(),
                deadline=deadline,
                generation=self.generation,
                sent_to=self.platform,
                owner=self.token,
                senders=(self.token,),
                newest=newest,
                nonces=(nonce,),
                evidence=evidence,
            )
        )

    def intend_again(
        self, record: ImportRecord, *, newest: int | None, nonce: str, evidence: Mapping[str, Any] | None
    ) -> ImportRecord:
        """Write that a request whose outcome is unknown is about to be sent once more."""
        return self._write(
            replace(
                record,
                intended_at=now(),
                senders=tuple(dict.fromkeys((*record.senders, self.token))),
                newest=newest,
                nonces=(*record.nonces, nonce),
                evidence=evidence,
                candidates=(),
            )
        )

    def confirm(self, intent: ImportRecord) -> None:
        """Check that an intent is still this try's own and fresh. To be called directly before the request.

        :raises IntentSuperseded: when another try has taken over meanwhile.
        :raises IntentExpired: when the process was suspended since it wrote the intent.
        """
        self.check_own()
        age = datetime.fromisoformat(now()) - datetime.fromisoformat(intent.intended_at)
        if not -FRESH <= age <= FRESH:
            raise IntentExpired(
                f"the intent to import is {age.total_seconds():.0f} s old: the process was suspended after "
                "it wrote the intent. This try sent nothing; the next one does"
            )

    def check_own(self) -> None:
        """Check that the record is still this try's own.

        :raises IntentSuperseded: when another try has taken over meanwhile.
        """
        current = self.record()
        if current is None or current.owner != self.token:
            raise IntentSuperseded

    def suspect(self, record: ImportRecord, candidates: tuple[int, ...]) -> ImportRecord:
        """Note which imports of the account may be this one."""
        return self._write(replace(record, candidates=candidates))

    def complete(
        self,
        intent: ImportRecord,
        process_id: int | None,
        *,
        decision: str = ACCEPTED,
        candidates: tuple[int, ...] = (),
    ) -> ImportRecord:
        """Complete the intent with the platform's answer, or with what was found out about it.

        An answer that comes after another try has taken over does not touch the record. It is kept aside,
        where that try finds it (:meth:`late_answers`).
        """
        try:
            return self._write(
                replace(
                    intent,
                    process_id=process_id,
                    submitted_at=now(),
                    decision=decision,
                    candidates=candidates,
                )
            )
        except IntentSuperseded:
            if decision == ACCEPTED:
                self._store.set(_late_key(self.token), {"process_id": process_id, "answered_at": now()})
            raise

    def late_answers(self, record: ImportRecord) -> tuple[int, ...]:
        """Process ids that were answered to other tries, after they had lost the record."""
        answers = (self._late_answer(token) for token in record.senders)
        return tuple(answer for answer in answers if answer is not None)

    def late_answer(self, record: ImportRecord) -> int | None:
        """The process id that was answered to the last sending, after its try had lost the record."""
        return self._late_answer(record.senders[-1]) if record.senders else None

    def prolong(self, record: ImportRecord, *, deadline: float) -> ImportRecord:
        """Set another deadline for an import that is waited for again."""
        return self._write(replace(record, deadline=deadline))

    def stop(self, record: ImportRecord) -> None:
        """Note that a person was told that the connection names another platform."""
        self._write(replace(record, stopped_in=self.generation))

    def rest(self) -> None:
        """Note that the deadline passed while the import still ran."""
        self._change(deadline=None)

    def close(self) -> None:
        """Mark the import as handed on by a task that ended well."""
        self._change(closed_in=self.generation, clearings=self._clearings)

    def is_past(self, record: ImportRecord) -> bool:
        """Whether the task ended well with this import, and was cleared since."""
        return record.closed_in is not None and record.closed_in != self.generation

    def is_elsewhere(self, record: ImportRecord) -> bool:
        """Whether it is for another platform than the connection names."""
        return bool(record.sent_to and self.platform and record.sent_to != self.platform)

    def may_be_past(self, record: ImportRecord) -> bool:
        """Whether the task ended well with this import, and it cannot be told if it was cleared since.

        Tasks of the run were, and the generation is the same. This may be a retry after a worker that died
        between closing and success, while another task was cleared; or this task was, with fewer retries.
        """
        return (
            record.closed_in == self.generation
            and None not in (record.clearings, self._clearings)
            and record.clearings != self._clearings
        )

    def called_at(self, record: ImportRecord) -> str | None:
        """When the platform first called back about this import; None when it did not.

        :return: ISO 8601. The web server writes it into the same store.
        """
        calls = (self._store.get(called_key(nonce)) for nonce in record.nonces if nonce)
        return next((str(call["called_at"]) for call in calls if call), None)

    def was_called(self, evidence: CompletionSignals) -> bool:
        """Whether the platform has called back about the submission that left this evidence."""
        return bool(evidence.nonce and self._store.get(called_key(evidence.nonce)))

    def forget(self) -> None:
        """Remove the record: the request provably did not run, or a person is asked to decide."""
        if self.record() is not None:
            self.check_own()
            self._store.delete(self._key)

    def _late_answer(self, token: str) -> int | None:
        if token == self.token:
            return None
        answer = self._store.get(_late_key(token))
        return int(answer["process_id"]) if answer else None

    def _change(self, **changes: Any) -> None:
        if (record := self.record()) is not None:
            self._write(replace(record, **changes))

    def _write(self, record: ImportRecord) -> ImportRecord:
        self.check_own()
        return self._set(replace(record, owner=self.token))

    def _set(self, record: ImportRecord) -> ImportRecord:
        self._store.set(self._key, record.to_json())
        return record


def recorded_fingerprint(store: StateStore, fingerprint: str, former: str) -> str:
    """The fingerprint under which an import is recorded, or is to be.

    :param former: the one that an earlier version used. A record keeps it until it is forgotten.
    """
    if former == fingerprint or store.get(_record_key(fingerprint)) or not store.get(_record_key(former)):
        return fingerprint
    return former


def _record_key(fingerprint: str) -> str:
    return f"email_contacts.import.{fingerprint}"


def _late_key(token: str) -> str:
    return f"email_contacts.answered.{token}"
