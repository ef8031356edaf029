"""Sensors as the tests of both their ways to wait make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from email_contacts.sensor import ImportCompletedSensor

if TYPE_CHECKING:
    from airflow.sdk import Context

both_modes = pytest.mark.parametrize("deferrable", [True, False], ids=["triggerer", "worker"])


def sensor(process_ids: Any, **arguments: Any) -> ImportCompletedSensor:
    given = {"poke_interval": 0.02, "timeout": 30.0, **arguments}
    return ImportCompletedSensor(task_id="wait", process_ids=process_ids, **given)


def deferral(task: ImportCompletedSensor, context: Context) -> Any:
    with pytest.raises(TaskDeferred) as caught:
        task.execute(context)
    return caught.value
