"""The kill matrix: every point, in every mode of waiting."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from email_contacts.imports import moments
from local.processes import kill_at_once
from tests.faults.trial import Trial
from tests.faults.under_fire import UnderFire

MODES = ("deferred", "in_worker")
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
COMPONENTS = ("worker", "triggerer", "api_server", "scheduler")


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
    def is_independent(self) -> bool:
        """Whether only its own task is killed, so that other rows may run meanwhile."""
        return not self.component

    @property
    def is_held(self) -> bool:
        """Whether its platform goes on with the import only when the matrix says so."""
        return bool(self.component) or self.point in ("before_waiting", *AFTER_THE_WAIT)


ROWS = (
    *(Row(point, mode) for point in (*MOMENTS, ACCEPTED) for mode in MODES),
    *(
        Row(f"{component}_while_{waiter}_waits", mode, waiter, component)
        for component in COMPONENTS
        for waiter in ("operator", "sensor")
        for mode in MODES
    ),
)


class Matrix:
    """All rows on one Airflow: those that kill only themselves run side by side."""

    def __init__(self, airflow: UnderFire, folder: Path) -> None:
        self._airflow = airflow
        self._folder = folder
        self._trials: dict[Row, Trial] = {}
        self._struck: set[str] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Matrix:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def trial(self, row: Row) -> Trial:
        """The trial of a row, begun together with the rows that it can run beside."""
        for other in ROWS:
            if other not in self._trials and _run_together(row, other):
                self._trials[other] = self._begin(other)
        return self._trials[row]

    def strike(self, row: Row) -> None:
        """Kill what the row says, and let its platform finish the import."""
        trial = self.trial(row)
        if row.component == "worker":
            self._strike_worker(trial)
        elif row.component:
            self._strike_component(row.component)
        elif row.point == ACCEPTED:
            trial.await_import()
            kill_at_once(trial.task("import")["pid"])
        else:
            if row.point in AFTER_THE_WAIT:
                trial.await_waiting()
                trial.release()
            trial.await_death()
            trial.release()

    def _strike_worker(self, trial: Trial) -> None:
        trial.await_waiting()
        pid = trial.task(trial.waiter)["pid"] if trial.waits_in_worker else None
        with self._airflow.without_worker_of(pid):
            trial.release()
            trial.await_platform()

    def _strike_component(self, component: str) -> None:
        """Kill it once for all rows that say so; their imports end while it is gone."""
        if component in self._struck:
            return
        self._struck.add(component)
        trials = [trial for row, trial in self._trials.items() if row.component == component]
        for trial in trials:
            trial.await_waiting()
        with self._airflow.without(component):
            for trial in trials:
                trial.release()
                trial.await_platform()

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


def _run_together(row: Row, other: Row) -> bool:
    if row.is_independent or other.is_independent:
        return row.is_independent and other.is_independent
    return row.component == other.component
