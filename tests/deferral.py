"""What Airflow does with a task that defers: run its trigger, and come back with the event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import TaskDeferred

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context
    from airflow.triggers.base import BaseTrigger


def event_of(trigger: BaseTrigger) -> dict[str, Any]:
    """Run a trigger until it fires, and give the payload of its one event."""

    async def events() -> list[Any]:
        return [event async for event in trigger.run()]

    (event,) = asyncio.run(events())
    payload: dict[str, Any] = event.payload
    return payload


def fired(deferred: TaskDeferred) -> dict[str, Any]:
    """Run the trigger that a task deferred to."""
    return event_of(deferred.trigger)


def carried_through(operator: BaseOperator, context: Context) -> Any:
    """Execute a task; whenever it defers, run its trigger and resume."""
    return _run(operator, partial(operator.execute, context), context)


def _run(operator: BaseOperator, go_on: Callable[[], Any], context: Context) -> Any:
    try:
        return go_on()
    except TaskDeferred as deferred:
        came_with = {**(deferred.kwargs or {}), "event": fired(deferred)}
        method = deferred.method_name
    return _run(operator, partial(operator.resume_execution, method, came_with, context), context)
