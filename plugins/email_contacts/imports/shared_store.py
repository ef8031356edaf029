"""What all tasks of an Airflow share, as the submission queue and the rate budget of an account use it.

The store has no compare-and-set. What it has is enough: a write is seen by every list that begins after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

# DAG id, run id, task id, map index (-1: not mapped).
TaskKey = tuple[str, str, str, int]


class SharedStore(Protocol):
    """What is needed of Airflow's variables, and of what Airflow knows of its tasks."""

    @property
    def takes_threads(self) -> bool:
        """Whether threads may use it besides the task's own."""

    def keys(self, prefix: str) -> Sequence[str]:
        """List the keys that begin so."""

    def get(self, key: str) -> str | None:
        """Return the text, or None."""

    def set(self, key: str, value: str) -> None:
        """Write the text."""

    def delete(self, key: str) -> None:
        """Remove the key; nothing happens when it is not there."""

    def task_state(self, task: TaskKey) -> str | None:
        """Return the state of a task instance; None when it has none, or does not exist."""


def digest(text: str) -> str:
    """Shorten a name to what fits into the key of a variable."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
