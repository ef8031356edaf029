"""The kill matrix: every point, in every mode of waiting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from email_contacts.imports import failpoints
from local.processes import kill_at_once
from tests.faults.trial import Trial
from tests.faults.under_fire import UnderFire

MODES = ("in_worker", "deferred")
# Where the task's process kills itself, and which of these come after the wait.
MOMENTS = {
    "before_intent": failpoints.BEFORE_INTENT,
    "after_intent": failpoints.AFTER_INTENT,
    "after_answer": failpoints.AFTER_ANSWER,
    "after_ledger": failpoints.AFTER_LEDGER,
    "before_waiting": failpoints.BEFORE_DEFERRAL,
    "woken": failpoints.WOKEN,
    "ended": failpoints.ENDED,
    "receipt_written": failpoints.RECEIPT_WRITTEN,
}
AFTER_THE_WAIT = ("woken", "ended")
ACCEPTED = "accepted_unanswered"
# Seconds; as long as a connection may wait for an answer.
FOREVER = 600
# What is killed while an import is waited for, and who waits for it.
COMPONENTS = {"worker": "operator", "triggerer": "sensor", "api_server": "operator", "scheduler": "sensor"}


@dataclass(frozen=True)
class Row:
    """One point and one mode.

    :param waiter: who waits: ``operator`` or ``sensor``.
    :param component: what is killed from outside while the import is waited for; "" at other points.
    """

    point: str
    mode: str
    waiter: str = "operator"
    component: str = ""

    def __str__(self) -> str:
        return f"{self.point}-{self.mode}"

    @property
    def is_held(self) -> bool:
        """Whether its platform goes on with the import only when the matrix says so."""
        return bool(self.component) or self.point in ("before_waiting", *AFTER_THE_WAIT)

    def shares_kill_with(self, other: Row) -> bool:
        """Whether one kill serves both; a worker is another one in another mode."""
        return self.component == other.component and (self.component != "worker" or self.mode == other.mode)


ROWS = (
    # First what holds a worker until it is killed.
    *(Row(point, mode) for point in (ACCEPTED, *MOMENTS) for mode in MODES),
    *(
        Row(f"{component}_while_{waiter}_waits", mode, waiter, component)
        for component, waiter in COMPONENTS.items()
        for mode in MODES
    ),
)


class Matrix:
    """All rows on one Airflow, in groups.

    The rows that kill only themselves run side by side; then come those of one component after those of the
    other. A group begins when the last kill of the group before it is done.
    """

    def __init__(self, airflow: UnderFire, folder: Path) -> None:
        self._airflow = airflow
        self._folder = folder
        self._trials: dict[Row, Trial] = {}
        self._struck: set[Row] = set()

    def __enter__(self) -> Matrix:
        return self

    def __exit__(self, *_: object) -> None:
        # Each takes a moment to end, and they are many.
        with ThreadPoolExecutor() as pool:
            list(pool.map(Trial.end, self._trials.values()))

    def trial(self, row: Row) -> Trial:
        """The trial of a row, begun together with those of its group."""
        self._begin_group(row.component)
        return self._trials[row]

    def strike(self, row: Row) -> None:
        """Kill what the row says, and let its platform finish the import."""
        if row in self._struck:
            return
        trial = self._trials[row]
        if row.component:
            self._strike_component(row)
        elif row.point == ACCEPTED:
            trial.await_import()
            kill_at_once(trial.task("import")["pid"])
            trial.await_retry("import")
        else:
            if row.point in AFTER_THE_WAIT:
                trial.await_waiting()
                trial.release()
            trial.await_death()
            trial.release()
        self._struck.add(row)
        if all(other in self._struck for other in ROWS if other.component == row.component):
            self._begin_group(_after(row.component))

    def _begin_group(self, component: str | None) -> None:
        for row in ROWS:
            if row.component == component and row not in self._trials:
                self._trials[row] = self._make(row)
                self._trials[row].begin()

    def _strike_component(self, row: Row) -> None:
        """Kill it once for all rows that say so; their imports end while it is gone."""
        struck = {other: trial for other, trial in self._trials.items() if row.shares_kill_with(other)}
        for trial in struck.values():
            trial.await_waiting()
        with self._without(row, list(struck.values())):
            for trial in struck.values():
                trial.release()
                trial.await_platform()
        self._struck |= struck.keys()

    def _without(self, row: Row, trials: list[Trial]) -> AbstractContextManager[None]:
        if row.component != "worker":
            return self._airflow.without(row.component)
        running = [trial.task(trial.waiter)["pid"] for trial in trials if trial.waits_in_worker]
        return self._airflow.without_workers_of(running)

    def _make(self, row: Row) -> Trial:
        is_slow = row.point == ACCEPTED
        return Trial(
            self._airflow,
            str(row),
            dag_id=f"{row.waiter}_waits_{row.mode}",
            folder=self._folder / str(row),
            moment=MOMENTS.get(row.point, ""),
            knobs={
                "hold": "in_process" if row.is_held else "none",
                "faults": [{"route": "import", "kind": "slow", "seconds": FOREVER}] if is_slow else [],
            },
            extra={"timeout": FOREVER} if is_slow else {},
        )


def _after(component: str) -> str | None:
    """The next group; None after the last."""
    groups = ["", *COMPONENTS, None]
    return groups[groups.index(component) + 1]
