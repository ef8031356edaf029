"""What is used here and is not public API of Airflow: sessions, task instances, state store, XComs, resuming.

Written for Airflow 3.3; ``tests/web/test_airflow_core_contract.py`` says what to look at when another version
changes it. Each function is a separate transaction, with one session for all of it: a second one would
wait for ever for what the first has locked. The run is locked before the task instance, as the scheduler does
it, and the task instance without its key, so that a push of its XCom need not wait.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from airflow._shared.timezones import timezone
from airflow.models.connection import Connection
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import handle_event_submit
from airflow.models.xcom import XComModel
from airflow.sdk.exceptions import AirflowException
from airflow.state import TaskScope, get_state_backend
from airflow.triggers.base import TriggerEvent
from airflow.utils.session import create_session
from airflow.utils.state import State, TaskInstanceState
from sqlalchemy import Select, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from email_contacts.connection import CONN_TYPE, ContactsConnection
from email_contacts.imports.callbacks import MAILBOX, CallbackAddress, called_key, mail
from email_contacts.imports.waiting.process_status import ProcessStatuses
from email_contacts.imports.waiting.worker_wait import WaitOutcome
from email_contacts.trigger import ImportCompletedTrigger

TRIGGER = f"{ImportCompletedTrigger.__module__}.{ImportCompletedTrigger.__qualname__}"
# How long a row may be locked by somebody else before the transaction is given up, and how often it is tried.
LOCK_TIMEOUT = "5s"
TRIES = 2


class DatabaseBusy(Exception):
    """The metadata database did not let a transaction through."""


class Memory(Enum):
    """What the state store knows of a call, as it is logged."""

    NO_SUCH_TASK = "rejected, there is no such task"
    FIRST = "remembered"
    REPEATED = "was received before"
    OUTDATED = "stored; the task has submitted another import since"


@dataclass(frozen=True)
class Attempt:
    """An attempt to wake a task.

    :param outcome: what there is to say about it.
    :param again_in: seconds after which another attempt is worth while; None when it is not.
    """

    outcome: str
    again_in: float | None = None


def read_connection(conn_id: str) -> ContactsConnection | None:
    """Read a connection as the API server may, from every secrets backend.

    :return: None when there is none of our type; what is in one of another type stays unread.
    :raises email_contacts.connection.InvalidConnection: when it cannot work.
    """
    try:
        connection = Connection.get_connection_from_secrets(conn_id)
    # PermissionError: a secrets backend that knows it, and does not give it to the API server.
    except (AirflowException, PermissionError):
        return None
    return ContactsConnection.from_airflow(connection) if connection.conn_type == CONN_TYPE else None


def remember(address: CallbackAddress, *, called_at: str) -> Memory:
    """Note a call for the task that submitted the import: in its state store, and in its mailbox.

    :param called_at: ISO 8601, UTC.
    :raises DatabaseBusy: when the database does not let it through.
    """
    for _ in range(TRIES):
        # IntegrityError: the task pushed its mailbox at the same instant.
        with suppress(OperationalError, IntegrityError), _transaction() as session:
            return _remember(session, address, called_at)
    raise DatabaseBusy(f"the metadata database was locked in all of {TRIES} tries")


def wake(address: CallbackAddress, grace: float) -> Attempt:
    """Resume the task that waits, if it is deferred on our trigger and has been for long enough.

    :param grace: seconds that it must have been deferred.
    """
    try:
        with _transaction() as session:
            return _wake(session, address, grace)
    except OperationalError as error:
        return Attempt(f"was locked ({type(error).__name__})", again_in=1.0)


def _remember(session: Session, address: CallbackAddress, called_at: str) -> Memory:
    run = select(DagRun.id).where(DagRun.dag_id == address.dag_id, DagRun.run_id == address.run_id)
    session.scalar(run.with_for_update(of=DagRun, read=True, key_share=True))
    # Two calls at once come here one after the other.
    task = _instance(select(TaskInstance.id), address, address.task_id)
    task = task.where(TaskInstance.map_index == address.map_index)
    if session.scalar(task.with_for_update(of=TaskInstance, key_share=True)) is None:
        return Memory.NO_SUCH_TASK
    place: dict[str, Any] = {
        "dag_id": address.dag_id,
        "run_id": address.run_id,
        "task_id": address.task_id,
        "map_index": address.map_index,
    }
    scope, key, store = TaskScope(**place), called_key(address.nonce), get_state_backend()
    if store.get(scope, key, session=session) is not None:
        return Memory.REPEATED
    store.set(scope, key, json.dumps({"called_at": called_at}), session=session)
    letter: Any = session.scalar(select(XComModel.value).filter_by(key=MAILBOX, **place))
    # The mailbox belongs to the newest submission: a call for an earlier one must not take its place. A new
    # try has none until it renews it.
    if isinstance(letter, dict) and letter.get("nonce") != address.nonce:
        return Memory.OUTDATED
    # The value is JSON already, so not to be serialised; in this session, for a second one would wait for us.
    XComModel.set(
        MAILBOX, mail(address.nonce, called_at=called_at), serialize=False, session=session, **place
    )
    return Memory.FIRST


def _wake(session: Session, address: CallbackAddress, grace: float) -> Attempt:
    waiting = _instance(select(TaskInstance), address, address.waiting_task_id)
    # The same map index where there is one; otherwise one task waits for all.
    waiting = waiting.where(TaskInstance.map_index.in_({address.map_index, -1}))
    waiting = waiting.order_by(TaskInstance.map_index.desc()).limit(1)
    ti = session.scalar(waiting.with_for_update(of=TaskInstance, key_share=True))
    if ti is None:
        return Attempt("does not exist")
    if ti.state in State.finished:
        return Attempt(f"has ended ({ti.state})")
    if ti.state != TaskInstanceState.DEFERRED or ti.trigger is None or ti.trigger.classpath != TRIGGER:
        return Attempt(f"does not wait (yet), it is {ti.state}", again_in=max(grace, 0.1))
    too_early = grace - (timezone.utcnow() - ti.trigger.created_date).total_seconds()
    if too_early > 0:
        # No more than the grace, whatever the clocks of two machines say.
        return Attempt("has only just begun to wait", again_in=min(too_early, grace))
    event = WaitOutcome(ProcessStatuses(()), is_called=True).to_event()
    handle_event_submit(TriggerEvent(event), task_instance=ti, session=session)  # type: ignore[no-untyped-call]
    return Attempt("was woken")


def _instance(query: Select[Any], address: CallbackAddress, task_id: str) -> Select[Any]:
    return query.where(
        TaskInstance.dag_id == address.dag_id,
        TaskInstance.run_id == address.run_id,
        TaskInstance.task_id == task_id,
    )


@contextmanager
def _transaction() -> Iterator[Session]:
    """A transaction that waits for locks only briefly."""
    with create_session(scoped=False) as session:
        dialect = session.get_bind().dialect.name
        if dialect == "postgresql":
            session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        elif dialect == "sqlite":
            # It has no row locks: the whole database is locked from the first statement on.
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
        yield session
