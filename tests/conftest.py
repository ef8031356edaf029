"""What every test gets: an Airflow home of its own, and the sandbox platform over real HTTP."""

from __future__ import annotations

import atexit
import gc
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.amount import amount
from tests.grouping import SHARED, arrange, is_last, scheduler
from tests.object_store import object_store, object_store_server

if TYPE_CHECKING:
    from airflow.sdk import Context

    from email_contacts.sandbox import SandboxServer
    from tests.task_context import StateStore

__all__ = ["object_store", "object_store_server"]

PROJECT = Path(__file__).resolve().parents[1]
CONN_ID = "email_contacts_default"
# No test depends on how fast the machine is.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=amount(100, quick=20),
)
settings.load_profile("any machine")

# Airflow reads its configuration when it is first imported, so this comes before any test module does.
for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[name]
HOME = Path(tempfile.mkdtemp(prefix="airflow-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
    "AIRFLOW__API_AUTH__JWT_SECRET": "j" * 64,
}


# Both compile all secrets of their process into one pattern, again with each new one. Thousands of tests have
# thousands of secrets, and were half of the time at this.
SECRETS_MASKERS = {
    "airflow._shared.secrets_masker.secrets_masker",
    "airflow.sdk._shared.secrets_masker.secrets_masker",
}

# Thousands of tests and their modules stay until the end: the garbage collector need not look through them.
gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was collected alone, and look for garbage from here on, but less often than usual.

    What Airflow makes is garbage only in part: to look takes a sixth of the time of its tests.
    """
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the groups of tests in order."""
    arrange(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a group of tests in one process when several run side by side."""
    return scheduler(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Look for garbage between tests, not within one.

    Deep in a recursion, as in JSON of a hundred thousand brackets, finalizers have no frame left to run in:
    the test that comes by would fail for what others have left.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Have Airflow forget a test's secrets, and end what a group shares after its last test."""
    try:
        yield
    finally:
        for module in SECRETS_MASKERS & sys.modules.keys():
            sys.modules[module].reset_secrets_masker()
        if is_last(item.nodeid, nextitem.nodeid if nextitem else None):
            SHARED.close()


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """The Airflow home that the tests of this process share."""
    return HOME


@pytest.fixture(scope="session")
def airflow_database(airflow_home: Path) -> None:
    """Airflow's metadata database, made once per session."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxServer]:
    """One sandbox platform for all tests, listening on a port of its own."""
    from email_contacts.sandbox import SandboxServer

    with SandboxServer(api_key="test-key") as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server: SandboxServer) -> SandboxServer:
    """The sandbox platform with a fresh account, and its knobs and journal as at the start."""
    sandbox_server.reset()
    return sandbox_server


@pytest.fixture
def connection(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The default connection, pointed at the sandbox; its stage is the test's own folder.

    :return: the connection's id.
    """
    connect(monkeypatch, sandbox, stage=tmp_path / "stage", source_roots=f"{tmp_path}, {PROJECT}")
    return CONN_ID


def connect(monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer, *, stage: Path, **extra: object) -> None:
    """Set the default connection in the environment.

    :param extra: further extra fields of the connection.
    """
    document = {
        "conn_type": "email_contacts",
        "host": sandbox.url,
        "password": sandbox.api_key,
        "extra": {"staging_uri": stage.as_uri(), "process_polls_per_hour": 36000, **extra},
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(document))


@pytest.fixture
def store() -> StateStore:
    """The state store of the task under test; it outlives a try."""
    from tests.task_context import StateStore

    return StateStore()


@pytest.fixture
def context(store: StateStore) -> Context:
    """The context of one try of the task under test."""
    from tests.task_context import make_context

    return make_context(store)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, a part that is left out is a failure; elsewhere the last lines name it, and why."""
    SHARED.close()  # of a group that was interrupted
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
