"""Airflows under fire, each started once for all tests that use it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.servers import missing_programs
from tests.faults.matrix import Matrix
from tests.faults.under_fire import UnderFire, celery_executor, local_executor
from tests.grouping import SHARED


@pytest.fixture(scope="session")
def workspace() -> Iterator[Path]:
    """A folder for all that these Airflows write."""
    folder = Path(tempfile.mkdtemp(prefix="airflow-faults-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


RUNNING: dict[str, UnderFire] = {}


@pytest.fixture(scope="module", params=["local_executor", "celery_executor"])
def airflow(request: pytest.FixtureRequest, workspace: Path) -> UnderFire:
    """A running Airflow: LocalExecutor on SQLite; then CeleryExecutor on PostgreSQL, where that is."""
    start = {"local_executor": local_executor, "celery_executor": celery_executor}[request.param]
    missing = missing_programs() if start is celery_executor else []
    if missing:
        reason = f"CeleryExecutor's servers are not installed: {', '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(f"{reason}; apt-get install postgresql redis-server curl")
    if request.param not in RUNNING:
        folder = Path(tempfile.mkdtemp(dir=workspace)) / "airflow"
        RUNNING[request.param] = SHARED.enter_context(start(folder))
        SHARED.callback(RUNNING.clear)
    return RUNNING[request.param]


@pytest.fixture(scope="module")
def matrix(airflow: UnderFire, workspace: Path) -> Iterator[Matrix]:
    """The rows of the kill matrix on this Airflow."""
    with Matrix(airflow, Path(tempfile.mkdtemp(dir=workspace))) as rows:
        yield rows
