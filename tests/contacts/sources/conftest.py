"""A PostgreSQL of this session's own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.home import free_port
from local.processes import Service, wait_until
from local.servers import find_program, make_postgres
from tests.contacts.mapping.conftest import names_are_shown

__all__ = ["names_are_shown"]

ACCOUNT = {"POSTGRES_USER": "reader", "POSTGRES_PASSWORD": "secret", "POSTGRES_DB": "crm"}
Connect = Callable[[], Any]


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[dict[str, Any]]:
    """A PostgreSQL that runs, as arguments of a connection to it."""
    if find_program("initdb") is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    folder, port = Path(tempfile.mkdtemp(prefix="email-contacts-sources-")), free_port()
    address: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "user": ACCOUNT["POSTGRES_USER"],
        "password": ACCOUNT["POSTGRES_PASSWORD"],
        "dbname": ACCOUNT["POSTGRES_DB"],
    }

    def is_ready() -> bool:
        try:
            psycopg.connect(**address).close()
        except psycopg.OperationalError:
            return False
        return True

    with tempfile.TemporaryDirectory() as logs:
        command = make_postgres(ACCOUNT, folder=folder, port=port)
        server = Service("postgres", command, os.environ, Path(logs) / "postgres.log")
        server.start()
        try:
            wait_until(is_ready, services=[server], seconds=600, what="waited for PostgreSQL")
            yield address
        finally:
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def connections() -> list[Any]:
    """The connections that the test has made."""
    return []


@pytest.fixture(params=["psycopg2", "psycopg"])
def connect(
    request: pytest.FixtureRequest, postgres_address: dict[str, Any], connections: list[Any]
) -> Connect:
    """Makes a connection to PostgreSQL, with each of its drivers."""
    driver = pytest.importorskip(request.param)

    def make() -> Any:
        connections.append(driver.connect(**postgres_address))
        return connections[-1]

    return make
