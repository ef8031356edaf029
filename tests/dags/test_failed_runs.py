"""Whatever task of ``import_contacts`` fails, the run leaves a receipt of what is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.dags.test_import_contacts import dag, receipt_of, run

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

__all__ = ["dag"]


# A refused key fails a task at once; each of these routes is asked by one task first.
@pytest.mark.parametrize(
    ("task", "faults", "state", "held_back"),
    [
        ("folder", ["folders:401_key:0"], "failed", "not_submitted"),
        ("list", ["create_list:401_key:0"], "failed", "not_submitted"),
        ("import", ["import:401_key:0"], "failed", "not_submitted"),
        ("verify", ["list_contacts:401_key:0"], "unknown", None),
    ],
)
def test_a_run_leaves_a_true_receipt_whatever_task_fails(
    task: str,
    faults: Sequence[str],
    state: str,
    held_back: str | None,
    dag: DAG,
    sandbox: SandboxServer,
    tmp_path: Path,
) -> None:
    sandbox.set_knobs(faults=faults)
    outcome, tasks = run(dag)
    assert outcome == "failed"
    assert (tasks[task], tasks["receipt"]) == ("failed", "failed"), tasks
    refused = faults[0].partition(":")[0]
    assert [entry.route for entry in sandbox.journal()].count(refused) == 1, "no retry"
    receipt = receipt_of(tmp_path / "stage")
    assert_true(receipt, sandbox)
    assert receipt["state"] == state
    assert receipt.get("held_back", {}) == ({held_back: 971} if held_back else {})
    assert receipt["rows"]["accepted"] == (0 if held_back else 971)


def test_a_preparation_that_stops_at_its_rejects_leaves_their_list_to_the_receipt(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    """It can be downloaded from the import's page, and nobody has to look for a file on a server."""
    outcome, tasks = run(dag, max_rejects="1%")
    assert (outcome, tasks["prepare"], tasks["receipt"]) == ("failed", "failed", "failed"), tasks
    receipt = receipt_of(tmp_path / "stage")
    assert_true(receipt, sandbox)
    assert receipt["rows"]["rejected"] == 22
    assert receipt["held_back"] == {"not_prepared": 978}
    (listed,) = (tmp_path / "stage").rglob("rejects.csv")
    assert receipt["rejects_uri"] == listed.as_uri()
    assert sum(receipt["reject_reasons"].values()) == 22
    assert next(iter(receipt["reject_reasons"].items())) == ("email", 4)


def test_one_of_several_imports_that_fails_leaves_the_rows_of_the_others(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One batch is imported, and all others are refused."""
    from email_contacts.contacts import Manifest, Options, preparation
    from email_contacts.operators import _waiting

    monkeypatch.setattr(_waiting, "RESUME_GRACE", 0.0)
    whole = preparation.prepare

    def prepare_small(source: Any, stage: Any, options: Options, **more: Any) -> Manifest:
        return whole(source, stage, replace(options, max_batch_bytes=60_000), **more)

    monkeypatch.setattr(preparation, "prepare", prepare_small)
    refused = {"route": "import", "kind": "401_key", "times": 0, "skip": 1}
    sandbox.set_knobs(faults=[refused])
    outcome, tasks = run(dag)
    assert (outcome, tasks["wait"], tasks["receipt"]) == ("failed", "upstream_failed", "failed")
    receipt = receipt_of(tmp_path / "stage")
    assert_true(receipt, sandbox)
    assert receipt["state"] == "failed"
    assert "only 1 of" in receipt["reason"]
    # Which of the mapped tasks runs first is up to Airflow.
    accepted = receipt["rows"]["accepted"]
    assert accepted in {batch["contacts"] for batch in manifest_of(tmp_path / "stage")["batches"]}
    assert receipt["held_back"] == {"not_submitted": 971 - accepted}


@pytest.mark.parametrize(("final", "reason"), [("failed", "import_failed"), ("cancelled", "import_failed")])
def test_rows_of_an_import_that_ended_badly_are_held_back(
    final: str, reason: str, dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.set_knobs(final_status=final)
    assert run(dag)[0] == "failed"
    receipt = receipt_of(tmp_path / "stage")
    assert_true(receipt, sandbox)
    assert (receipt["state"], receipt["held_back"]) == ("failed", {reason: 971})


def manifest_of(stage: Path) -> dict[str, Any]:
    (path,) = stage.rglob("manifest.json")
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def assert_true(receipt: dict[str, Any], sandbox: SandboxServer) -> None:
    counted = dict(receipt["rows"])
    assert counted.pop("read") == sum(counted.values()) == 1000
    assert receipt["reason"]
    assert len(receipt["process_ids"]) == sandbox.imports_accepted()
