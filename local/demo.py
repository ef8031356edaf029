"""``make demo``: the main job, for real, on the sandbox; every step shown as it happens."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rich.console import Console
from rich.table import Table

from local.home import PROJECT, Home
from local.running import RunningAirflow
from local.stack import Stack

DAG_ID = "import_contacts"
FOLDER = PROJECT / ".local" / "demo"
# Long enough to be seen waiting in the triggerer; the platform takes its time, too.
SANDBOX_OPTIONS = ("--process-seconds", "6")
# Seconds without a change of any task or process of the platform.
GIVE_UP_AFTER = 900
ENDED = ("success", "failed", "upstream_failed", "skipped", "removed")
STATE_STYLES = {"success": "green", "failed": "bold red", "upstream_failed": "red", "deferred": "magenta"}


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    :param receipt: None when the run has none.
    :param list_size: contacts on the list, as the platform counts them.
    """

    run_id: str
    state: str
    receipt: dict[str, Any] | None
    list_size: int
    logs: Path

    @property
    def is_whole(self) -> bool:
        """Whether the run succeeded and every row is accounted for, on the platform, too."""
        if self.state != "success" or self.receipt is None:
            return False
        rows = self.receipt["rows"]
        parts = sum(rows[part] for part in ("accepted", "rejected", "duplicates", "held_back"))
        return bool(rows["read"] and rows["read"] == parts and self.list_size == rows["accepted"])


class Demo:
    """One run of ``import_contacts`` on a fresh local Airflow, told on the console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = self._told = time.monotonic()
        self._states: dict[str, str] = {}
        self._processes: dict[int, str] = {}

    def run(self) -> int:
        """Run it.

        :return: the exit status: 0 only when the import completed and every row is accounted for.
        """
        shutil.rmtree(FOLDER, ignore_errors=True)
        self.say("starting the sandbox platform and a real Airflow")
        with Stack(Home(FOLDER), sandbox_options=SANDBOX_OPTIONS, say=self.say) as stack:
            outcome = self.watch(stack)
        return self.conclude(outcome)

    def watch(self, stack: RunningAirflow) -> Outcome:
        """Trigger the DAG with its defaults and show what happens until the run has ended."""
        run_id = stack.rest.trigger(DAG_ID)
        self.say(f"triggered {DAG_ID}: include/sample_contacts/contacts.csv")
        state = self._follow(stack, run_id)
        receipt = stack.rest.xcom(DAG_ID, run_id, "receipt", key="receipt")
        list_ids = receipt["list_ids"] if receipt else []
        sizes = [stack.sandbox(f"/v3/contacts/lists/{one}").json()["uniqueSubscribers"] for one in list_ids]
        return Outcome(run_id, state, receipt, list_size=sum(sizes), logs=stack.logs)

    def conclude(self, outcome: Outcome) -> int:
        """Show the receipt.

        :return: the exit status.
        """
        if outcome.receipt is None:
            self._console.print(
                f"[red]the run is {outcome.state} and has no receipt; logs: {outcome.logs}[/]"
            )
            return 1
        self._show(outcome.receipt, outcome.list_size)
        print(f"receipt: {_local_path(outcome.receipt['receipt_uri'])}", flush=True)
        return 0 if outcome.is_whole else 1

    def _follow(self, stack: RunningAirflow, run_id: str) -> str:
        """Show every change of a task or process until the run has ended."""
        while time.monotonic() - self._told < GIVE_UP_AFTER:
            for service in stack.services:
                service.check()
            state = str(stack.rest.run(DAG_ID, run_id)["state"])
            self._show_tasks(stack, run_id)
            self._show_processes(stack)
            if state in ("success", "failed"):
                return state
            time.sleep(0.3)
        return f"{state}, without a change for {GIVE_UP_AFTER} s"

    def _show_tasks(self, stack: RunningAirflow, run_id: str) -> None:
        tasks = sorted(stack.rest.tasks(DAG_ID, run_id), key=lambda task: task["start_date"] or "~")
        for task in tasks:
            name = task["task_id"] if task["map_index"] < 0 else f"{task['task_id']}[{task['map_index']}]"
            state = task["state"]
            if (
                state not in ("running", "deferred", "up_for_retry", *ENDED)
                or self._states.get(name) == state
            ):
                continue
            self._states[name] = state
            style = STATE_STYLES.get(state, "cyan")
            self.say(f"{name:<12} [{style}]{state}[/]{self._detail(stack, run_id, task)}")

    def _detail(self, stack: RunningAirflow, run_id: str, task: dict[str, Any]) -> str:
        if task["task_id"] == "prepare" and task["state"] == "success":
            rows = stack.rest.xcom(DAG_ID, run_id, "prepare", key="rows")
            return "  " + ", ".join(f"{count} {what}" for what, count in rows.items())
        if task["task_id"] == "wait" and task["state"] == "deferred":
            return "  no worker slot is held"
        return ""

    def _show_processes(self, stack: RunningAirflow) -> None:
        for process in reversed(stack.sandbox("/v3/processes", limit=50).json()["processes"]):
            if self._processes.get(process["id"]) != process["status"]:
                self._processes[process["id"]] = process["status"]
                self.say(f"[dim]platform     import {process['id']} is {process['status']}[/]")

    def _show(self, receipt: dict[str, Any], size: int) -> None:
        table = Table(title="Where every row went", show_header=False, title_justify="left")
        table.add_column()
        table.add_column(justify="right")
        rows = receipt["rows"]
        for what in ("read", "accepted", "rejected", "duplicates", "held_back"):
            table.add_row(what.replace("_", " "), str(rows[what]), end_section=what in ("read", "held_back"))
        table.add_row(f"on list {_listed(receipt['list_ids'])} of the platform now", str(size))
        table.add_row("processes", _listed(receipt["process_ids"]))
        table.add_row("state", receipt["state"])
        self._console.print()
        self._console.print(table)
        self._console.print(f"rejects: {_local_path(receipt['rejects_uri'])}", soft_wrap=True)

    def say(self, text: str) -> None:
        """Print one line with the time since the start."""
        self._told = time.monotonic()
        self._console.print(f"[dim]{self._told - self._started:6.1f} s[/]  {text}", soft_wrap=True)


def _listed(ids: list[int]) -> str:
    return ", ".join(map(str, ids)) or "none"


def _local_path(uri: str) -> Path:
    return Path(url2pathname(urlsplit(uri).path))


def main() -> int:
    """Run the demo on this console."""
    return Demo(Console(highlight=False)).run()
