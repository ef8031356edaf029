"""What this package counts, through Airflow's own stats (StatsD, Datadog, OpenTelemetry).

Where Airflow's ``[metrics]`` are off, nothing is sent. A metric is a hint: it may be sent twice when a task
is killed, and is lost when the collector is away. What is exact is the receipt.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

log = logging.getLogger(__name__)

ROWS = ("read", "accepted", "rejected", "duplicates", "held_back", "unchanged")


def of_receipt(receipt: Mapping[str, Any], *, conn_id: str) -> None:
    """Count an import run, and the rows of its receipt.

    :param receipt: its document.
    """
    count(f"imports.{receipt['state']}", conn_id=conn_id)
    for outcome in ROWS:
        count(f"rows.{outcome}", int(receipt["rows"].get(outcome, 0)), conn_id=conn_id)
    count("rows.rejected_by_platform", sum(receipt["platform"].values()), conn_id=conn_id)
    started, finished = (datetime.fromisoformat(receipt[name]) for name in ("started_at", "finished_at"))
    _send("timing", "imports.duration", (finished - started).total_seconds() * 1000, conn_id=conn_id)


@asynccontextmanager
async def waiting(conn_id: str) -> AsyncIterator[None]:
    """Count a wait in the triggerer, when it begins and when it ends."""
    count("waits.started", conn_id=conn_id)
    try:
        yield
    finally:
        count("waits.ended", conn_id=conn_id)


def count(name: str, by: int = 1, *, conn_id: str) -> None:
    """Add to a counter.

    :param name: below ``email_contacts.``, as ``docs/metrics.md`` lists it.
    """
    if by:
        _send("incr", name, by, conn_id=conn_id)


def _send(kind: str, name: str, value: float, *, conn_id: str) -> None:
    try:
        getattr(_stats(), kind)(f"email_contacts.{name}", value, tags={"conn_id": conn_id})
    except Exception as error:  # noqa: BLE001  no import fails for a metric
        log.warning("the metric email_contacts.%s was not sent: %s", name, error)


@cache
def _stats() -> ModuleType:
    """Airflow's stats, made ready here: Airflow itself does so in tasks only, not in triggers and plugins."""
    from airflow.configuration import conf
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

    stats.initialize(
        factory=get_stats_factory(), export_legacy_names=conf.getboolean("metrics", "legacy_names_on")
    )
    return stats
