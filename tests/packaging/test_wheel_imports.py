"""The wheel alone in a really running Airflow: an import from its request to the platform's callback."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from local.home import Home
from local.processes import wait_until
from local.stack import CONN_ID, Stack
from tests.packaging.conftest import Environment

DAG_ID = "from_the_wheel"


@pytest.fixture(scope="module")
def installed(make_environment: Callable[[], Environment], wheel: Path) -> Environment:
    environment = make_environment()
    environment.install(wheel)
    return environment


@pytest.fixture(scope="module")
def airflow(installed: Environment) -> Iterator[Stack]:
    """An Airflow of that environment, with an empty plugins folder; imports stay in process until told."""
    folder = Path(tempfile.mkdtemp(prefix="airflow-wheel-"))
    (folder / "plugins").mkdir()
    settings = {
        "PATH": f"{installed.python.parent}{os.pathsep}{os.environ['PATH']}",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).with_name("dags")),
    }
    options = ["--hold", "in_process"]
    with Stack(Home(folder), sandbox_options=options, settings=settings, dag_ids=(DAG_ID,)) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


def test_an_import_is_ended_by_the_callback(airflow: Stack, installed: Environment) -> None:
    plugins = {plugin["name"] for plugin in airflow.rest.get("plugins", limit=100)["plugins"]}
    assert "email_contacts" in plugins, "nobody would hear the callback"
    believe_only_callbacks(airflow)
    run_id = airflow.rest.trigger(DAG_ID)

    def state(task_id: str) -> str:
        states = {task["task_id"]: task["state"] for task in airflow.rest.tasks(DAG_ID, run_id)}
        assert "failed" not in states.values(), states
        return str(states[task_id])

    services = airflow.services
    wait_until(lambda: state("import") == "deferred", services=services, what="waited for it to defer")
    released = requests.patch(f"{airflow.sandbox_url}/sandbox/knobs", json={"hold": "none"}, timeout=30)
    released.raise_for_status()
    wait_until(lambda: state("import") == "success", services=services, what="waited for its end")

    assert Path(airflow.rest.xcom(DAG_ID, run_id, "package")).is_relative_to(installed.folder)
    list_id = airflow.rest.xcom(DAG_ID, run_id, "list")
    assert airflow.sandbox(f"/v3/contacts/lists/{list_id}").json()["uniqueSubscribers"] == 2
    assert airflow.sandbox("/sandbox/journal").json()["imports_accepted"] == 1
    assert airflow.rest.get("plugins/importErrors") == {"import_errors": [], "total_entries": 0}


def believe_only_callbacks(airflow: Stack) -> None:
    """Set the connection so that neither the process nor the list says when the import has ended."""
    extra = json.loads(airflow.rest.get(f"connections/{CONN_ID}")["extra"])
    extra |= {"completion_source": "callback", "callback_secret": "a-secret-of-forty-letters-for-tests-only"}
    document = {"connection_id": CONN_ID, "conn_type": "email_contacts", "extra": json.dumps(extra)}
    airflow.rest.patch(f"connections/{CONN_ID}?update_mask=extra", document)
