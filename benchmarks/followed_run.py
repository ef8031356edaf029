"""One run of a DAG on a running Airflow, followed to its end: how long each step took, in how much memory.

Knows Airflow's REST API and the processes of this machine; not what the DAG does.
"""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import suppress
from datetime import datetime
from typing import Any

import psutil
from rich.table import Table

from local.running import RunningAirflow

GIVE_UP_AFTER = 3600


class TaskMemory:
    """The most memory that the process of each task had, sampled from outside."""

    def __init__(self, scheduler_pid: int) -> None:
        self._scheduler = psutil.Process(scheduler_pid)
        self.peaks: dict[str, int] = defaultdict(int)

    def sample(self, running: str) -> None:
        """Look at every process that the scheduler's executor has now.

        :param running: the tasks that run, for they share no name with their processes.
        """
        for process in self._scheduler.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                self.peaks[running] = max(self.peaks[running], process.memory_info().rss)


class FollowedRun:
    """A run, from its trigger to its end.

    :param airflow: with LocalExecutor, whose tasks are the scheduler's children.
    """

    def __init__(self, airflow: RunningAirflow, dag_id: str, conf: dict[str, Any]) -> None:
        self._rest = airflow.rest
        self._dag_id = dag_id
        self._memory = TaskMemory(airflow.service("scheduler").pid)
        self._run_id = self._rest.trigger(dag_id, conf)

    def end(self) -> str:
        """Wait for it.

        :return: its state; ``running`` when it took longer than an hour.
        """
        until = time.monotonic() + GIVE_UP_AFTER
        state = "running"
        while state not in ("success", "failed") and time.monotonic() < until:
            state = str(self._rest.run(self._dag_id, self._run_id)["state"])
            tasks = self._rest.tasks(self._dag_id, self._run_id)
            running = {task["task_id"] for task in tasks if task["state"] == "running"}
            for _ in range(5):
                self._memory.sample(" + ".join(sorted(running)) or "none")
                time.sleep(0.2)
        return state

    def xcom(self, task_id: str, key: str) -> Any:
        """The value that a task pushed; None when there is none."""
        return self._rest.xcom(self._dag_id, self._run_id, task_id, key=key)

    @property
    def peak_memory(self) -> int:
        """The most bytes that the process of any task had."""
        return max(self._memory.peaks.values(), default=0)

    def steps(self) -> Table:
        """What each step took."""
        table = Table(
            "step", "tasks", "seconds", "peak memory of its process", title=f"{self._dag_id}, step by step"
        )
        steps: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for task in self._rest.tasks(self._dag_id, self._run_id):
            if task["start_date"] and task["end_date"]:
                steps[task["task_id"]].append((_moment(task["start_date"]), _moment(task["end_date"])))
        for step, times in sorted(steps.items(), key=lambda one: min(one[1])):
            seconds = max(end for _, end in times) - min(start for start, _ in times)
            peak = self._peak_of(step)
            table.add_row(step, str(len(times)), f"{seconds:.1f}", f"{peak / 1e6:.0f} MB" if peak else "-")
        return table

    def _peak_of(self, step: str) -> int:
        peaks = self._memory.peaks.items()
        return max((size for names, size in peaks if step in names.split(" + ")), default=0)


def _moment(instant: str) -> float:
    return datetime.fromisoformat(instant.replace("Z", "+00:00")).timestamp()
