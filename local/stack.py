"""A local Airflow together with the sandbox platform: started, ready, stopped."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests

from email_contacts.connection import CONN_TYPE, DEFAULT_CONN_ID, FIELDS
from local.home import PROJECT, USER, Home
from local.processes import Service, StartError, wait_until
from local.rest import TIMEOUT, AirflowRest
from local.running import RunningAirflow

CONN_ID = DEFAULT_CONN_ID
API_KEY = "sandbox-key"
COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")


class Stack(RunningAirflow):
    """Airflow's processes and the sandbox, with the connection seeded and the DAGs loaded.

    :param home: where this Airflow lives.
    :param sandbox_options: further command-line options of the sandbox; None: no sandbox and no connection.
    :param components: Airflow commands to run, each a process.
    :param settings: environment variables over those of the home, for every process.
    :param dag_ids: the DAGs to wait for.
    :param say: called for every step of the start.
    """

    def __init__(
        self,
        home: Home,
        *,
        sandbox_options: Sequence[str] | None = (),
        components: Sequence[str] = COMPONENTS,
        settings: Mapping[str, str] | None = None,
        dag_ids: tuple[str, ...] = ("import_contacts",),
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        rest = AirflowRest(home.url, user=USER, password=home.password)
        super().__init__(rest, home.logs, dag_ids=dag_ids)
        self.home = home
        self.sandbox_url = ""
        self._sandbox_options = sandbox_options
        self._components = components
        self._settings = dict(settings or {})
        self._say = say

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process."""
        return {**self.home.environment(), **self._settings}

    def start(self) -> None:
        """Start everything and wait until it can be used."""
        self.home.create()
        if self._sandbox_options is not None:
            self.start_sandbox(self._sandbox_options)
            self._say(f"sandbox platform at {self.sandbox_url}")
        self.migrate()
        self._say("metadata database is ready")
        # The scheduler last: its tasks talk to the API server, and fail while it does not answer.
        for component in sorted(self._components, key=lambda component: component.startswith("scheduler")):
            if component.startswith("scheduler") and "api-server" in self._components:
                wait_until(self.rest.answers, services=self.services, what="waited for the API server")
            self.start_component(component)
        wait_until(self.rest.is_healthy, services=self.services, what="waited for Airflow")
        self._say(f"Airflow is healthy at {self.home.url}: {', '.join(self._components)}")
        self.rest.login()
        if self.sandbox_url:
            self.seed_connection()
        self.await_dags()

    def start_sandbox(self, further: Sequence[str]) -> None:
        """Start the platform and learn its address from what it prints."""
        database = self.home.folder / "sandbox.db"
        options = ["--port", "0", "--database", str(database), "--api-key", API_KEY, *further]
        # Its address is read from its log, where an earlier one must not stand.
        (self.home.logs / "sandbox.log").unlink(missing_ok=True)
        service = self._service("sandbox", [sys.executable, "-m", "email_contacts.sandbox", *options])
        wait_until(
            lambda: "sandbox: http" in service.log.read_text(),
            services=[service],
            what="waited for the sandbox",
        )
        lines = [line for line in service.log.read_text().splitlines() if line.startswith("sandbox: http")]
        self.sandbox_url = lines[-1].removeprefix("sandbox: ").strip()

    def migrate(self) -> None:
        """Make the metadata database: a copy of one that this version of Airflow made before, if there is."""
        database = self.home.folder / "airflow.db"
        template = PROJECT / ".local" / f"airflow-{_airflow_version()}.db"
        if not database.exists() and template.exists():
            shutil.copy(template, database)
            return
        command = ["airflow", "db", "migrate"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StartError(
                f"airflow db migrate ended with status {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        if not template.exists():
            template.parent.mkdir(exist_ok=True)
            partial = template.with_suffix(f".{os.getpid()}")
            shutil.copy(database, partial)
            partial.replace(template)

    def start_component(self, component: str) -> Service:
        """Start one Airflow process, such as ``triggerer``."""
        return self._service(component.split()[0], ["airflow", *component.split()])

    def seed_connection(self) -> None:
        """Point the default connection at the sandbox."""
        self.rest.put_connection(
            sandbox_connection(
                self.sandbox_url, stage=f"file://{self.home.stage}", callback_url=self.home.url
            )
        )

    def sandbox(self, path: str, **params: int | str) -> requests.Response:
        """Ask the sandbox, as its API or its control routes."""
        return requests.get(
            f"{self.sandbox_url}{path}", params=params, headers={"api-key": API_KEY}, timeout=TIMEOUT
        )

    def _service(self, name: str, command: Sequence[str]) -> Service:
        environment = self.environment
        if name == "api-server":
            environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = self.home.database_of_api_server
        service = Service(name, command, environment, self.home.logs / f"{name}.log")
        service.start()
        self.services.append(service)
        return service


def sandbox_connection(url: str, *, stage: str, callback_url: str) -> dict[str, str]:
    """The connection to a sandbox, as Airflow's REST API takes it.

    Every field is named, for Airflow's form shows only those that a connection has. The sandbox has no hourly
    budget, so that its imports may be looked at every few seconds.

    :param callback_url: where the sandbox reaches this Airflow.
    """
    extra: dict[str, Any] = {field.name: field.default for field in FIELDS}
    extra |= {"staging_uri": stage, "process_polls_per_hour": 3600}
    extra |= {"list_url": f"{url}/contacts?list={{list_id}}"}
    extra |= {"callback_url": callback_url, "callback_secret": secrets.token_urlsafe(32)}
    return {
        "connection_id": CONN_ID,
        "conn_type": CONN_TYPE,
        "host": url,
        "password": API_KEY,
        "extra": json.dumps(extra),
    }


def _airflow_version() -> str:
    from importlib.metadata import version

    return version("apache-airflow-core")
