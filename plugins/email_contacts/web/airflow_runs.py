"""Imports that run now, as Airflow knows them. Not public API of Airflow; written for 3.3.

Reads what is there anyway: task instances, the arguments of their triggers, rendered fields, XComs, and the
last look that a connection's poller has noted. An import runs from its run's creation until the task that
writes its receipt has ended. That task is known by its outlet, the asset of all receipts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from email_contacts.imports.history import ASSET_NAME
from email_contacts.imports.waiting.look_note import LOOK, LookNote, look_key
from email_contacts.web.airflow_access import Access

# Runs that are read at once, and how much of each: a run may have thousands of mapped tasks.
MAX_RUNS, MAX_TASKS = 200, 5_000
_TRIGGERS = "email_contacts.trigger."
_KEYS = ("rows", "submission", LOOK)
_LIST_OPERATOR = "GetListOperator"
# States of a task that waits in a worker.
_IN_WORKER = ("running", "up_for_reschedule")


@dataclass(frozen=True)
class RunningTask:
    """A task instance of a run that is not over.

    :param trigger: the name of the trigger that it waits for, where that is one of this package.
    :param waits_for: the arguments of that trigger; of a wait in a worker its deadline and source.
    :param look: the last look of a wait in a worker.
    """

    task_id: str
    operator: str
    state: str
    map_index: int
    started_at: datetime | None
    ended_at: datetime | None
    trigger: str
    waits_for: Mapping[str, Any]
    look: LookNote | None = None


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
        """Read those that the user may see, ``MAX_RUNS`` at most; so many queries, however many run."""
        with create_session(scoped=False) as session:
            producers = session.scalars(
                select(TaskOutletAssetReference.dag_id)
                .join(AssetModel, AssetModel.id == TaskOutletAssetReference.asset_id)
                .where(AssetModel.name == ASSET_NAME)
            )
            readable = self._access.readable(session, producers)
            return _running(session, _unfinished(session, DagRun.dag_id.in_(readable)))

    def one(self, dag_id: str, run_id: str) -> RunningImport | None:
        """Read one; None when it does not run, or the user may not see it."""
        with create_session(scoped=False) as session:
            if not self._access.may(session, dag_id):
                return None
            runs = _unfinished(session, and_(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
            return next(iter(_running(session, runs)), None)


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


def _running(session: Session, runs: Collection[DagRun]) -> list[RunningImport]:
    if not runs:
        return []
    ids = [run.id for run in runs]
    xcoms = _xcoms(session, ids)
    tasks = _tasks(session, ids, xcoms)
    rendered = _rendered(session, ids)
    waiting = [one for of_run in tasks.values() for one in of_run]
    looks = _looks(session, {str(one.waits_for.get("conn_id")) for one in waiting if one.waits_for})
    return [
        RunningImport(
            run.dag_id,
            run.run_id,
            str(run.state),
            run.start_date,
            tuple(tasks.get(run.id, ())),
            rendered.get(run.id, {}),
            {
                key: [value for _, value in sorted(values.items())]
                for key, values in xcoms.get(run.id, {}).items()
            },
            looks,
        )
        for run in runs
    ]


def _first_of_each(run_id: Any, *columns: Any, where: Any, order: Any) -> tuple[Any, Any]:
    """Select columns of the first rows of each run, of no more than are read of one."""
    place = func.row_number().over(partition_by=run_id, order_by=order).label("place")
    found = select(run_id.label("run"), *columns, place).where(where).subquery()
    return select(found).where(found.c.place <= MAX_TASKS), found


_XComs = dict[int, dict[tuple[str, str], dict[int, Any]]]


def _xcoms(session: Session, runs: Collection[int]) -> _XComs:
    """Read what tasks pushed: run → (task id, key) → map index → value."""
    lists = select(TaskInstance.id).where(
        TaskInstance.dag_id == XComModel.dag_id,
        TaskInstance.run_id == XComModel.run_id,
        TaskInstance.task_id == XComModel.task_id,
        TaskInstance.operator == _LIST_OPERATOR,
    )
    query, _ = _first_of_each(
        XComModel.dag_run_id,
        XComModel.task_id,
        XComModel.key,
        XComModel.map_index,
        XComModel.value,
        where=and_(
            XComModel.dag_run_id.in_(runs),
            or_(XComModel.key.in_(_KEYS), and_(XComModel.key == "return_value", lists.exists())),
        ),
        order=(XComModel.map_index, XComModel.task_id),
    )
    xcoms: _XComs = {}
    rows: Any = session.execute(query)
    for run, task_id, key, map_index, value, _ in rows:
        xcoms.setdefault(run, {}).setdefault((task_id, key), {})[map_index] = value
    return xcoms


def _rendered(session: Session, runs: Collection[int]) -> dict[int, dict[str, Any]]:
    of_run = and_(DagRun.dag_id == Fields.dag_id, DagRun.run_id == Fields.run_id)
    found: dict[int, dict[str, Any]] = {}
    query = select(DagRun.id, Fields.task_id, Fields.rendered_fields).join(Fields, of_run)
    rows: Any = session.execute(query.where(DagRun.id.in_(runs), Fields.map_index == -1))
    for run, task_id, fields in rows:
        found.setdefault(run, {})[str(task_id)] = fields
    return found


def _tasks(session: Session, runs: Collection[int], xcoms: _XComs) -> dict[int, list[RunningTask]]:
    of_run = and_(DagRun.dag_id == TaskInstance.dag_id, DagRun.run_id == TaskInstance.run_id)
    query, found = _first_of_each(
        DagRun.id,
        TaskInstance.task_id,
        TaskInstance.operator,
        TaskInstance.state,
        TaskInstance.map_index,
        TaskInstance.start_date,
        TaskInstance.end_date,
        TaskInstance.trigger_id,
        where=and_(of_run, DagRun.id.in_(runs)),
        order=(TaskInstance.task_id, TaskInstance.map_index),
    )
    query = query.add_columns(Trigger).outerjoin(Trigger, Trigger.id == found.c.trigger_id)
    tasks: dict[int, list[RunningTask]] = {}
    for one in session.execute(query.order_by(found.c.run, found.c.place)):
        name, waits_for, look = "", {}, None
        if one.Trigger is not None and one.Trigger.classpath.startswith(_TRIGGERS):
            # One that cannot be decrypted, after a change of the key for example, tells nothing.
            with suppress(Exception):
                name = one.Trigger.classpath.removeprefix(_TRIGGERS)
                waits_for = dict(one.Trigger.kwargs)
        elif one.state in _IN_WORKER:
            left = xcoms.get(one.run, {}).get((one.task_id, LOOK), {}).get(one.map_index)
            if isinstance(left, Mapping) and (look := LookNote.parse(str(left.get("note")))):
                waits_for = {key: left.get(key) for key in ("deadline", "source")}
        tasks.setdefault(one.run, []).append(
            RunningTask(
                one.task_id,
                str(one.operator or ""),
                str(one.state or ""),
                one.map_index,
                one.start_date,
                one.end_date,
                name,
                waits_for,
                look,
            )
        )
    return tasks


def _looks(session: Session, conn_ids: Iterable[str]) -> dict[str, LookNote]:
    keys = {look_key(conn_id): conn_id for conn_id in conn_ids}
    noted = session.scalars(select(Variable).where(Variable.key.in_(keys)))
    notes = {keys[one.key]: LookNote.parse(one.val or "") for one in noted}
    return {conn_id: note for conn_id, note in notes.items() if note is not None}
