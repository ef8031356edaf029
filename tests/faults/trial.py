"""One import under fire: its own platform, its own connection, one run of the DAG."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from email_contacts.sandbox import SandboxServer
from tests.faults.under_fire import UnderFire, until

PEOPLE = 11
# What no log may hold.
DOMAIN = "faults.example"
KEY = "the-key-of"
HEADER = "email,firstname"
ENDED = ("success", "failed")
SEEN_OF_ALL = ("sampled", "found", "on_lists", "compared", "matching", "modified")


class Trial:
    """One run, from :meth:`begin` to :meth:`end`.

    :param name: of the connection and of the run; unique in this Airflow.
    :param dag_id: which mode, and who waits.
    :param folder: its own.
    :param moment: where its task kills itself, once; "" for nowhere.
    :param knobs: how its platform behaves.
    :param extra: further fields of its connection.
    """

    def __init__(
        self,
        airflow: UnderFire,
        name: str,
        *,
        dag_id: str,
        folder: Path,
        moment: str = "",
        knobs: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.airflow = airflow
        self.name = name
        self.dag_id = dag_id
        self.run_id = name
        self.sandbox = SandboxServer(api_key=f"{KEY}-{name}")
        self.folder = folder
        self.armed = folder / "armed"
        self._moment = moment
        self._extra = extra or {}
        self._knobs = knobs
        self._stack = ExitStack()

    def begin(self) -> None:
        """Start the platform, make the connection, trigger the run."""
        self.folder.mkdir(parents=True)
        people = [f"person.{number}@{DOMAIN},Person" for number in range(PEOPLE)]
        source = self.folder / "people.csv"
        # One of them comes twice, so that a receipt has something to add up.
        source.write_text("\n".join([HEADER, *people, people[0]]) + "\n")
        if self._moment:
            self.armed.write_text(self._moment)
        self._stack.enter_context(self.sandbox)
        self.sandbox.set_knobs(**self._knobs)
        self.airflow.connect(
            self.name,
            url=self.sandbox.url,
            key=self.sandbox.api_key,
            stage=self.folder / "stage",
            **self._extra,
        )
        self.before_run(source)
        conf = {"conn_id": self.name, "source": str(source), "armed": str(self.armed)}
        self.airflow.trigger(self.dag_id, self.run_id, conf)

    def before_run(self, source: Path) -> None:
        """Change what is there before the run begins; nothing in most trials.

        :param source: the run's.
        """

    def end(self) -> None:
        """Stop the platform."""
        self._stack.close()

    @property
    def waiter(self) -> str:
        """The task that waits for the import's end."""
        return "wait" if self.dag_id.startswith("sensor") else "import"

    @property
    def waits_in_worker(self) -> bool:
        """Whether it waits in the worker."""
        return self.dag_id.endswith("in_worker")

    def task(self, task_id: str) -> dict[str, Any]:
        """A task as the REST API shows it; of a mapped one the only one; empty before it is there."""
        tasks = self.airflow.stack.rest.tasks(self.dag_id, self.run_id)
        return next((task for task in tasks if task["task_id"] == task_id), {})

    def is_waiting(self) -> bool:
        """Whether the import was submitted, and its end is waited for."""
        task = self.task(self.waiter)
        if not self.waits_in_worker:
            return bool(task.get("state") == "deferred")
        return bool(task.get("state") == "running" and self._looks_since_import() > 2)

    def await_waiting(self) -> None:
        """Wait until it waits."""
        self._until(self.is_waiting, seconds=600, what="its end is waited for")

    def await_import(self) -> None:
        """Wait until the platform has accepted an import."""
        self._until(lambda: self.sandbox.imports_accepted() > 0, seconds=600, what="an import")

    def await_death(self) -> None:
        """Wait until the task has killed itself."""
        self._until(lambda: not self.armed.exists(), seconds=600, what=f"death at {self._moment}")

    def await_retry(self, task_id: str) -> None:
        """Wait until a task is tried again."""
        self._until(lambda: self.task(task_id)["try_number"] > 1, seconds=600, what=f"a retry of {task_id}")

    def release(self) -> None:
        """Let the platform go on with its imports."""
        self.sandbox.set_knobs(hold="none")

    def await_platform(self) -> None:
        """Wait until the platform has finished all imports."""
        self._until(self._is_platform_done, seconds=600, what="the platform's end of the import")

    def ends_whole(self) -> None:
        """Wait for the end of the run, and hold it against what the platform counted."""
        run = {}

        def has_ended() -> bool:
            run.update(self.airflow.stack.rest.run(self.dag_id, self.run_id))
            return run["state"] in ENDED

        self._until(has_ended, seconds=600, what="the end of the run")
        assert run["state"] == "success", self.report()
        assert self.sandbox.imports_accepted() == 1, self.report()
        receipt = self.airflow.stack.rest.xcom(self.dag_id, self.run_id, "receipt", key="receipt")
        assert receipt == json.loads(_path(receipt["receipt_uri"]).read_text())
        assert receipt["state"] == "completed", receipt
        rows = {"read": PEOPLE + 1, "accepted": PEOPLE, "rejected": 0, "duplicates": 1, "held_back": 0}
        assert receipt["rows"] == rows, receipt
        (process_id,) = (process["id"] for process in self.processes())
        assert receipt["process_ids"] == [process_id]
        (list_id,) = receipt["list_ids"]
        assert receipt["lists"] == {str(list_id): {"before": 0, "after": PEOPLE}}, receipt
        # Every contact was looked for, and was changed by this import, not by one before it.
        seen = {name: receipt["verification"].get(name) for name in SEEN_OF_ALL}
        assert seen == dict.fromkeys(SEEN_OF_ALL, PEOPLE), receipt
        assert self.ask(f"/v3/contacts/lists/{list_id}")["uniqueSubscribers"] == PEOPLE

    def processes(self) -> list[dict[str, Any]]:
        """The imports of the platform."""
        found = self.ask("/v3/processes", limit=50)["processes"]
        return [process for process in found if process["name"] == "IMPORTUSER"]

    def ask(self, path: str, **params: int) -> Any:
        """Ask the platform."""
        import requests

        headers = {"api-key": self.sandbox.api_key}
        answer = requests.get(f"{self.sandbox.url}{path}", params=params, headers=headers, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def report(self) -> str:
        """What is to be seen of the run, for a failure."""
        tasks = self.airflow.stack.rest.tasks(self.dag_id, self.run_id)
        states = ", ".join(f"{task['task_id']} {task['state']} (try {task['try_number']})" for task in tasks)
        return "\n".join(
            [
                f"{self.name}: {self.sandbox.imports_accepted()} imports accepted; {states}",
                "platform: " + ", ".join(f"{entry.route} {entry.status}" for entry in self.sandbox.journal()),
                *(f"--- {path.parent.name}/{path.name}\n{_tail(path)}" for path in self.task_logs("import")),
                *(f"--- {path.parent.name}/{path.name}\n{_tail(path)}" for path in self.task_logs("wait")),
            ]
        )

    def task_logs(self, task_id: str) -> list[Path]:
        """The logs of a task, by try."""
        run = self.airflow.stack.logs / f"dag_id={self.dag_id}" / f"run_id={self.run_id}"
        return sorted(path for path in run.rglob("*.log*") if f"task_id={task_id}" in str(path))

    def _looks_since_import(self) -> int:
        routes = [entry.route for entry in self.sandbox.journal()]
        if "import" not in routes:
            return 0
        return sum(route in ("process", "processes") for route in routes[routes.index("import") :])

    def _is_platform_done(self) -> bool:
        return all(process["status"] == "completed" for process in self.processes())

    def _until(self, condition: Any, *, seconds: float, what: str) -> None:
        until(condition, seconds=seconds, what=lambda: f"{what}\n{self.report()}")


def _path(uri: str) -> Path:
    return Path(urlsplit(uri).path)


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
