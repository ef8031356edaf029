"""The peer of the shared watch: a trigger that polls for itself, as the dbt Cloud and Airbyte providers' do.

One asyncio loop for each deferred task, its own connection read at the start, one GET for its own id at each
interval over a client of its own making. httpx stands for the providers' HTTP libraries, without TLS, which
is to the peer's advantage.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
from airflow.sdk import BaseHook
from airflow.triggers.base import BaseTrigger, TriggerEvent


class PollingTrigger(BaseTrigger):
    """Polls one process until it has ended.

    :param poll_interval: seconds between looks.
    :param deadline: seconds since the epoch.
    """

    def __init__(self, *, conn_id: str, process_id: int, poll_interval: float, deadline: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.process_id = process_id
        self.poll_interval = poll_interval
        self.deadline = deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "process_id": self.process_id,
                "poll_interval": self.poll_interval,
                "deadline": self.deadline,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        connection = await BaseHook.aget_connection(self.conn_id)
        while await self.is_still_running(connection):
            if time.time() > self.deadline:
                yield TriggerEvent({"status": "timeout"})  # type: ignore[no-untyped-call]
                return
            await asyncio.sleep(self.poll_interval)
        yield TriggerEvent({"status": "success"})  # type: ignore[no-untyped-call]

    async def is_still_running(self, connection: Any) -> bool:
        async with httpx.AsyncClient(headers={"api-key": connection.password}, verify=False) as client:
            answer = await client.get(f"{connection.host}/v3/processes/{self.process_id}", timeout=60)
            return bool(answer.json()["status"] not in ("completed", "failed", "cancelled"))
