"""Imports that run, as their tasks leave them in the metadata database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest
from airflow.models.asset import TaskOutletAssetReference
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.models.variable import Variable
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import delete, insert, update

from email_contacts.api import Process
from email_contacts.imports.waiting.look_note import LookReport, look_key
from tests.web.pages import users
from tests.web.pages.entries import asset_id
from tests.web.runs import CONN_ID, OUR_TRIGGER, Run

OPERATORS = {
    "prepare": "PrepareContactsOperator",
    "size_before": "GetListOperator",
    "brakes": "CheckBrakesOperator",
    "import": "ImportContactsOperator",
    "wait": "ImportCompletedSensor",
    "verify": "VerifyImportOperator",
    "receipt": "WriteReceiptOperator",
}


class Import(Run):
    """A run of an import, with what its tasks leave in Airflow's database."""

    def task(self, task_id: str, state: str | None, *, map_index: int = -1, **waits_for: Any) -> None:
        """Put a task instance into the run; a deferred one waits for a trigger with these arguments."""
        self.add(task_id, state or "none", map_index=map_index, trigger=waits_for.pop("trigger", OUR_TRIGGER))
        with create_session() as session:
            where = {"run_id": self.run_id, "task_id": task_id, "map_index": map_index}
            changed = update(TaskInstance).filter_by(**where)
            began = datetime.now(timezone.utc) - timedelta(minutes=5)
            session.execute(
                changed.values(operator=OPERATORS[task_id], state=state, start_date=began, end_date=began)
            )
            if waits_for:
                trigger = session.get_one(Trigger, self._newest_trigger)
                trigger.kwargs = waits_for

    def leaves(self, task_id: str, key: str, value: Any, map_index: int = -1) -> None:
        """Push an XCom."""
        XComModel.set(
            key, value, dag_id=self.dag_id, run_id=self.run_id, task_id=task_id, map_index=map_index,
            serialize=False,
        )  # fmt: skip

    def is_given(self, task_id: str, **fields: Any) -> None:
        """Render the fields of a task."""
        with create_session() as session:
            where = {"dag_id": self.dag_id, "run_id": self.run_id, "task_id": task_id, "map_index": -1}
            session.execute(insert(RenderedTaskInstanceFields).values(**where, rendered_fields=fields))

    def ended(self, task_id: str, state: str, *, ago: float) -> None:
        """Let a task have ended so many seconds ago."""
        with create_session() as session:
            where = {"run_id": self.run_id, "task_id": task_id}
            ended_at = datetime.now(timezone.utc) - timedelta(seconds=ago)
            session.execute(update(TaskInstance).filter_by(**where).values(end_date=ended_at, state=state))

    def is_prepared(self) -> None:
        """Prepared, with a list to go to."""
        self.task("prepare", "success")
        self.is_given("prepare", source="s3://exports/customers.csv?signature=secret", sql="")
        self.leaves("prepare", "rows", {"read": 1000, "accepted": 971, "rejected": 22, "duplicates": 7})
        self.task("size_before", "success")
        self.leaves("size_before", "return_value", {"id": 4, "name": "Newsletter", "size": 0})

    def is_submitted(self, process_id: int, map_index: int) -> None:
        """Submit a batch."""
        self.task("import", "success", map_index=map_index)
        submission = {"process_id": process_id, "submitted_at": "2026-11-28T08:00:01.000+00:00"}
        self.leaves("import", "submission", submission, map_index)

    def waits_in_worker(
        self, task_id: str, seen: dict[int, str], *, deadline: float = 1_800_000_000.0
    ) -> None:
        """Wait in a worker, and leave its last look there."""
        self.task(task_id, "running")
        processes = [Process(one, "IMPORTUSER", status) for one, status in seen.items()]
        report = LookReport(lambda key, value: self.leaves(task_id, key, value), deadline, "auto")
        report(processes, next_look_in=36, is_answered=True)

    def waits(self, *process_ids: int, deadline: float = 1_800_000_000.0, **arguments: Any) -> None:
        """Wait for the platform."""
        given = {"conn_id": CONN_ID, "process_ids": [*process_ids], "deadline": deadline, "source": "auto"}
        self.task("wait", "deferred", **{**given, **arguments})


def begin(dag_id: str = users.CRM) -> Import:
    """Begin a run of a DAG whose task ``receipt`` writes receipts."""
    with create_session() as session:
        if session.get(DagBundleModel, "tests") is None:
            session.add(DagBundleModel(name="tests"))
            session.flush()
        if session.get(DagModel, dag_id) is None:
            session.add(cast("Any", DagModel)(dag_id=dag_id, bundle_name="tests"))
            session.flush()
            reference = TaskOutletAssetReference(asset_id=asset_id(session), dag_id=dag_id, task_id="receipt")
            session.add(reference)
    run = Import(dag_id=dag_id)
    run.task("receipt", None)
    return run


@pytest.fixture
def begun(history: None) -> Iterator[Callable[..., Import]]:
    """Begin runs, which are gone after the test."""
    made = []

    def begin_one(dag_id: str = users.CRM) -> Import:
        made.append(begin(dag_id))
        return made[-1]

    yield begin_one
    with create_session() as session:
        for run in made:
            session.execute(delete(DagRun).filter_by(run_id=run.run_id))
        session.execute(delete(Variable).filter_by(key=look_key(CONN_ID)))
        for dag_id in {run.dag_id for run in made}:
            session.execute(delete(DagModel).filter_by(dag_id=dag_id))
