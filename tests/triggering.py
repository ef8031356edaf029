"""Triggers as their tests make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from email_contacts.trigger import ImportCompletedTrigger
from tests.conftest import CONN_ID
from tests.imports.conftest import LIST

FOR_EVER = 1e12


def trigger(process_ids: Sequence[int | None], **arguments: Any) -> ImportCompletedTrigger:
    given = {"deadline": FOR_EVER, "not_before": 0.0, "poll_interval": 0.01, **arguments}
    return ImportCompletedTrigger(conn_id=CONN_ID, process_ids=process_ids, **given)


def evidence(**given: Any) -> dict[str, Any]:
    """What was noted of an import of one contact into the list of a fresh account."""
    document = {
        "task": ["a_dag", "a_run", "import", -1],
        "nonce": "",
        "list_sizes": {str(LIST): 0},
        "contacts": 1,
        "since": "2026-01-01T00:00:00.000+00:00",
    }
    return {**document, **given}
