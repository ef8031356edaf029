"""What mapped tasks returned, as the next task gets it: Airflow's lazy sequence, its supervisor played."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import (
    GetXComCount,
    GetXComSequenceSlice,
    XComCountResponse,
    XComSequenceSliceResult,
)
from airflow.sdk.execution_time.lazy_sequence import LazyXComSequence


def lazy(values: list[Any], monkeypatch: pytest.MonkeyPatch) -> LazyXComSequence[Any]:
    """Make the sequence that Airflow makes of what mapped tasks returned."""

    class Supervisor:
        def send(self, message: Any) -> Any:
            if isinstance(message, GetXComCount):
                return XComCountResponse(len=len(values))
            if isinstance(message, GetXComSequenceSlice):
                return XComSequenceSliceResult(root=values[message.start : message.stop : message.step])
            raise AssertionError(f"{message}: over the network, they are to be asked for in one piece")

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(), raising=False)
    argument: Any = SimpleNamespace(operator=SimpleNamespace(dag_id="a_dag", task_id="import"), key="k")
    instance: Any = SimpleNamespace(run_id="a_run")
    return LazyXComSequence(xcom_arg=argument, ti=instance)
