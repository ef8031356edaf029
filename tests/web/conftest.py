"""A real metadata database, SQLite and PostgreSQL, the application before it, and a connection."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from email_contacts.web.notify import Patience
from local.home import free_port
from local.processes import Service, wait_until
from local.servers import find_program, make_postgres
from tests.web.door import SECRET, Door, opened, serving
from tests.web.runs import CONN_ID, Run

HAVE_SCHEMA: set[str] = set()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A throw-away PostgreSQL, and the SQLAlchemy URL of its empty database."""
    if not find_program("initdb"):
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed; apt-get install postgresql")
    folder, port = Path(tempfile.mkdtemp(prefix="email-contacts-web-")), free_port()
    environment = {"POSTGRES_USER": "airflow", "POSTGRES_PASSWORD": "pw", "POSTGRES_DB": "airflow"}
    command = make_postgres(environment, folder=folder, port=port)
    # Written by us: the folder has become the server's own.
    logs = Path(tempfile.mkdtemp(prefix="email-contacts-web-logs-"))
    service = Service("postgres", command, dict(os.environ), logs / "postgres.log")
    service.start()
    try:
        wait_until(
            lambda: "ready to accept connections" in service.log.read_text(),
            services=[service],
            seconds=300,
            what="waited for PostgreSQL",
        )
        yield f"postgresql+psycopg2://airflow:pw@127.0.0.1:{port}/airflow"
    finally:
        service.stop()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(logs, ignore_errors=True)


@contextmanager
def metadata_database(url: str) -> Iterator[None]:
    """Point this process's Airflow at another metadata database."""
    from airflow import settings

    name = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
    before = os.environ[name]

    def use(address: str) -> None:
        os.environ[name] = address
        settings.dispose_orm()
        settings.configure_vars()  # type: ignore[no-untyped-call]
        settings.configure_orm()  # type: ignore[no-untyped-call]

    use(url)
    try:
        yield
    finally:
        use(before)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A metadata database with Airflow's schema; its dialect."""
    from airflow.utils.db import initdb

    dialect: str = request.param
    if dialect == "sqlite":
        url = f"sqlite:///{tmp_path_factory.getbasetemp() / 'callbacks.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    with metadata_database(url):
        if url not in HAVE_SCHEMA:
            initdb()
            HAVE_SCHEMA.add(url)
        yield dialect


@pytest.fixture
def run(database: str) -> Run:
    """A new run, without tasks yet."""
    return Run()


def set_connection(monkeypatch: pytest.MonkeyPatch, conn_id: str = CONN_ID, **extra: Any) -> None:
    """Set a connection in the environment; without extra fields, one that asks for callbacks."""
    document = {
        "conn_type": "email_contacts",
        "host": "https://api.example.com",
        "password": "the-key",
        "extra": extra or {"callback_url": "https://airflow.example.com", "callback_secret": SECRET},
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(document))


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch) -> str:
    """The connection whose callbacks are heard; its id."""
    set_connection(monkeypatch)
    return CONN_ID


@pytest.fixture(scope="module")
def door(database: str) -> Iterator[Door]:
    """The application as it is, with the grace that it has."""
    with opened(Patience()) as door:
        yield door


@pytest.fixture(scope="module")
def api_server(database: str) -> Iterator[Door]:
    """Airflow's API server with everything that it mounts, and nobody logged in."""
    from airflow.api_fastapi.app import create_app, purge_cached_app
    from airflow.configuration import conf

    assert not conf.getboolean("core", "simple_auth_manager_all_admins")
    with serving(create_app()) as url:
        yield Door(url)
    purge_cached_app()


@pytest.fixture(scope="module")
def admin(api_server: Door) -> dict[str, str]:
    """The header of somebody who has logged in."""
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    passwords = json.loads(Path(SimpleAuthManager.get_generated_password_file()).read_text())
    login = {"username": "admin", "password": passwords["admin"]}
    answer = api_server.request("POST", "/auth/token", json=login)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
