"""Two real Airflows whose processes can be killed: LocalExecutor on SQLite, CeleryExecutor on PostgreSQL.

Both notice within seconds what they would notice within minutes; nothing else differs from what is shipped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from local.celery import CeleryStack
from local.home import Home
from local.processes import kill_at_once
from local.running import RunningAirflow
from local.stack import Stack
from tests.faults.restart_policy import RestartPolicy
from tests.preloading import PRELOADING

DAGS = Path(__file__).parent / "dags"
DAG_IDS = (
    "operator_waits_deferred",
    "operator_waits_in_worker",
    "sensor_waits_deferred",
    "sensor_waits_in_worker",
)
QUEUED_IMPORT = "queued_import"
SYNCED_AUDIENCE = "synced_audience"
SETTLED_AUDIENCE = "settled_audience"
LOADED = (*DAG_IDS, QUEUED_IMPORT, SYNCED_AUDIENCE, SETTLED_AUDIENCE)
CONFLICT = 409
SETTINGS = {
    **PRELOADING,
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__PARALLELISM": "6",
    # A worker that is gone is missed after 20 s (300), for it is heard every 2 s (5).
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    # A scheduler that is gone after 20 s (30), a triggerer after 10 s (30).
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "2",
    # No file of DAGs changes here; one that could not be parsed is parsed again after two minutes (30 s).
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
}


@dataclass(frozen=True)
class UnderFire:
    """A running Airflow, and what can be done to it.

    :param services: what this stack calls ``worker``, ``triggerer``, ``api_server`` and ``scheduler``.
    :param policy: what is started again if it ends by itself.
    """

    stack: RunningAirflow
    services: Mapping[str, str]
    policy: RestartPolicy

    @contextmanager
    def without(self, component: str) -> Iterator[None]:
        """Kill a component at once, with all that it started; start it again after the block."""
        service = self.stack.service(self.services[component])
        with self.policy.suspended():
            service.kill()
        try:
            yield
        finally:
            service.start()
        until(self._answers, seconds=300, what=lambda: f"{service.name} is back\n{service.tail()}")

    def without_workers_of(self, tasks: Sequence[int]) -> AbstractContextManager[None]:
        """Kill the workers that run tasks together with these, so that nobody is left to report them.

        :param tasks: the processes of the tasks; none of a task that is deferred.
        """
        raise NotImplementedError

    def connect(self, conn_id: str, *, url: str, key: str, stage: Path, **extra: Any) -> None:
        """Make a connection to a platform."""
        document = {
            "connection_id": conn_id,
            "conn_type": "email_contacts",
            "host": url,
            "password": key,
            "extra": json.dumps({"staging_uri": stage.as_uri(), "process_polls_per_hour": 36000, **extra}),
        }
        insist(lambda: self.stack.rest.put_connection(document))

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, str]) -> None:
        """Begin a run."""
        document = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf)}
        insist(lambda: self.stack.rest.post(f"dags/{dag_id}/dagRuns", document))

    def _answers(self) -> bool:
        try:
            self.stack.rest.get("version")
        except requests.RequestException:
            return False
        return True


class OnLocalExecutor(UnderFire):
    """The workers are the scheduler's children, each with the task's process below it."""

    @contextmanager
    def without_workers_of(self, tasks: Sequence[int]) -> Iterator[None]:
        if not tasks:
            # An idle worker that is killed alone keeps the lock of the executor's queue for ever, so that
            # no other gets work: multiprocessing.SimpleQueue cannot do better. They end together.
            with self.without("scheduler"):
                yield
            return
        parents = []
        for task in tasks:
            # One that has ended since it was named has no worker any more.
            with suppress(psutil.NoSuchProcess):
                parents.append(psutil.Process(task).ppid())
        for pid in [*parents, *tasks]:
            kill_at_once(pid)
        yield


class OnCelery(UnderFire):
    """The workers are a service of their own."""

    def without_workers_of(self, tasks: Sequence[int]) -> AbstractContextManager[None]:
        return self.without("worker")


@contextmanager
def local_executor(folder: Path) -> Iterator[UnderFire]:
    """Start LocalExecutor on SQLite."""
    with Stack(Home(folder), sandbox_options=None, settings=SETTINGS, dag_ids=LOADED) as stack:
        names = {"triggerer": "triggerer", "api_server": "api-server", "scheduler": "scheduler"}
        with RestartPolicy(stack.services) as policy:
            yield OnLocalExecutor(stack, names, policy)


@contextmanager
def celery_executor(folder: Path) -> Iterator[UnderFire]:
    """Start CeleryExecutor on PostgreSQL and Redis, as docker-compose.yaml describes it."""
    settings = {**SETTINGS, "AIRFLOW__CELERY__WORKER_CONCURRENCY": "6"}
    with CeleryStack(folder, without=("sandbox",), settings=settings, dag_ids=LOADED) as stack:
        names = {
            "worker": "airflow-worker",
            "triggerer": "airflow-triggerer",
            "api_server": "airflow-apiserver",
            "scheduler": "airflow-scheduler",
        }
        with RestartPolicy(stack.services) as policy:
            yield OnCelery(stack, names, policy)


def insist(change: Callable[[], object]) -> None:
    """Make a change over the REST API, however often it takes.

    On SQLite the API server answers 500 where it logs a change while a task starts: it waits 5 s in its event
    loop for a lock whose holder needs that loop (``action_logging`` is ``async`` and commits synchronously).
    At the first task it hears of, it loads the execution API, and answers nobody meanwhile.
    """

    why = ""

    def is_made() -> bool:
        nonlocal why
        try:
            change()
        except requests.HTTPError as error:
            status = error.response.status_code
            if status < 500 and status != CONFLICT:
                raise
            why = str(error)
            return bool(status == CONFLICT)
        except requests.RequestException as error:
            why = str(error)
            return False
        return True

    until(is_made, seconds=900, what=lambda: f"a change over the REST API: {why}")


def until(condition: Callable[[], bool], *, seconds: float, what: Callable[[], str]) -> None:
    """Wait until a condition holds.

    :param what: what was waited for and what was seen instead; asked only when it was in vain.
    """
    end = time.monotonic() + seconds
    pause = 0.2
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain: {what()}"
        time.sleep(pause)
        pause = min(pause * 1.2, 1)  # each question costs the API server time that tasks need
