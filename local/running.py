"""An Airflow that runs on this machine, whichever executor and database it has: its processes, by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from local.processes import Service, wait_until
from local.rest import AirflowRest

if TYPE_CHECKING:
    import requests
    from typing_extensions import Self


class RunningAirflow(ABC):
    """Airflow's processes and what they need: started and stopped together, killed and restarted singly.

    :param rest: its REST API.
    :param logs: where the processes and tasks write their logs.
    :param dag_ids: the DAGs that have to be loaded before it can be used.
    """

    def __init__(self, rest: AirflowRest, logs: Path, *, dag_ids: tuple[str, ...]) -> None:
        self.rest = rest
        self.logs = logs
        self.services: list[Service] = []
        self._dag_ids = dag_ids

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Start everything and wait until it can be used.

        :raises StartError: with the log of what did not start.
        """

    @abstractmethod
    def sandbox(self, path: str, **params: int | str) -> requests.Response:
        """Ask the sandbox, as its API or its control routes."""

    def stop(self) -> None:
        """End every process, the last one started first."""
        for service in reversed(self.services):
            service.stop()
        self.services.clear()

    def service(self, name: str) -> Service:
        """A service by its name; one that was killed is among them, too."""
        return next(service for service in self.services if service.name == name)

    def await_dags(self) -> None:
        """Wait until the DAG processor has loaded the DAGs."""
        wait_until(
            lambda: all(map(self.rest.has_dag, self._dag_ids)),
            services=self.services,
            what="waited for the DAGs",
        )
