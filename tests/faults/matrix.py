"""The kill matrix: every point, in every mode of waiting."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from email_contacts.imports import moments
from local.processes import kill_at_once
from tests.faults.trial import Trial
from tests.faults.under_fire import UnderFire

MODES = ("in_worker", "deferred")
# Where the task's process kills itself, and which of these come after the wait.
MOMENTS = {
    "before_intent": moments.BEFORE_INTENT,
    "after_intent": moments.AFTER_INTENT,
    "after_answer": moments.AFTER_ANSWER,
    "after_ledger": moments.AFTER_LEDGER,
    "before_waiting": moments.BEFORE_DEFERRAL,
    "woken": moments.WOKEN,
    "ended": moments.ENDED,
    "receipt_written": moments.RECEIPT_WRITTEN,
}
AFTER_THE_WAIT = ("woken", "ended")
ACCEPTED = "accepted_unanswered"
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
    *(Row(point, mode) for point in (*MOMENTS, ACCEPTED) for mode in MODES),
    *(
        Row(f"{component}_while_{waiter}_waits", mode, waiter, component)
        for component, waiter in COMPONENTS.items()
        for mode in MODES
    ),
)


class Matrix:
    """All rows on one Airflow: those that kill only themselves run side by side."""

    def __init__(self, airflow: UnderFire, folder: Path) -> None:
        self._airflow = airflow
        self._folder = folder
        self._trials: dict[Row, Trial] = {}
        self._struck: set[Row] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Matrix:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def trial(self, row: Row) -> Trial:
        """The trial of a row, begun together with the rows that it can run beside."""
        for other in ROWS:
            if other not in self._trials and other.component == row.component:
                self._trials[other] = self._begin(other)
        return self._trials[row]

    def strike(self, row: Row) -> None:
        """Kill what the row says, and let its platform finish the import."""
        trial = self.trial(row)
        if row.component:
            if row not in self._struck:
                self._strike_component(row)
        elif row.point == ACCEPTED:
            trial.await_import()
            kill_at_once(trial.task("import")["pid"])
        else:
            if row.point in AFTER_THE_WAIT:
                trial.await_waiting()
                trial.release()
            trial.await_death()
            trial.release()

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

    def _begin(self, row: Row) -> Trial:
        knobs: dict[str, object] = {"hold": "in_process" if row.is_held else "none"}
        if row.point == ACCEPTED:
            knobs["faults"] = [{"route": "import", "kind": "slow", "seconds": 600}]
        trial = Trial(
            self._airflow,
            str(row),
            dag_id=f"{row.waiter}_waits_{row.mode}",
            folder=self._folder / str(row),
            moment=MOMENTS.get(row.point, ""),
            knobs=knobs,
        )
        return self._stack.enter_context(trial)
