"""What Airflow does not promise, and ``web/airflow_core.py`` relies on: each name, its form, its behaviour.

When one of these fails with a new version of Airflow, callbacks must be looked at before anybody upgrades.
The message says where.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from typing import Any

import pytest
from airflow.models.connection import Connection
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger, handle_event_submit
from airflow.models.xcom import XComModel
from airflow.state import TaskScope, get_state_backend
from airflow.triggers.base import TriggerEvent
from airflow.utils.session import create_session
from airflow.utils.state import State, TaskInstanceState
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from email_contacts.imports.callbacks import MAILBOX
from email_contacts.imports.waiting.worker_wait import WaitOutcome
from tests.web.runs import Run


@contextmanager
def relied_on(what: str, where: str) -> Iterator[None]:
    """Say what to do when a promise that nobody made is broken."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the advice is the same
        pytest.fail(
            f"Airflow {version('apache-airflow-core')} has changed {what}, which email_contacts/web/"
            f"airflow_core.py relies on in {where}: {type(error).__name__}: {error}\n"
            "Until that is mended and this test with it, callbacks do not wake tasks (imports are still "
            "polled for): read the new version's source, mend that function, run tests/web and "
            "tests/faults."
        )


SIGNATURES: list[tuple[Callable[..., Any], str, set[str]]] = [
    (create_session, "_transaction", {"scoped"}),
    (Connection.get_connection_from_secrets, "read_connection", {"conn_id"}),
    (handle_event_submit, "_wake", {"event", "task_instance", "session"}),
    (TriggerEvent, "_wake", {"payload"}),
    (TaskScope, "_remember", {"dag_id", "run_id", "task_id", "map_index"}),
    (get_state_backend, "_remember", set()),
    (
        XComModel.set,
        "_remember",
        {"key", "value", "dag_id", "run_id", "task_id", "map_index", "serialize", "session"},
    ),
]


@pytest.mark.parametrize(
    ("function", "where", "names"), SIGNATURES, ids=[where for _, where, _ in SIGNATURES]
)
def test_the_functions_take_what_they_are_given(
    function: Callable[..., Any], where: str, names: set[str]
) -> None:
    with relied_on(f"the parameters of {function}", where):
        parameters = inspect.signature(function).parameters
        assert names <= set(parameters)
        required = {
            name
            for name, parameter in parameters.items()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        }
        assert required <= names, f"now also needs {required - names}"


def test_the_state_backend_reads_and_writes_in_a_session_of_ours() -> None:
    with relied_on("the state backend", "_remember"):
        for verb, names in (("get", {"scope", "key"}), ("set", {"scope", "key", "value"})):
            parameters = inspect.signature(getattr(get_state_backend(), verb)).parameters
            assert names | {"session"} <= set(parameters)


def test_the_columns_are_there() -> None:
    with relied_on("the tables", "_remember and _wake"):
        for model, names in (
            (
                TaskInstance,
                "dag_id run_id task_id map_index state trigger_id next_method next_kwargs trigger",
            ),
            (DagRun, "id dag_id run_id"),
            (Trigger, "classpath created_date"),
            (XComModel, "key value dag_id run_id task_id map_index"),
        ):
            for name in names.split():
                assert hasattr(model, name), f"{model.__name__}.{name}"


def test_the_states_are_what_they_were() -> None:
    with relied_on("the task states", "_wake"):
        assert {str(state) for state in State.finished} == {
            "success",
            "failed",
            "skipped",
            "upstream_failed",
            "removed",
        }
        assert str(TaskInstanceState.DEFERRED) == "deferred"


def test_locks_leave_the_key_of_a_row_alone() -> None:
    """Whoever pushes an XCom or adds state shares the key of the rows; a plain FOR UPDATE would stop them."""
    with relied_on("how rows are locked", "_remember and _wake"):
        dialect = postgresql.dialect()
        task = select(TaskInstance).with_for_update(of=TaskInstance, key_share=True)
        assert "FOR NO KEY UPDATE OF task_instance" in str(task.compile(dialect=dialect))
        run = select(DagRun.id).with_for_update(of=DagRun, read=True, key_share=True)
        assert "FOR KEY SHARE OF dag_run" in str(run.compile(dialect=dialect))


def test_a_submitted_event_resumes_the_task_with_it(run: Run) -> None:
    run.add("send", "deferred")
    event = WaitOutcome.from_event({"outcome": "called", "processes": [], "error": ""}).to_event()
    with relied_on("handle_event_submit", "_wake"):
        with create_session(scoped=False) as session:
            ti = session.scalars(select(TaskInstance).filter_by(run_id=run.run_id)).one()
            handle_event_submit(TriggerEvent(event), task_instance=ti, session=session)  # type: ignore[no-untyped-call]
        with create_session(scoped=False) as session:
            ti = session.scalars(select(TaskInstance).filter_by(run_id=run.run_id)).one()
            assert (ti.state, ti.trigger_id, ti.next_method) == ("scheduled", None, "execute_complete")
            assert ti.scheduled_dttm is not None
        assert run.event("send") == event


@contextmanager
def undone() -> Iterator[Session]:
    """A transaction of which nothing is kept."""
    with create_session(scoped=False) as session:
        yield session
        session.rollback()


def test_a_submitted_event_is_undone_with_the_transaction(run: Run) -> None:
    run.add("send", "deferred")
    with relied_on("handle_event_submit", "_wake"):
        with undone() as session:
            ti = session.scalars(select(TaskInstance).filter_by(run_id=run.run_id)).one()
            handle_event_submit(TriggerEvent({}), task_instance=ti, session=session)  # type: ignore[no-untyped-call]
        assert run.state("send") == "deferred"


def test_state_and_xcom_are_undone_with_the_transaction(run: Run) -> None:
    run.add("send", "running")
    place: dict[str, Any] = {"dag_id": run.dag_id, "run_id": run.run_id, "task_id": "send", "map_index": -1}
    with relied_on("that state store and XComs use the session they are given", "_remember"):
        scope = TaskScope(**place)
        with undone() as session:
            get_state_backend().set(scope, "key", '"value"', session=session)
            XComModel.set(MAILBOX, {"nonce": "n"}, serialize=False, session=session, **place)
        assert get_state_backend().get(scope, "key") is None
        assert run.mailbox("send") is None


def test_the_age_of_a_deferral_is_known(run: Run) -> None:
    run.add("send", "deferred", deferred_for=100)
    with relied_on("Trigger.created_date", "_wake"), create_session(scoped=False) as session:
        ti = session.scalars(select(TaskInstance).filter_by(run_id=run.run_id)).one()
        age = datetime.now(timezone.utc) - ti.trigger.created_date
        assert timedelta(seconds=100) <= age < timedelta(seconds=100 + 600)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_is_locked_from_the_first_statement(database: str) -> None:
    """What BEGIN IMMEDIATE is for; a transaction that SQLAlchemy began of its own would make it fail."""
    with relied_on("how SQLite transactions begin", "_transaction"), undone() as session:
        session.connection().exec_driver_sql("BEGIN IMMEDIATE")
        driver = session.connection().connection.dbapi_connection
        assert driver is not None
        assert driver.in_transaction
