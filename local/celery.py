"""The set of docker-compose.yaml without containers: CeleryExecutor on PostgreSQL and Redis, for real.

Environment, commands, health checks and order of start come from the file itself, so that what runs here is
what is shipped. Only what containers bring is replaced: host names become ports of this machine, and
``/opt/airflow`` becomes a folder with the same mounts. ``python -m local celery`` runs the demo's import on
them.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import requests
from rich.console import Console

from local.compose import COMPLETED, HEALTHY, ComposeFile, ComposeService
from local.demo import DAG_ID, Demo
from local.env_file import VARIABLES
from local.home import PROJECT, USER
from local.machine import Machine
from local.processes import LONGEST, Service, StartError, wait_until
from local.rest import TIMEOUT, AirflowRest
from local.running import RunningAirflow
from local.servers import make_postgres, make_redis

FOLDER = PROJECT / ".local" / "celery"
SERVERS: dict[str, tuple[int, Callable[..., list[str]]]] = {
    "postgres": (5432, make_postgres),
    "redis": (6379, make_redis),
}


class CeleryStack(RunningAirflow):
    """Everything that docker-compose.yaml starts, started in its order and by its health checks.

    :param folder: where it lives; what was there before is removed.
    :param without: services to leave out, such as the sandbox.
    :param settings: environment variables over those of the file, for every service that runs Airflow.
    :param dag_ids: the DAGs to wait for.
    :param say: called for every service that is ready.
    """

    def __init__(
        self,
        folder: Path = FOLDER,
        *,
        without: tuple[str, ...] = (),
        settings: Mapping[str, str] | None = None,
        dag_ids: tuple[str, ...] = (DAG_ID,),
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.variables = {name: make() for name, make in VARIABLES.items()}
        self.compose = ComposeFile.read(self.variables)
        self.machine = Machine(self.compose, folder)
        url = f"http://127.0.0.1:{self.machine.port('airflow-apiserver', 8080)}"
        rest = AirflowRest(url, user=USER, password=self.variables["AIRFLOW_ADMIN_PASSWORD"])
        super().__init__(rest, folder / "logs", dag_ids=dag_ids)
        self._without = without
        self._settings = dict(settings or {})
        self._say = say
        self._ready: set[str] = set()
        self.private_folders: list[Path] = []

    def start(self) -> None:
        """Start every service when those that it depends on are ready; return when all are."""
        shutil.rmtree(self.machine.folder, ignore_errors=True)
        self.machine.lay_out()
        self.logs.mkdir(exist_ok=True)
        wanted = [service for service in self.compose.in_order() if service.name not in self._without]
        for service in wanted:
            for other, condition in service.depends_on.items():
                self._await(self.compose.services[other], condition)
            self._start(service)
        for service in wanted:
            self._await(service, HEALTHY if service.health else COMPLETED)
        self.rest.login()
        self.await_dags()

    def stop(self) -> None:
        """End every process, the last one started first, and remove the servers' data."""
        super().stop()
        for folder in self.private_folders:
            shutil.rmtree(folder, ignore_errors=True)
        self.private_folders.clear()

    def sandbox(self, path: str, **params: int | str) -> requests.Response:
        """Ask the sandbox, as its API or its control routes."""
        url = f"http://127.0.0.1:{self.machine.port('sandbox', 8080)}{path}"
        headers = {"api-key": self.variables["SANDBOX_API_KEY"]}
        return requests.get(url, params=params, headers=headers, timeout=TIMEOUT)

    def is_healthy(self, name: str) -> bool:
        """Run the health check of a service once."""
        service = self.compose.services[name]
        command, environment = self.machine.health(service), self.environment(service)
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0

    def environment(self, service: ComposeService) -> dict[str, str]:
        """The environment of a service."""
        settings = self._settings if service.name.startswith("airflow-") else {}
        return {**self.machine.environment(service), **settings}

    def _start(self, service: ComposeService) -> None:
        if service.name in SERVERS:
            inside, make = SERVERS[service.name]
            folder = Path(tempfile.mkdtemp(prefix=f"email-contacts-{service.name}-"))
            self.private_folders.append(folder)
            command = make(service.environment, folder=folder, port=self.machine.port(service.name, inside))
        else:
            command = self.machine.command(service)
        log = self.logs / f"{service.name}.log"
        started = Service(service.name, command, self.environment(service), log)
        started.start()
        self.services.append(started)

    def _await(self, service: ComposeService, condition: str) -> None:
        """Wait for one condition of ``depends_on``."""
        if service.name in self._ready:
            return
        started = time.monotonic()
        if condition == COMPLETED:
            self._await_end(self.service(service.name))
        else:
            wait_until(
                lambda: self.is_healthy(service.name),
                services=self.services,
                what=f"waited for {service.name}'s health check",
            )
        self._ready.add(service.name)
        what = "has completed" if condition == COMPLETED else "is healthy"
        self._say(f"{service.name:<22} {what} (waited {time.monotonic() - started:.1f} s)")

    def _await_end(self, service: Service) -> None:
        if service.process is None or service.process.wait(timeout=LONGEST):
            raise StartError(f"{service.name} failed:\n{service.tail()}")
        # It has done its work; from now on its end is no fault.
        self.services.remove(service)


def main() -> int:
    """Run the demo's import on CeleryExecutor, and say how the services came up."""
    demo = Demo(Console(highlight=False))
    demo.say("starting what docker-compose.yaml describes, as processes of this machine")
    with CeleryStack(say=demo.say) as stack:
        outcome = demo.watch(stack)
    return demo.conclude(outcome)
