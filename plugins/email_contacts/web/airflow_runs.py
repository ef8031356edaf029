"""Imports that run now, as Airflow knows them. Not public API of Airflow; written for 3.3.

Reads what is there anyway: task instances, the arguments of their triggers, rendered fields, XComs, and the
last look that a connection's poller has noted. An import runs from its run's creation until the task that
writes its receipt has ended. That task is known by its outlet, the asset of all receipts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.models.asset import AssetModel, TaskOutletAssetReference
from airflow.models.dagrun import DagRun
from airflow.models.renderedtifields import RenderedTaskInstanceFields as Fields
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.models.variable import Variable
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, State
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from email_contacts.imports.history import ASSET_NAME
from email_contacts.imports.waiting.look_note import LookNote, look_key
from email_contacts.web.airflow_access import Access

# Runs that are shown at once, and how much of each is read: a run may have thousands of mapped tasks.
MAX_RUNS, MAX_TASKS = 20, 5_000
_TRIGGERS = "email_contacts.trigger."
_KEYS = ("rows", "submission")
_LIST_OPERATOR = "GetListOperator"


@dataclass(frozen=True)
class RunningTask:
    """A task instance of a run that is not over.

    :param trigger: the name of the trigger that it waits for, where that is one of this package.
    :param waits_for: the arguments of that trigger.
    """

    task_id: str
    operator: str
    state: str
    map_index: int
    started_at: datetime | None
    ended_at: datetime | None
    trigger: str
    waits_for: Mapping[str, Any]


@dataclass(frozen=True)
class RunningImport:
    """A run that has not written its receipt. What tasks left of it may be anything.

    :param rendered: the rendered fields of its tasks.
    :param xcoms: (task id, key) → values, in the order of the map indexes.
    :param looks: connection id → the last look at its account.
    """

    dag_id: str
    run_id: str
    state: str
    started_at: datetime | None
    tasks: tuple[RunningTask, ...]
    rendered: Mapping[str, Any]
    xcoms: Mapping[tuple[str, str], list[Any]]
    looks: Mapping[str, LookNote]


class RunningImports:
    """The imports that run now, as one user may see them.

    :param user: who asks; Airflow's own, from ``GetUserDep``.
    """

    def __init__(self, user: Any) -> None:
        self._access = Access(user)

    def newest_first(self) -> list[RunningImport]:
        """Read those that the user may see; no more than can be shown."""
        with create_session(scoped=False) as session:
            producers = session.scalars(
                select(TaskOutletAssetReference.dag_id)
                .join(AssetModel, AssetModel.id == TaskOutletAssetReference.asset_id)
                .where(AssetModel.name == ASSET_NAME)
            )
            readable = self._access.readable(session, producers)
            runs = _unfinished(session, DagRun.dag_id.in_(readable))
            return [_running(session, run) for run in runs]

    def one(self, dag_id: str, run_id: str) -> RunningImport | None:
        """Read one; None when it does not run, or the user may not see it."""
        with create_session(scoped=False) as session:
            if not self._access.may(session, dag_id):
                return None
            runs = _unfinished(session, and_(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
            return next((_running(session, run) for run in runs), None)


def _unfinished(session: Session, which: Any) -> list[DagRun]:
    """Runs whose task of the receipt has not ended."""
    reference = TaskOutletAssetReference
    writes = (
        select(TaskInstance.id)
        .join(
            reference,
            and_(reference.dag_id == TaskInstance.dag_id, reference.task_id == TaskInstance.task_id),
        )
        .join(AssetModel, AssetModel.id == reference.asset_id)
        .where(
            AssetModel.name == ASSET_NAME,
            TaskInstance.dag_id == DagRun.dag_id,
            TaskInstance.run_id == DagRun.run_id,
            or_(TaskInstance.state.is_(None), TaskInstance.state.not_in(State.finished)),
        )
    )
    query = (
        select(DagRun)
        .where(which, DagRun.state.in_((DagRunState.RUNNING, DagRunState.QUEUED)), writes.exists())
        .order_by(DagRun.run_after.desc(), DagRun.id.desc())
        .limit(MAX_RUNS)
    )
    return list(session.scalars(query))


def _running(session: Session, run: DagRun) -> RunningImport:
    where = {"dag_id": run.dag_id, "run_id": run.run_id}
    tasks = tuple(_tasks(session, where))
    listers = [one.task_id for one in tasks if one.operator == _LIST_OPERATOR]
    is_list = and_(XComModel.key == "return_value", XComModel.task_id.in_(listers))
    values: Any = session.execute(
        select(XComModel.task_id, XComModel.key, XComModel.value)
        .filter_by(**where)
        .where(or_(XComModel.key.in_(_KEYS), is_list))
        .order_by(XComModel.map_index)
        .limit(MAX_TASKS)
    )
    xcoms: dict[tuple[str, str], list[Any]] = {}
    for task_id, key, value in values:
        xcoms.setdefault((task_id, key), []).append(value)
    fields: Any = select(Fields.task_id, Fields.rendered_fields).filter_by(**where, map_index=-1)
    return RunningImport(
        run.dag_id,
        run.run_id,
        str(run.state),
        run.start_date,
        tasks,
        {str(task_id): rendered for task_id, rendered in session.execute(fields)},
        xcoms,
        _looks(session, {str(one.waits_for.get("conn_id")) for one in tasks if one.waits_for}),
    )


def _tasks(session: Session, where: Mapping[str, str]) -> Iterable[RunningTask]:
    columns = (TaskInstance.task_id, TaskInstance.operator, TaskInstance.state, TaskInstance.map_index)
    found = session.execute(
        select(*columns, TaskInstance.start_date, TaskInstance.end_date, Trigger)
        .filter_by(**where)
        .outerjoin(Trigger, Trigger.id == TaskInstance.trigger_id)
        .order_by(TaskInstance.task_id, TaskInstance.map_index)
        .limit(MAX_TASKS)
    )
    for task_id, operator, state, map_index, started_at, ended_at, trigger in found:
        name, kwargs = "", {}
        if trigger is not None and trigger.classpath.startswith(_TRIGGERS):
            # One that cannot be decrypted, after a change of the key for example, tells nothing.
            with suppress(Exception):
                name, kwargs = trigger.classpath.removeprefix(_TRIGGERS), dict(trigger.kwargs)
        yield RunningTask(
            task_id, str(operator or ""), str(state or ""), map_index, started_at, ended_at, name, kwargs
        )


def _looks(session: Session, conn_ids: Iterable[str]) -> dict[str, LookNote]:
    looks = {}
    for conn_id in conn_ids:
        noted = session.scalar(select(Variable).where(Variable.key == look_key(conn_id)))
        note = LookNote.parse(noted.val or "") if noted is not None else None
        if note is not None:
            looks[conn_id] = note
    return looks
