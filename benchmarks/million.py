"""``import_contacts`` with a million rows on a running Airflow: how long each step takes, in how much memory.

``python -m benchmarks.million [ROWS]``
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.contacts_file import write_contacts
from local.home import Home
from local.stack import Stack

DAG_ID = "import_contacts"
GIVE_UP_AFTER = 3600


class TaskMemory:
    """The most memory that the process of each task had, sampled from outside."""

    def __init__(self, scheduler_pid: int) -> None:
        self._scheduler = psutil.Process(scheduler_pid)
        self.peaks: dict[str, int] = defaultdict(int)

    @property
    def most(self) -> int:
        """The most that any of them had, in bytes."""
        return max(self.peaks.values(), default=0)

    def sample(self, running: str) -> None:
        """Look at every process that the scheduler's executor has now.

        :param running: the tasks that run, for they share no name with their processes.
        """
        for process in self._scheduler.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                self.peaks[running] = max(self.peaks[running], process.memory_info().rss)


def main(rows: int) -> int:
    """Run and print.

    :return: 0 when the run succeeded and every row is accounted for.
    """
    console = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="airflow-bench-"))
    source = folder / "contacts.csv"
    write_contacts(source, rows)
    console.print(f"{rows:,} rows, {source.stat().st_size / 1e6:.0f} MB of CSV")
    try:
        with Stack(Home(folder / "home")) as stack:
            scheduler = next(service for service in stack.services if service.name == "scheduler")
            memory = TaskMemory(scheduler.pid)
            run_id = stack.rest.trigger(DAG_ID, {"source": str(source), "list": "A million"})
            state = follow(stack, DAG_ID, run_id, memory)
            show(console, stack, DAG_ID, run_id, memory, state=state)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if state == "success" else 1


def follow(stack: Stack, dag_id: str, run_id: str, memory: TaskMemory) -> str:
    """Wait for the end of a run.

    :param memory: sampled meanwhile.
    :return: the run's state.
    """
    until = time.monotonic() + GIVE_UP_AFTER
    state = "running"
    while state not in ("success", "failed") and time.monotonic() < until:
        state = str(stack.rest.run(dag_id, run_id)["state"])
        running = {task["task_id"] for task in stack.rest.tasks(dag_id, run_id) if task["state"] == "running"}
        for _ in range(5):
            memory.sample(" + ".join(sorted(running)) or "none")
            time.sleep(0.2)
    return state


def show(console: Console, stack: Stack, dag_id: str, run_id: str, memory: TaskMemory, *, state: str) -> None:
    """Print the steps of a run, and what its receipt says.

    :param state: of the run.
    """
    table = Table("step", "tasks", "seconds", "peak memory of its process", title=f"{dag_id}, step by step")
    tasks = [task for task in stack.rest.tasks(dag_id, run_id) if task["start_date"] and task["end_date"]]
    for step in dict.fromkeys(task["task_id"] for task in sorted(tasks, key=lambda task: task["start_date"])):
        own = [task for task in tasks if task["task_id"] == step]
        start = min(datetime.fromisoformat(task["start_date"].replace("Z", "+00:00")) for task in own)
        end = max(datetime.fromisoformat(task["end_date"].replace("Z", "+00:00")) for task in own)
        peak = max((size for names, size in memory.peaks.items() if step in names.split(" + ")), default=0)
        table.add_row(
            step,
            str(len(own)),
            f"{(end - start).total_seconds():.1f}",
            f"{peak / 1e6:.0f} MB" if peak else "-",
        )
    console.print(table)
    console.print(f"most of any process: {memory.most / 1e6:.0f} MB")
    receipt = stack.rest.xcom(dag_id, run_id, "receipt", key="receipt")
    console.print(f"run {state}: {receipt and {key: receipt[key] for key in ('state', 'rows', 'lists')}}")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000))
