"""What the demo and the tests ask a running Airflow over its REST API."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from secrets import token_hex
from typing import Any
from urllib.parse import quote

import requests

# Seconds for one answer. Of a busy machine even a simple one takes many.
TIMEOUT = 120
CONFLICT = 409


class _ServerFailed(requests.HTTPError):
    """A status of 500 or above."""


class AirflowRest:
    """A logged-in client of Airflow's public REST API.

    :param url: the API server.
    """

    def __init__(self, url: str, *, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._session = requests.Session()

    def is_healthy(self) -> bool:
        """Whether every component is up."""
        try:
            health = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=TIMEOUT).json()
        except (requests.RequestException, ValueError):
            return False
        components = ("metadatabase", "scheduler", "triggerer", "dag_processor")
        return all(health.get(name, {}).get("status") == "healthy" for name in components)

    def answers(self) -> bool:
        """Whether the API server answers, regardless of the other components."""
        with suppress(requests.RequestException):
            return self._session.get(f"{self.url}/api/v2/version", timeout=TIMEOUT).ok
        return False

    def login(self) -> None:
        """Get a token; the other calls need it."""
        answer = self._session.post(f"{self.url}/auth/token", json=self._login, timeout=TIMEOUT)
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **params: Any) -> Any:
        """GET below ``/api/v2``."""
        return self._json("GET", path, params=params)

    def post(self, path: str, document: dict[str, Any]) -> Any:
        """POST below ``/api/v2``."""
        return self._json("POST", path, json=document)

    def patch(self, path: str, document: dict[str, Any]) -> Any:
        """PATCH below ``/api/v2``; requested again while the server fails."""
        return insist(lambda: self._json("PATCH", path, json=document))

    def has_dag(self, dag_id: str) -> bool:
        """Whether the DAG processor has loaded the DAG."""
        answer = self._session.get(f"{self.url}/api/v2/dags/{dag_id}", timeout=TIMEOUT)
        return answer.status_code == 200

    def put_connection(self, document: dict[str, Any]) -> None:
        """Create or replace a connection; requested again while the server fails."""
        insist(lambda: self._put_connection(document))

    def _put_connection(self, document: dict[str, Any]) -> None:
        path = f"connections/{document['connection_id']}"
        if self._session.get(f"{self.url}/api/v2/{path}", timeout=TIMEOUT).status_code == 404:
            self.post("connections", document)
        else:
            self.patch(path, document)

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Trigger a run as the UI's form does; requested again while the server fails, with the same id.

        :return: the run's id.
        """
        run_id = f"manual__{datetime.now(timezone.utc).isoformat()}_{token_hex(4)}"
        document = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        insist(lambda: self._create_run(dag_id, document))
        return run_id

    def _create_run(self, dag_id: str, document: dict[str, Any]) -> None:
        try:
            self.post(f"dags/{dag_id}/dagRuns", document)
        except requests.HTTPError as error:
            # A request that was answered with a failure may have created it.
            if error.response.status_code != CONFLICT:
                raise

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One DAG run."""
        found: dict[str, Any] = self.get(f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}")
        return found

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run, mapped ones singly."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances"
        found: list[dict[str, Any]] = self.get(path, limit=500)["task_instances"]
        return found

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """The value that a task pushed; None when there is none."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}/xcomEntries/{key}"
        answer = self._session.get(
            f"{self.url}/api/v2/{path}", params={"deserialize": "true"}, timeout=TIMEOUT
        )
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer.json()["value"]

    def _json(self, method: str, path: str, **kwargs: Any) -> Any:
        answer = self._session.request(method, f"{self.url}/api/v2/{path}", timeout=TIMEOUT, **kwargs)
        if not answer.ok:
            kind = _ServerFailed if answer.status_code >= 500 else requests.HTTPError
            raise kind(f"{method} {path}: {answer.status_code} {answer.text}", response=answer)
        return answer.json() if answer.content else None


def insist(change: Callable[[], Any]) -> Any:
    """Make a change that may be made twice, with up to five requests.

    On SQLite the API server's action log commits while others write, and the one that is late gets a 500.

    :return: what it returns.
    """
    for pause in (1, 2, 4, 8):
        with suppress(_ServerFailed):
            return change()
        time.sleep(pause)
    return change()
