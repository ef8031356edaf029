"""``import_contacts`` from end to end in one process, deferral included, against the sandbox."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.conftest import connect

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer
    from local.object_store import ObjectStore

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dag(airflow_database: None, connection: str, monkeypatch: pytest.MonkeyPatch) -> DAG:
    """The DAG as its file gives it.

    A deferred task waits no longer than it must: there is no executor here that could be overtaken.
    """
    from airflow.dag_processing.dagbag import DagBag

    import email_contacts.sensor

    monkeypatch.setattr(email_contacts.sensor, "RESUME_GRACE", 0.0)
    return DagBag(PROJECT / "dags").dags["import_contacts"]


def run(dag: DAG, **conf: Any) -> tuple[str, dict[str, str]]:
    """Run the DAG.

    :return: the run's state, and the state of each task.
    """
    done = dag.test(run_conf=conf)
    states = {task.task_id: str(task.state) for task in done.get_task_instances()}
    return str(done.state), states


def receipt_of(stage: Path) -> dict[str, Any]:
    """The one receipt below a stage."""
    (path,) = stage.rglob("receipt.json")
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def members(sandbox: SandboxServer, list_id: int) -> int:
    """How many contacts a list holds, as the platform says."""
    answer = requests.get(
        f"{sandbox.url}/v3/contacts/lists/{list_id}", headers={"api-key": sandbox.api_key}, timeout=10
    )
    count: int = answer.json()["uniqueSubscribers"]
    return count


def test_the_sample_file_arrives_and_every_row_is_accounted_for(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.set_knobs(process_seconds=1.0)
    state, tasks = run(dag)
    assert state == "success", tasks
    receipt = receipt_of(tmp_path / "stage")
    rows = receipt["rows"]
    assert rows["read"] == 1000
    assert rows["read"] == rows["accepted"] + rows["rejected"] + rows["duplicates"] + rows["held_back"]
    assert receipt["state"] == "completed_with_rejects"
    assert len(receipt["process_ids"]) == 1
    (list_id,) = receipt["list_ids"]
    assert members(sandbox, list_id) == rows["accepted"]
    assert receipt["lists"][str(list_id)] == {"before": 0, "after": rows["accepted"]}
    seen = receipt["verification"]
    assert seen["sampled"] == seen["on_lists"] == seen["matching"] == seen["modified"] == rows["accepted"]
    assert (seen["arrived_at_least"], seen["confidence"]) == (1.0, 1.0)
    assert seen["growth"] == {str(list_id): {"expected": [971, 971], "seen": 971}}
    assert len(json.dumps(receipt)) < 4096


def test_a_second_run_reuses_folder_and_list(dag: DAG, sandbox: SandboxServer, tmp_path: Path) -> None:
    assert run(dag)[0] == "success"
    first = receipt_of(tmp_path / "stage")
    for path in (tmp_path / "stage").rglob("receipt.json"):
        path.unlink()
    assert run(dag)[0] == "success"
    second = receipt_of(tmp_path / "stage")
    assert (second["folder_id"], second["list_ids"]) == (first["folder_id"], first["list_ids"])
    assert second["lists"][str(second["list_ids"][0])] == {
        "before": first["rows"]["accepted"],
        "after": first["rows"]["accepted"],
    }
    assert sandbox.imports_accepted() == 2


def test_a_file_that_cannot_be_right_stops_before_anything_is_sent(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    source = tmp_path / "no_address.csv"
    source.write_text("firstname;lastname\nAda;Lovelace\n")
    state, tasks = run(dag, source=str(source))
    assert state == "failed"
    assert tasks["prepare"] == "failed"
    assert tasks["import"] == tasks["folder"] == "upstream_failed"
    assert (tasks["verify"], tasks["receipt"]) == ("success", "failed")
    assert sandbox.imports_accepted() == 0
    receipt = receipt_of(tmp_path / "stage")
    assert (receipt["state"], receipt["process_ids"], receipt["rows"]["read"]) == ("failed", [], 0)
    assert "the preparation did not finish" in receipt["reason"]


@pytest.mark.parametrize("name", ["contacts.csv", "contacts.ndjson"])
def test_a_source_without_rows_is_a_run_of_nothing(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path, name: str
) -> None:
    source = tmp_path / name
    source.write_text("EMAIL,FIRSTNAME\n" if name.endswith("csv") else "")
    state, tasks = run(dag, source=str(source))
    assert state == "success", tasks
    receipt = receipt_of(tmp_path / "stage")
    assert (receipt["state"], receipt["rows"]["read"], receipt["process_ids"]) == ("completed", 0, [])
    assert tasks["import"] == tasks["wait"] == "skipped"


def test_a_source_without_rows_fails_where_that_was_said(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    source = tmp_path / "contacts.csv"
    source.write_text("EMAIL,FIRSTNAME\n")
    state, tasks = run(dag, source=str(source), when_empty="fail")
    assert (state, tasks["prepare"]) == ("failed", "failed")


def test_lines_above_the_header(dag: DAG, sandbox: SandboxServer, tmp_path: Path) -> None:
    source = tmp_path / "contacts.csv"
    source.write_text("Customers of May\n\nEMAIL,FIRSTNAME\nada@example.com,Ada\n")
    state, tasks = run(dag, source=str(source), header_row=3)
    assert state == "success", tasks
    assert receipt_of(tmp_path / "stage")["rows"]["accepted"] == 1


def test_a_folder_that_cannot_be_made_leaves_a_receipt_of_nothing_sent(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    state, tasks = run(dag, folder=" ")
    assert state == "failed"
    assert (tasks["prepare"], tasks["folder"]) == ("success", "failed")
    receipt = receipt_of(tmp_path / "stage")
    assert (receipt["state"], receipt["process_ids"]) == ("failed", [])
    assert receipt["held_back"] == {"not_submitted": 971}
    assert sandbox.imports_accepted() == 0


def test_an_import_that_fails_fails_the_run_with_a_receipt(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.set_knobs(final_status="failed")
    state, tasks = run(dag)
    assert state == "failed"
    assert tasks["wait"] == "failed"
    assert tasks["verify"] == "success"
    receipt = receipt_of(tmp_path / "stage")
    assert receipt["state"] == "failed"
    assert "failed" in receipt["reason"]


@pytest.mark.parametrize("style", ["int", "url"])
def test_what_the_platform_rejects_is_in_the_receipt(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path, style: str
) -> None:
    """Two people with one phone number: every row is valid by itself, and the platform takes one of them."""
    source = tmp_path / "one_phone.csv"
    source.write_text("email,sms\na@example.com,+15005550001\nb@example.com,+15005550001\n")
    sandbox.set_knobs(info_import=style)
    state, tasks = run(dag, source=str(source))
    assert state == "success", tasks
    receipt = receipt_of(tmp_path / "stage")
    assert receipt["state"] == "completed_with_rejects"
    assert receipt["platform"] == {"duplicate_phone_id": 1}
    assert receipt["rows"]["accepted"] == 2
    listed = list((tmp_path / "stage").rglob("platform_rejects.csv"))
    if style == "int":
        assert "could not be listed" in receipt["remark"]
        assert listed == []
    else:
        assert [one.as_uri() for one in listed] == [receipt["platform_rejects_uri"]]
        assert listed[0].read_text().splitlines()[1].startswith("2,")


def test_a_query_in_the_place_of_a_file(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute("CREATE TABLE customers (email TEXT, shard INTEGER)")
        database.executemany(
            "INSERT INTO customers VALUES (?, ?)", [(f"p{one}@example.com", one % 2) for one in range(40)]
        )
    database.close()
    monkeypatch.setenv(
        "AIRFLOW_CONN_CRM", json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "crm.db")})
    )
    connect(monkeypatch, sandbox, stage=tmp_path / "stage", source_sql_conn_ids="other, crm")
    state, tasks = run(dag, query="SELECT email FROM customers WHERE shard = 1", source_conn_id="crm")
    assert state == "success", tasks
    receipt = receipt_of(tmp_path / "stage")
    assert receipt["source"] == "crm:query"
    assert members(sandbox, receipt["list_ids"][0]) == receipt["rows"]["read"] == 20


def test_csv_text_brings_the_same_contacts(dag: DAG, sandbox: SandboxServer, tmp_path: Path) -> None:
    state, tasks = run(dag, body="file_body")
    assert state == "success", tasks
    receipt = receipt_of(tmp_path / "stage")
    assert members(sandbox, receipt["list_ids"][0]) == receipt["rows"]["accepted"]


def test_the_platform_may_fetch_one_file_from_the_stage(
    dag: DAG,
    sandbox: SandboxServer,
    object_store: ObjectStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect(monkeypatch, sandbox, stage=tmp_path, staging_uri=f"{object_store.uri}/stages")
    state, tasks = run(dag, body="file_url")
    assert state == "success", tasks
    assert sandbox.imports_accepted() == len(object_store.doorman.asked) == 1
    (path,) = object_store.path("stages").glob("**/receipt.json")
    receipt = json.loads(path.read_text())
    assert members(sandbox, receipt["list_ids"][0]) == receipt["rows"]["accepted"]
    assert not list(object_store.path("stages").glob("**/contacts.csv"))


def test_what_a_failed_import_did_not_bring_stays_in_the_stage(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.set_knobs(final_status="failed")
    assert run(dag)[0] == "failed"
    assert list((tmp_path / "stage").rglob("batch-*"))


def test_old_stages_are_cleaned(dag: DAG, sandbox: SandboxServer, tmp_path: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    cleaner = DagBag(PROJECT / "dags").dags["clean_stages"]
    assert run(dag)[0] == "success"
    assert run(cleaner)[0] == "success"
    receipt_of(tmp_path / "stage")
    for file in (tmp_path / "stage").rglob("*.*"):
        os.utime(file, (1, 1))
    assert run(cleaner, days=400)[0] == "success"
    assert list((tmp_path / "stage").iterdir()) == []


def test_many_batches_are_imported_one_after_the_other(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from email_contacts.contacts import Manifest, Options, preparation
    from email_contacts.operators import _waiting

    monkeypatch.setattr(_waiting, "RESUME_GRACE", 0.0)
    small = preparation.prepare

    def prepare_small(source: Any, stage: Any, options: Options, **more: Any) -> Manifest:
        return small(source, stage, replace(options, max_batch_bytes=60_000), **more)

    monkeypatch.setattr(preparation, "prepare", prepare_small)
    state, tasks = run(dag)
    assert state == "success", tasks
    receipt = receipt_of(tmp_path / "stage")
    assert not list((tmp_path / "stage").rglob("batch-*"))
    assert len(receipt["process_ids"]) == sandbox.imports_accepted() > 1
    assert members(sandbox, receipt["list_ids"][0]) == receipt["rows"]["accepted"]


def test_a_rehearsal_shows_that_one_row_can_delete_a_person(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    """The address of one contact beside the number of another: the platform keeps the former only."""
    url, headers = f"{sandbox.url}/v3/contacts", {"api-key": sandbox.api_key}
    opted_out = {"attributes": {"SMS": "15005550001"}, "smsBlacklisted": True}
    for contact in ({"email": "ada@example.com"}, opted_out):
        requests.post(url, json=contact, headers=headers, timeout=10).raise_for_status()
    source = tmp_path / "linking.csv"
    source.write_text("email,sms\nada@example.com,+15005550001\n")
    state, tasks = run(dag, source=str(source))
    assert state == "success", tasks
    assert receipt_of(tmp_path / "stage")["state"] == "completed", "nothing of it is reported"
    (left,) = requests.get(url, headers=headers, timeout=10).json()["contacts"]
    assert (left["email"], left["attributes"]["SMS"]) == ("ada@example.com", "15005550001")
    assert not left["smsBlacklisted"], "the opt-out went with the deleted contact"
