"""``export_contacts`` from end to end, and back in through ``import_contacts``' preparation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.contacts import Options, prepare
from tests.imports.conftest import until_ended
from tests.test_round_trip import attributes_of, person

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dag(airflow_database: None, connection: str) -> DAG:
    """The DAG as Airflow loads it."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(PROJECT / "dags").dags["export_contacts"]


def run(dag: DAG, **conf: Any) -> dict[str, Any]:
    """Run the DAG, and give what its task pushed."""
    done = dag.test(run_conf=conf)
    assert str(done.state) == "success"
    (task,) = done.get_task_instances()
    exported: dict[str, Any] = task.xcom_pull(task_ids="export")
    return exported


@pytest.mark.parametrize("file_format", ["ndjson", "parquet"])
def test_what_is_exported_goes_back_in_and_changes_nothing(
    file_format: str, dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    """Everything, then what changed; both files are one source."""
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1_000) as client:
        list_id = client.create_list("Everybody", folder_id=client.create_folder("Here"))

        def bring_in(body: bytes) -> None:
            until_ended(client, client.import_contacts(ImportRequest(prepared=body, list_ids=[list_id])))

        def on_platform() -> dict[str, Any]:
            return {one["email"]: (one["attributes"], one["listIds"]) for one in client.iter_contacts()}

        bring_in(json.dumps([person(number) for number in range(300)]).encode())
        first = run(dag, file_format=file_format)
        assert (first["contacts"], first["full"]) == (300, True)
        bring_in(json.dumps([{"email": "p7@example.com", "attributes": {"FIRSTNAME": "Zoe"}}]).encode())
        second = run(dag, file_format=file_format)
        assert second["since"] <= first["until"]
        assert not second["full"]
        before = on_platform()
        options = Options(account_attributes=attributes_of(client))
        source = tmp_path / "stage" / "exports" / "contacts"
        manifest = prepare(source, tmp_path / "again", options)
        assert manifest.rows.accepted == 300
        assert manifest.rows.rejected == 0
        for batch in manifest.batches:
            bring_in(Path(batch.uri).read_bytes())
        assert on_platform() == before


def test_the_form_chooses_what_and_not_where(dag: DAG) -> None:
    assert set(dag.params) == {"list_id", "file_format", "full", "conn_id"}


def test_schedule_and_destination_are_set_by_who_deploys(
    airflow_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("EXPORT_CONTACTS_SCHEDULE", "@daily")
    monkeypatch.setenv("EXPORT_CONTACTS_PATH", "s3://warehouse/email")
    dag = DagBag(PROJECT / "dags").dags["export_contacts"]
    assert repr(dag.schedule) == repr("@daily")
    task: Any = dag.get_task("export")
    assert task.path == "s3://warehouse/email"


def test_a_list_and_everything(dag: DAG, sandbox: SandboxServer) -> None:
    sandbox.seed_contacts(3)
    sandbox.seed_contacts(2, list_ids=[2])
    assert run(dag, list_id=2)["contacts"] == 2
    assert run(dag, list_id=2, full=True)["why_full"] == "a full export was requested"
