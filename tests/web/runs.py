"""DAG runs in a real metadata database, with task instances as Airflow leaves them when they defer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, cast
from uuid import uuid4

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.models.xcom import XComModel
from airflow.sdk.serde import deserialize
from airflow.state import TaskScope, get_state_backend
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunType
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from email_contacts.imports.callbacks import MAILBOX, CallbackAddress, called_key, mail, new_nonce

CONN_ID = "crm"
OUR_TRIGGER = "email_contacts.trigger.ImportCompletedTrigger"
# A grace that no test waits for: whoever has been deferred for an hour may be woken.
LONG_AGO, JUST_NOW = 3600.0, 0.0


@dataclass
class Run:
    """A DAG run with the task instances that a test puts into it."""

    dag_id: str = "import_contacts"
    run_id: str = field(default_factory=lambda: f"manual__{uuid4()}")
    _newest_trigger: int = 0

    def __post_init__(self) -> None:
        with create_session() as session:
            now = datetime.now(timezone.utc)
            session.add(
                DagRun(
                    dag_id=self.dag_id,
                    run_id=self.run_id,
                    run_type=DagRunType.MANUAL,
                    run_after=now,
                    start_date=now,
                    state=DagRunState.RUNNING,
                )
            )

    def add(
        self,
        task_id: str,
        state: str,
        *,
        map_index: int = -1,
        trigger: str = OUR_TRIGGER,
        deferred_for: float = LONG_AGO,
    ) -> None:
        """Put a task instance into the run.

        :param trigger: the class path that a deferred one waits for.
        :param deferred_for: seconds since its trigger was made.
        """
        with create_session() as session:
            session.execute(
                insert(TaskInstance).values(
                    id=uuid4(),
                    dag_id=self.dag_id,
                    run_id=self.run_id,
                    task_id=task_id,
                    map_index=map_index,
                    state=state,
                    try_number=1,
                    max_tries=3,
                    pool="default_pool",
                    pool_slots=1,
                )
            )
        if state == "deferred":
            self.defer(task_id, map_index=map_index, trigger=trigger, deferred_for=deferred_for)

    def defer(
        self,
        task_id: str,
        *,
        map_index: int = -1,
        trigger: str = OUR_TRIGGER,
        deferred_for: float = LONG_AGO,
    ) -> None:
        """Let a task wait for a trigger."""
        with self._changing(task_id, map_index) as (ti, session):
            made = Trigger(
                classpath=trigger,
                kwargs={"process_ids": [5]},
                created_date=datetime.now(timezone.utc) - timedelta(seconds=deferred_for),
            )
            session.add(made)
            session.flush()
            self._newest_trigger = made.id
            ti.state, ti.trigger_id = "deferred", made.id
            ti.next_method, ti.next_kwargs = "execute_complete", {"submission": {"process_id": 5}}

    def end(self, task_id: str, state: str, map_index: int = -1) -> None:
        """Let a task end."""
        with self._changing(task_id, map_index) as (ti, _):
            ti.state, ti.trigger_id = state, None

    def state(self, task_id: str, map_index: int = -1) -> str:
        """The state of a task instance."""
        with self._changing(task_id, map_index) as (ti, _):
            return str(ti.state)

    def waited_before_it_was_woken(self, task_id: str, map_index: int = -1) -> float:
        """Seconds from the newest trigger of this run's making to the resumption."""
        with self._changing(task_id, map_index) as (ti, session):
            began = session.get_one(Trigger, self._newest_trigger).created_date
            return float((ti.scheduled_dttm - began).total_seconds())

    def event(self, task_id: str, map_index: int = -1) -> Any:
        """What the task will be resumed with, as its worker reads it."""
        with self._changing(task_id, map_index) as (ti, _):
            return cast("dict[str, Any]", deserialize(ti.next_kwargs)).get("event")

    def mailbox(self, task_id: str, map_index: int = -1) -> Any:
        """The letter in a task's mailbox; None when there is no mailbox."""
        with create_session() as session:
            query = select(XComModel).filter_by(
                key=MAILBOX, dag_id=self.dag_id, run_id=self.run_id, task_id=task_id, map_index=map_index
            )
            found = session.scalar(query)
            return None if found is None else XComModel.deserialize_value(found)

    def open_mailbox(self, task_id: str, nonce: str, map_index: int = -1) -> None:
        """Push the letter that a task pushes before it submits."""
        XComModel.set(
            MAILBOX,
            mail(nonce),
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_id=task_id,
            map_index=map_index,
            serialize=False,
        )

    def remembered(self, address: CallbackAddress) -> Any:
        """What the submitting task's state store says of the call, as its worker reads it."""
        scope = TaskScope(self.dag_id, self.run_id, address.task_id, address.map_index)
        found = get_state_backend().get(scope, called_key(address.nonce))
        return None if found is None else json.loads(found)

    def push_with(self, session: Session, task_id: str) -> None:
        """Push another XCom, in a transaction that goes on."""
        XComModel.set("any", 1, dag_id=self.dag_id, run_id=self.run_id, task_id=task_id, session=session)

    def address(self, task_id: str = "send", **parts: Any) -> CallbackAddress:
        """The address of a callback for a task of this run."""
        given = {"map_index": -1, "waiter": "", "conn_id": CONN_ID, "nonce": new_nonce(), **parts}
        return CallbackAddress(dag_id=self.dag_id, run_id=self.run_id, task_id=task_id, **given)

    @contextmanager
    def _changing(self, task_id: str, map_index: int) -> Iterator[tuple[Any, Any]]:
        with create_session(scoped=False) as session:
            query = select(TaskInstance).filter_by(
                dag_id=self.dag_id, run_id=self.run_id, task_id=task_id, map_index=map_index
            )
            yield session.scalars(query).one(), session
