"""What mapped tasks returned, as the next task gets it: Airflow's lazy sequence, its supervisor played."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import (
    ErrorResponse,
    GetXComCount,
    XComCountResponse,
    XComSequenceIndexResult,
)
from airflow.sdk.execution_time.lazy_sequence import LazyXComSequence


def lazy(values: list[Any], monkeypatch: pytest.MonkeyPatch) -> LazyXComSequence[Any]:
    """Make the sequence that Airflow makes of what mapped tasks returned."""

    class Supervisor:
        def send(self, message: Any) -> Any:
            if isinstance(message, GetXComCount):
                return XComCountResponse(len=len(values))
            if not 0 <= message.offset < len(values):
                return ErrorResponse(error=ErrorType.XCOM_NOT_FOUND)
            return XComSequenceIndexResult(root=values[message.offset])

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(), raising=False)
    argument: Any = SimpleNamespace(operator=SimpleNamespace(dag_id="a_dag", task_id="import"), key="k")
    instance: Any = SimpleNamespace(run_id="a_run")
    return LazyXComSequence(xcom_arg=argument, ti=instance)
