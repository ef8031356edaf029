"""Several runs with one connection: they queue for one platform that runs one import at a time."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from email_contacts.api import ContactsClient
from email_contacts.imports.queue.entries import Entry, QueueEntries
from email_contacts.imports.shared_store import TaskKey, digest
from email_contacts.sandbox import SandboxServer
from local.rest import AirflowRest
from tests.faults.trial import ENDED, KEY
from tests.faults.under_fire import QUEUED_IMPORT, UnderFire, insist, until
from tests.imports.conftest import submitted

# Of a fresh account.
FOLDER = 1
POLLS_PER_HOUR = 3600


@dataclass(frozen=True)
class Strike:
    """What happens to a task: ``SIGKILL`` or ``SIGSTOP``, and at which failpoint."""

    signal: str
    failpoint: str

    def __str__(self) -> str:
        return f"{self.signal}-{self.failpoint}"


@dataclass(frozen=True)
class Variables:
    """The variables of a running Airflow, as its REST API shows them; read only."""

    rest: AirflowRest

    @property
    def takes_threads(self) -> bool:
        return True

    def keys(self, prefix: str) -> Sequence[str]:
        shown = self.rest.get("variables", variable_key_pattern=f"{prefix}%", limit=1000)["variables"]
        return [one["key"] for one in shown if one["key"].startswith(prefix)]

    def get(self, key: str) -> str | None:
        value: str = self.rest.get(f"variables/{quote(key, safe='')}")["value"]
        return value

    def set(self, key: str, value: str) -> None:
        raise NotImplementedError

    def delete(self, key: str) -> None:
        raise NotImplementedError

    def task_state(self, task: TaskKey) -> str | None:
        raise NotImplementedError


class QueueTrial:
    """A platform, a connection, and runs that import into it.

    :param name: of the connection; unique in this Airflow.
    :param folder: its own.
    :param polls_per_hour: the connection's ``process_polls_per_hour``.
    """

    def __init__(
        self, airflow: UnderFire, name: str, folder: Path, *, polls_per_hour: int = POLLS_PER_HOUR
    ) -> None:
        self.airflow = airflow
        self.name = name
        self.sandbox = SandboxServer(api_key=f"{KEY}-{name}")
        self.runs: list[str] = []
        self._folder = folder
        self._polls_per_hour = polls_per_hour
        self._stack = ExitStack()

    def __enter__(self) -> QueueTrial:
        self._folder.mkdir(parents=True)
        self._stack.enter_context(self.sandbox)
        self._client = self._stack.enter_context(ContactsClient(self.sandbox.url, self.sandbox.api_key))
        self.airflow.connect(
            self.name,
            url=self.sandbox.url,
            key=self.sandbox.api_key,
            stage=self._folder,
            process_polls_per_hour=self._polls_per_hour,
            requests_per_second=100,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def occupy(self) -> None:
        """Have somebody else's import run until it is released."""
        self.sandbox.set_knobs(hold="in_process")
        submitted(self._client, 1)

    def release(self) -> None:
        """Let the imports run to their ends."""
        self.sandbox.set_knobs(hold="none")

    def begin(self) -> str:
        """Trigger a run that imports into a list of its own.

        :return: the run's id.
        """
        run = f"{self.name}-{len(self.runs) + 1}"
        self.runs.append(run)
        list_id = self._client.create_list(run, folder_id=FOLDER)
        conf = {"conn_id": self.name, "list_id": str(list_id), "armed": str(self._folder / run)}
        self.airflow.trigger(QUEUED_IMPORT, run, conf)
        return run

    def arm(self, run: str, strike: Strike) -> None:
        """Have the task of a run struck when it comes to the failpoint next."""
        made = self._folder / f"{run}.new"
        made.write_text(f"{strike.signal} {strike.failpoint}")
        made.rename(self._folder / run)

    def await_strike(self, run: str) -> None:
        """Wait until a run was struck."""

        def is_struck() -> bool:
            # In this order: one that was struck is told of before it can fail by that.
            has_failed = self._has_failed(run)
            is_struck = (self._folder / f"{run}.struck").exists()
            if has_failed and not is_struck:
                self.clear(run)
            return is_struck

        self.until(is_struck, f"{run} is struck")

    def await_queue(self, *runs: str) -> None:
        """Wait until these runs wait in the queue, and no others."""

        def are_queued() -> bool:
            self._try_failed_again(runs)
            return {run for run, _ in self.queue()} == set(runs)

        self.until(are_queued, f"{runs} are in the queue")
        self.until(lambda: all(self.task(run)["state"] == "deferred" for run in runs), f"{runs} are deferred")

    def queue(self) -> list[tuple[str, Entry]]:
        """Who is in the queue, in the order of arrival."""
        entries = QueueEntries(Variables(self.airflow.stack.rest), self.name)
        try:
            return [(self._run_of(entry), entry) for entry in entries.read()]
        except requests.RequestException:
            # Renewed, and with that renamed, since its name was read; or a server that is too busy.
            return []

    def await_success(self, *runs: str) -> None:
        """Wait until these runs have ended, in success."""
        states: dict[str, str] = {}

        def have_ended() -> bool:
            states.update({run: self.state(run) for run in runs if states.get(run) not in ENDED})
            open_runs = [run for run, state in states.items() if state not in ENDED]
            self._try_failed_again(open_runs)
            return not open_runs

        self.until(have_ended, f"{runs} end")
        assert set(states.values()) == {"success"}, self.report()

    def state(self, run: str) -> str:
        """The state of a run."""
        return str(self.airflow.stack.rest.run(QUEUED_IMPORT, run)["state"])

    def task(self, run: str) -> dict[str, Any]:
        """The task of a run, as the REST API shows it."""
        (task,) = self.airflow.stack.rest.tasks(QUEUED_IMPORT, run)
        return task

    def process(self, run: str) -> int:
        """The process that the platform named for a run's import."""
        return int(self.airflow.stack.rest.xcom(QUEUED_IMPORT, run, "import"))

    def served(self, *runs: str) -> list[str]:
        """The runs in the order in which the platform accepted their imports."""
        return sorted(runs, key=self.process)

    def starts(self, run: str) -> int:
        """How often Airflow has started the task of a run, in a worker.

        Without the tries that Airflow gave up: it was too busy to hear from them.
        """
        found = self.airflow.stack.rest.get(
            "eventLogs",
            dag_id=QUEUED_IMPORT,
            run_id=run,
            event="running",
            try_number=self.task(run)["try_number"],
            limit=100,
        )
        return int(found["total_entries"])

    def looks(self) -> int:
        """How often the platform was asked for processes."""
        return sum(entry.route in ("process", "processes") for entry in self.sandbox.journal())

    def seconds_until(self, run: str, struck: str) -> float:
        """From the moment at which one run was struck until the platform accepted the import of another."""
        with self.sandbox.account.database.reading() as connection:
            (accepted_ms,) = connection.execute(
                "SELECT created_ms FROM processes WHERE id = ?", (self.process(run),)
            ).fetchone()
        return float(accepted_ms / 1000 - (self._folder / f"{struck}.struck").stat().st_ctime)

    def thaw(self, run: str) -> None:
        """Let a frozen task go on."""
        os.kill(self.task(run)["pid"], signal.SIGCONT)

    def budget(self) -> Sequence[str]:
        """The variables that hold the rate budget of the account."""
        return Variables(self.airflow.stack.rest).keys(f"email_contacts.budget.{digest(self.name)}.")

    def complaints(self) -> list[str]:
        """The warnings and errors of the package in the logs of the tasks' last tries and their triggers."""
        logs = self.airflow.stack.logs / f"dag_id={QUEUED_IMPORT}"
        lines = [
            line
            for run in self.runs
            for path in (logs / f"run_id={run}").rglob(f"attempt={self.task(run)['try_number']}.log*")
            for line in path.read_text(errors="replace").splitlines()
        ]
        ours = [line for line in lines if "email_contacts" in line]
        return [line for line in ours if '"level":"warning"' in line or '"level":"error"' in line]

    def clear(self, run: str) -> None:
        """Clear the task of a run, as in the UI."""
        document = {"dry_run": False, "dag_run_id": run, "task_ids": ["import"], "only_failed": False}
        insist(lambda: self.airflow.stack.rest.post(f"dags/{QUEUED_IMPORT}/clearTaskInstances", document))

    def _try_failed_again(self, runs: Iterable[str]) -> None:
        for run in filter(self._has_failed, runs):
            self.clear(run)

    def _has_failed(self, run: str) -> bool:
        """Whether a task would be tried again in ten minutes.

        On a busy machine one can lose its turn, or be given up by Airflow before it has begun.
        """
        return bool(self.task(run)["state"] == "up_for_retry")

    def until(self, condition: Any, what: str) -> None:
        """Wait generously."""
        until(condition, seconds=600, what=lambda: f"{what}\n{self.report()}")

    def report(self) -> str:
        """What is to be seen, for a failure."""
        logs = self.airflow.stack.logs / f"dag_id={QUEUED_IMPORT}"
        lines = [f"{self.name}: {self.sandbox.imports_accepted()} imports accepted; queue: {self.queue()}"]
        for run in self.runs:
            task = self.task(run)
            lines.append(f"{run}: {task['state']}, try {task['try_number']}, {self.starts(run)} starts")
            for path in sorted((logs / f"run_id={run}").rglob("*.log*")):
                tail = path.read_text(errors="replace").splitlines()[-12:]
                lines += [f"--- {path.name}", *tail]
        return "\n".join(lines)

    def _run_of(self, entry: Entry) -> str:
        _, run, _, _ = json.loads(Variables(self.airflow.stack.rest).get(entry.key) or "")
        return str(run)
