"""The context of a running task, as far as the operators use it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Context

from email_contacts.imports.shared_store import TaskKey

if TYPE_CHECKING:
    import pytest


STARTED = datetime(2026, 11, 22, 10, tzinfo=timezone.utc)


class StateStore(dict[str, Any]):
    """A task's state store: like Airflow's, it takes JSON but no None, and forgets quietly."""

    def set(self, key: str, value: Any) -> None:
        if value is None:
            raise ValueError("Cannot set value as None")
        self[key] = value

    def delete(self, key: str) -> None:
        self.pop(key, None)

    @property
    def ledger_entry(self) -> dict[str, Any]:
        """What the ledger holds of the task's only import, beside what the task last reported."""
        (entry,) = (entry for key, entry in self.items() if key.startswith("email_contacts.import."))
        return cast("dict[str, Any]", entry)


class SharedStore:
    """Airflow's variables, which all tasks share. Every call is atomic, and others may come between two."""

    takes_threads = True

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.states: dict[TaskKey, str | None] = {}
        self._lock = threading.Lock()

    def keys(self, prefix: str) -> Sequence[str]:
        with self._lock:
            return [key for key in self.values if key.startswith(prefix)]

    def get(self, key: str) -> str | None:
        with self._lock:
            return self.values.get(key)

    def set(self, key: str, value: str) -> None:
        with self._lock:
            self.values[key] = value

    def delete(self, key: str) -> None:
        with self._lock:
            self.values.pop(key, None)

    def task_state(self, task: TaskKey) -> str | None:
        """Return what a test says of a task; it lives, where it says nothing."""
        return self.states.get(task, "running")

    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be what all operators and triggers of this process share."""
        for method in ("keys", "get", "set", "delete", "task_state"):
            monkeypatch.setattr(f"email_contacts.variables.SharedVariables.{method}", getattr(self, method))


@dataclass
class TaskInstance:
    """Remembers what a task pushed."""

    dag_id: str = "a_dag"
    run_id: str = "manual__2026-11-22T10:00:00+00:00"
    task_id: str = "a_task"
    map_index: int = -1
    max_tries: int = 3
    pushed: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def make_context(
    store: StateStore,
    outlet_events: Mapping[Any, Any] | None = None,
    asset_store: StateStore | None = None,
    *,
    clear_number: int = 0,
) -> Context:
    """Make the context of a further try of the same task.

    :param asset_store: the state store of each of its outlets; outlives the task and its run.
    :param clear_number: how often tasks of the run were cleared.
    """
    kept = StateStore() if asset_store is None else asset_store
    return cast(
        "Context",
        {
            "ti": TaskInstance(),
            "dag_run": SimpleNamespace(start_date=STARTED, run_after=STARTED, clear_number=clear_number),
            "task_state_store": store,
            "outlet_events": defaultdict(lambda: SimpleNamespace(extra=None), outlet_events or {}),
            "asset_state_store": defaultdict(lambda: kept),
        },
    )


def pushed(context: Context) -> dict[str, Any]:
    """What the task pushed, by key."""
    return cast("TaskInstance", context["ti"]).pushed
