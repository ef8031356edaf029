"""The history of imports as Airflow keeps it: of good runs and bad, and after the runs are deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from email_contacts.imports.history import ASSET_NAME, EntryKey
from tests.dags.test_import_contacts import dag, receipt_of, run

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

__all__ = ["dag"]


def entries() -> list[tuple[str, dict[str, Any]]]:
    """Key and value of every entry; the runs that wrote them are deleted first.

    Who wrote it is not recorded here, where tasks run without an executor; ``tests/e2e`` looks at that.
    """
    from airflow.models.asset import AssetModel
    from airflow.models.asset_state_store import AssetStateStoreModel as Entry
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        session.execute(delete(DagRun))
        session.flush()
        query = select(Entry.key, Entry.value).join(AssetModel, AssetModel.id == Entry.asset_id)
        query = query.where(AssetModel.name == ASSET_NAME).order_by(Entry.key)
        found = [(key, json.loads(value)) for key, value in session.execute(query)]
        session.execute(delete(Entry))
        return found


def test_good_and_bad_imports_are_in_the_history_also_when_their_runs_are_deleted(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    entries()
    assert run(dag)[0] == "success"
    good = receipt_of(tmp_path / "stage")
    assert run(dag, source=str(tmp_path / "not_there.csv"))[0] == "failed"
    first, second = entries()
    assert first == (str(EntryKey.of(good)), {"conn_id": "email_contacts_default", "receipt": good})
    assert good["list_names"] == {str(good["list_ids"][0]): "Sample contacts"}
    assert second[1]["receipt"]["state"] == "failed"
