"""Only a scheduler that ended by Airflow's own fault is started again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.processes import Service
from tests.faults.restart_policy import RestartPolicy

ON_SQLITE = (
    "sqlalchemy.exc.IntegrityError: (sqlite3.IntegrityError) UNIQUE constraint failed: "
    "task_instance_history.dag_id, task_instance_history.task_id"
)
ON_POSTGRESQL = (
    "sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) duplicate key value violates "
    'unique constraint "task_instance_history_dtrt_uq"'
)
# The first time it ends with a message; the second time it stays.
PROGRAM = """
import pathlib, sys, time
begun = pathlib.Path(sys.argv[1])
if not begun.exists():
    begun.touch()
    sys.exit(sys.argv[2])
time.sleep(600)
"""


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """A service that has ended with a message."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "begun"), request.param]
    ended = Service("scheduler", command, {}, tmp_path / "scheduler.log")
    ended.start()
    assert ended.process is not None
    ended.process.wait()
    yield ended
    ended.kill()


@pytest.mark.parametrize("service", [ON_SQLITE, ON_POSTGRESQL], indirect=True, ids=["sqlite", "postgresql"])
def test_a_scheduler_that_wrote_the_same_history_twice_is_started_again(service: Service) -> None:
    RestartPolicy([service]).apply()
    assert service.process is not None
    assert service.process.poll() is None


@pytest.mark.parametrize("service", ["ImportError: no module named email_contacts"], indirect=True)
def test_what_ended_for_another_reason_stays_dead(service: Service) -> None:
    RestartPolicy([service]).apply()
    assert service.process is not None
    assert service.process.poll() == 1


@pytest.mark.parametrize("service", [ON_SQLITE], indirect=True)
def test_what_was_killed_on_purpose_stays_dead(service: Service) -> None:
    service.kill()
    RestartPolicy([service]).apply()
    assert service.process is None
