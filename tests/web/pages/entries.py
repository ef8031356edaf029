"""Receipts in the history, as a task's writes leave them in the metadata database."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.models.asset import AssetModel
from airflow.models.asset_state_store import AssetStateStoreModel
from airflow.utils.session import create_session
from sqlalchemy import delete, insert, select

from email_contacts.imports.history import ASSET_NAME, ASSET_URI, EntryKey
from email_contacts.imports.verification.receipt import Receipt
from email_contacts.imports.verification.row_account import RowAccount

NEWEST = datetime(2026, 11, 28, 8, tzinfo=timezone.utc)


def make_receipt(number: int = 0, **fields: Any) -> dict[str, Any]:
    """A receipt's document; the higher its number, the earlier it ended."""
    ended = NEWEST - timedelta(minutes=number)
    given: dict[str, Any] = {
        "receipt_id": f"{number:016x}",
        "dag_id": "said_by_the_receipt",
        "run_id": "said_by_the_receipt",
        "source": f"s3://exports/customers-{number}.csv",
        "fingerprint": "f" * 64,
        "folder_id": 1,
        "list_ids": (4,),
        "process_ids": (100 + number,),
        "state": "completed_with_rejects",
        "reason": "",
        "rows": RowAccount(1000, 971, 22, 7),
        "platform": {},
        "lists": {"4": {"before": 0, "after": 971}},
        "rejects_uri": "",
        "started_at": (ended - timedelta(seconds=65)).isoformat(timespec="milliseconds"),
        "submitted_at": (ended - timedelta(seconds=30)).isoformat(timespec="milliseconds"),
        "finished_at": ended.isoformat(timespec="milliseconds"),
        "requests": {"made": 5, "retried": 0},
        "list_names": {"4": "Newsletter"},
        "reject_reasons": {"email": 20, "date": 2},
    }
    return Receipt(**{**given, **fields}).to_json()


def put(*entries: tuple[str, dict[str, Any]], run_id: str = "manual__1", conn_id: str = "crm") -> list[str]:
    """Put receipts into the history.

    :param entries: the DAG whose task wrote it, and the receipt's document.
    :return: the address of each one's page.
    """
    with create_session() as session:
        rows = [
            {
                "asset_id": asset_id(session),
                "key": str(EntryKey.of(document)),
                "value": json.dumps({"conn_id": conn_id, "receipt": document}),
                "last_updated_by_kind": "task",
                "last_updated_by_dag_id": dag_id,
                "last_updated_by_run_id": run_id,
                "last_updated_by_task_id": "receipt",
                "last_updated_by_map_index": -1,
            }
            for dag_id, document in entries
        ]
        put_rows(session, rows)
    keys = [EntryKey.of(document) for _, document in entries]
    return [f"{key.ended_at}/{key.receipt_id}" for key in keys]


def put_rows(session: Any, rows: list[dict[str, Any]]) -> None:
    """Put entries into the state store as they are."""
    now = datetime.now(timezone.utc)
    session.execute(insert(AssetStateStoreModel), [{"updated_at": now, **row} for row in rows])


def asset_id(session: Any) -> int:
    """The asset of the history; made where it is not there, as by the parse of a DAG."""
    found = session.scalar(select(AssetModel.id).where(AssetModel.name == ASSET_NAME))
    if found is None:
        asset = AssetModel(name=ASSET_NAME, uri=ASSET_URI, group="asset", extra={})
        session.add(asset)
        session.flush()
        found = asset.id
    return int(found)


def forget_all() -> None:
    """Empty the history."""
    with create_session() as session:
        session.execute(delete(AssetStateStoreModel))
