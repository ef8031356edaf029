"""How an import can end badly.

::

    ImportNotRepeatable                another try of the same task must not simply do it again
    ├── ImportFailed                   the platform says failed or cancelled
    ├── SubmissionUnknown              it may or may not have been accepted
    ├── CannotTell                     the platform does not say how an import ends
    ├── ImportNotAccountedFor          the receipt does not add up, or not everything arrived
    ├── ProcessForgotten               the platform no longer knows the process
    ├── SentElsewhere                  it was sent to another platform than the connection names now
    ├── PerhapsCleared                 it ended well, and the task may have been cleared since
    └── DeadlinePassed                 still running at the deadline, and the task fails with that
    ImportTimeout                      still running at the deadline; it continues on the platform
    IntentSuperseded                   another try of the same task has taken over; this one did not send
    IntentExpired                      the process was suspended before it sent anything
"""

from __future__ import annotations


class ImportNotRepeatable(Exception):
    """Another try of the task would repeat what is already decided, or decide it blindly."""


class ImportFailed(ImportNotRepeatable):
    """The platform ended an import as failed or cancelled."""


class SubmissionUnknown(ImportNotRepeatable):
    """The request may have been accepted, but no process id is known."""


class CannotTell(ImportNotRepeatable):
    """The platform offers no way to see how an import ends."""


class ImportNotAccountedFor(ImportNotRepeatable):
    """Rows are missing: the receipt does not add up, or the lists hold less than was sent."""


class ImportTimeout(TimeoutError):
    """The import still runs at the deadline. It cannot be cancelled and continues on the platform."""


class ProcessForgotten(ImportNotRepeatable):
    """The platform no longer knows the process of an import that it accepted."""


class SentElsewhere(ImportNotRepeatable):
    """The import was sent to another platform than the connection names now, which knows nothing of it."""


class PerhapsCleared(ImportNotRepeatable):
    """The task ended well before; whether a person has cleared it since cannot be told."""


class DeadlinePassed(ImportNotRepeatable):
    """The task's wait is over; a person decides whether to wait longer."""


class IntentSuperseded(RuntimeError):
    """Another try of the same task has taken the import over; this one neither sends nor writes."""

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "another try of this task has taken over its import; this try neither sends nor records it"
        )


class IntentExpired(RuntimeError):
    """The process was suspended between writing the intent and sending. It sent nothing."""
