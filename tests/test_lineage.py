"""Lineage: names of sources and lists, and what OpenLineage's own provider makes of a real import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from email_contacts.lineage import list_datasets, source_dataset
from tests.conftest import PROJECT

# Where `make setup-dev` puts OpenLineage's provider.
PROVIDER = Path(sys.prefix) / "openlineage"
RUN = "tests/dags/test_import_contacts.py::test_the_sample_file_arrives_and_every_row_is_accounted_for"
SOURCE = "include/sample_contacts/contacts.csv"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("/data/customers.csv", ("file", "/data/customers.csv")),
        ("file:///data/customers.csv", ("file", "/data/customers.csv")),
        ("s3://exports/crm/customers.ndjson.gz", ("s3://exports", "crm/customers.ndjson.gz")),
        ("s3://conn_id@exports/crm/*.csv", ("s3://exports", "crm/*.csv")),
        ("s3://key:secret@exports/a.csv?token=secret#part", ("s3://exports", "a.csv")),
        ("s3://exports", ("s3://exports", "/")),
        ("warehouse:crm.customers", ("airflow-connection://warehouse", "crm.customers")),
        ("warehouse:query", ("airflow-connection://warehouse", "query")),
        ("/data/a:b.csv", ("file", "/data/a:b.csv")),
    ],
)
def test_a_source_is_named_by_where_it_is_and_by_no_secret(source: str, names: tuple[str, str]) -> None:
    assert source_dataset(source) == names


def test_a_list_is_named_by_its_platform_and_its_id() -> None:
    named = list_datasets("https://user:secret@api.example.com:8443/v3", [4, 7])
    namespace = "https://api.example.com:8443"
    assert named == [(namespace, "contacts/lists/4"), (namespace, "contacts/lists/7")]


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the provider's listener tells of an import of the sample file.

    In a process of its own: once the provider is loaded, it listens to all tasks.
    """
    assert PROVIDER.is_dir(), "make setup-dev installs OpenLineage's provider"
    file = tmp_path_factory.mktemp("lineage") / "events.ndjson"
    transport = {"TYPE": "file", "LOG_FILE_PATH": str(file), "APPEND": "true"}
    environment = {f"OPENLINEAGE__TRANSPORT__{name}": value for name, value in transport.items()}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", RUN],
        cwd=PROJECT,
        env={**os.environ, **environment, "PYTHONPATH": str(PROVIDER)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return [json.loads(line) for line in file.read_text().splitlines()]


def completed(events: list[dict[str, Any]], task_id: str) -> dict[str, Any]:
    """The event about a task's end."""
    (found,) = [
        event for event in events
        if event["job"]["name"] == f"import_contacts.{task_id}" and event["eventType"] == "COMPLETE"
    ]  # fmt: skip
    return found


def test_the_provider_learns_source_and_list_with_their_rows(events: list[dict[str, Any]]) -> None:
    told = completed(events, "receipt")
    (read,), (written,) = told["inputs"], told["outputs"]
    assert (read["namespace"], read["name"]) == ("file", str(PROJECT / SOURCE))
    assert read["inputFacets"]["inputStatistics"]["rowCount"] == 1000
    assert written["namespace"].startswith("http://127.0.0.1:")
    assert written["name"].startswith("contacts/lists/")
    assert written["outputFacets"]["outputStatistics"]["rowCount"] == 971


def test_the_provider_learns_the_source_when_it_was_prepared(events: list[dict[str, Any]]) -> None:
    told = completed(events, "prepare")
    assert [one["name"] for one in told["inputs"]] == [str(PROJECT / SOURCE)]
    assert told["outputs"] == []


def test_no_event_holds_anything_of_a_row(events: list[dict[str, Any]]) -> None:
    text = json.dumps(events)
    rows = (PROJECT / SOURCE).read_text().splitlines()[1:]
    addresses = {cell for row in rows for cell in row.split(",") if "@" in cell}
    assert len(addresses) > 900
    assert [one for one in addresses if one in text] == []
