"""``export_contacts`` on a running Airflow: everything, then what changed, and nobody in what it keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from local.processes import wait_until
from local.stack import Stack
from tests.e2e.conftest import Run
from tests.e2e.test_personal_data import seen_in

DAG_ID = "export_contacts"


def export(stack: Stack) -> tuple[str, dict[str, Any]]:
    """Run the DAG with the form's defaults.

    :return: the run's id, and what its task returned.
    """
    run_id = stack.rest.trigger(DAG_ID)
    wait_until(
        lambda: stack.rest.run(DAG_ID, run_id)["state"] in ("success", "failed"),
        services=stack.services,
        seconds=900,
        what="waited for an export",
    )
    assert stack.rest.run(DAG_ID, run_id)["state"] == "success"
    return run_id, stack.rest.xcom(DAG_ID, run_id, "export")


@pytest.fixture(scope="module")
def exports(sample_run: Run) -> list[tuple[str, dict[str, Any]]]:
    """Two exports after the sample was imported."""
    return [export(sample_run.stack), export(sample_run.stack)]


def test_everybody_and_then_what_changed(exports: list[tuple[str, dict[str, Any]]], stack: Stack) -> None:
    (_, first), (_, second) = exports
    table = pq.read_table(first["files"]["contacts"]["uri"].removeprefix("file://"), partitioning=None)
    assert seen_in("\n".join(filter(None, table["email"].to_pylist())))
    assert table.num_rows == first["contacts"] >= 971
    assert (first["full"], second["full"]) == (True, False)
    assert second["since"] <= first["until"] <= second["until"]
    assert second["previous_manifest_uri"] == first["manifest_uri"]


def test_the_asset_has_the_events_and_the_watermark(
    exports: list[tuple[str, dict[str, Any]]], stack: Stack
) -> None:
    (first_run, first), (second_run, second) = exports
    events = stack.rest.get("assets/events", limit=100)["asset_events"]
    extras = {event["source_run_id"]: event["extra"] for event in events}
    assert (extras[first_run], extras[second_run]) == (first, second)
    kept = {entry["key"].partition("/")[0]: entry["value"] for entry in state_of_the_asset(stack)}
    assert kept.keys() == {"watermark", "destination"}
    assert kept["watermark"]["watermark"] == second["until"]
    assert kept["watermark"]["pending"] is None
    assert kept["destination"]["base_url"].startswith(stack.sandbox_url)


def test_nobody_is_in_log_xcom_state_or_manifest(
    exports: list[tuple[str, dict[str, Any]]], stack: Stack
) -> None:
    manifests = [Path(one["manifest_uri"].removeprefix("file://")).read_text() for _, one in exports]
    logs = [path for path in stack.home.logs.rglob("*") if path.is_file() and DAG_ID in str(path)]
    assert len(logs) >= 2
    kept = [json.dumps([exports, state_of_the_asset(stack)]), *manifests]
    for text in (*kept, *(path.read_text(errors="replace") for path in logs)):
        assert not seen_in(text)


def state_of_the_asset(stack: Stack) -> list[dict[str, Any]]:
    (asset,) = stack.rest.get("assets", name_pattern="email_contacts_exports")["assets"]
    entries: list[dict[str, Any]] = stack.rest.get(f"assets/{asset['id']}/state-store", limit=50)[
        "asset_state_store"
    ]
    return entries
