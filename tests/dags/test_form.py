"""The form of ``import_contacts`` opens neither disk nor database of the worker, and shows nothing of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from email_contacts.sandbox import SandboxServer
from tests.conftest import PROJECT, connect

if TYPE_CHECKING:
    from airflow.sdk import DAG


@pytest.fixture
def dag(
    airflow_database: None, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> DAG:
    """The DAG, on a connection that allows nothing beside the project."""
    from airflow.dag_processing.dagbag import DagBag

    connect(monkeypatch, sandbox, stage=tmp_path / "stage")
    return DagBag(PROJECT / "dags").dags["import_contacts"]


@pytest.mark.parametrize(
    "conf",
    [
        {"source": "/etc/passwd"},
        {"source": "include/../../../../../../../../../etc/passwd"},
        {"source": "s3://any_conn@bucket/a.csv"},
        {"mapping": "/etc/passwd"},
        {"query": "DELETE FROM people RETURNING email", "source_conn_id": "crm"},
    ],
    ids=lambda conf: next(iter(conf)),
)
def test_what_the_connection_does_not_allow_is_refused_at_once(
    conf: dict[str, str],
    dag: DAG,
    sandbox: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database, database:
        database.execute("CREATE TABLE people (email TEXT)")
        database.execute("INSERT INTO people VALUES ('a@example.com')")
    crm = {"conn_type": "sqlite", "host": str(tmp_path / "crm.db")}
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps(crm))
    done = dag.test(run_conf=conf)
    states = {task.task_id: str(task.state) for task in done.get_task_instances()}
    assert states["prepare"] == "failed"
    out, err = capfd.readouterr()
    said = out + err
    assert "may be read here" in said or "may be queried here" in said
    assert "root:" not in said
    assert "a@example.com" not in said
    assert sandbox.imports_accepted() == 0
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database:
        assert database.execute("SELECT email FROM people").fetchall() == [("a@example.com",)]
