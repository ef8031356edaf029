"""Task instances that wait in the triggerer, made in the metadata database without running anything.

``python -m local.deferred`` reads ``{"classpath": ..., "kwargs": [{...}, ...]}`` from its standard input and
leaves one deferred task instance for each of the kwargs, as Airflow does when a task defers. It runs in the
environment of the Airflow that it is for; :func:`defer` starts it there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from local.home import PROJECT

DAG_ID, TASK_ID, RUN_ID = "many_waits", "wait", "manual__many_waits"
BUNDLE = "dags-folder"


def defer(classpath: str, kwargs: Sequence[Mapping[str, Any]], *, environment: Mapping[str, str]) -> None:
    """Have task instances wait for triggers.

    :param classpath: of the trigger.
    :param kwargs: of each trigger; as many task instances are made.
    :param environment: of the Airflow; its metadata database must be there.
    """
    subprocess.run(
        [sys.executable, "-m", "local.deferred"],
        input=json.dumps({"classpath": classpath, "kwargs": list(kwargs)}).encode(),
        env={**environment, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'plugins'}"},
        cwd=PROJECT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def make(classpath: str, kwargs: Sequence[Mapping[str, Any]]) -> None:
    """Make the rows in the metadata database of this process's Airflow."""
    from airflow.models.dag_version import DagVersion
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.trigger import Trigger
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, TaskInstanceState
    from airflow.utils.types import DagRunType

    with DAG(DAG_ID, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)) as dag:
        EmptyOperator(task_id=TASK_ID)
    serialized = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    now = datetime.now(timezone.utc)
    with create_session() as session:
        session.merge(DagBundleModel(name=BUNDLE))
        session.flush()
        SerializedDAG.bulk_write_to_db(BUNDLE, None, [dag], session=session)
        SerializedDagModel.write_dag(LazyDeserializedDAG.from_dag(dag), bundle_name=BUNDLE, session=session)
        session.flush()
        version = DagVersion.get_latest_version(DAG_ID, session=session)
        if version is None:
            raise RuntimeError(f"{DAG_ID} was written, and has no version")
        session.add(
            DagRun(
                dag_id=DAG_ID,
                run_id=RUN_ID,
                run_type=DagRunType.MANUAL,
                run_after=now,
                start_date=now,
                state=DagRunState.RUNNING,
            )
        )
        triggers = [Trigger(classpath=classpath, kwargs=dict(one)) for one in kwargs]
        session.add_all(triggers)
        session.flush()
        for index, trigger in enumerate(triggers):
            waiting = TaskInstance(
                serialized.get_task(TASK_ID), run_id=RUN_ID, map_index=index, dag_version_id=version.id
            )
            waiting.try_number = 1
            waiting.state = TaskInstanceState.DEFERRED
            waiting.trigger_id = trigger.id
            waiting.next_method, waiting.next_kwargs = "execute_complete", {}
            session.add(waiting)


if __name__ == "__main__":
    make(**json.load(sys.stdin))
