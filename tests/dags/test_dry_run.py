"""A dry run of ``import_contacts``: everything is checked, nothing is sent, and the receipt says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.dags.test_import_contacts import dag, receipt_of, run

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

__all__ = ["dag"]


def test_a_dry_run_changes_nothing_and_accounts_for_every_row(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    outcome, tasks = run(dag, dry_run=True)
    assert outcome == "success"
    assert {name for name, state in tasks.items() if state == "success"} == {
        "prepare", "unless_dry_run", "verify",
    }  # fmt: skip
    # Skipped: what is scheduled on the receipts does not take it for an import.
    assert tasks["receipt"] == "skipped"
    assert {entry.method for entry in sandbox.journal()} == {"GET"}
    receipt = receipt_of(tmp_path / "stage")
    assert (receipt["state"], receipt["process_ids"]) == ("dry_run", [])
    assert receipt["rows"] == {
        "read": 1000, "accepted": 0, "rejected": 22, "duplicates": 7, "held_back": 971,
    }  # fmt: skip
    assert not list((tmp_path / "stage").rglob("batch-*")), "nobody needs the prepared contacts any more"
    assert "import_contacts: dry run: 971 of 1,000 rows would be sent" in "".join(capfd.readouterr())


def test_a_dry_run_of_a_source_that_cannot_be_right_fails(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    outcome, tasks = run(dag, dry_run=True, max_rejects="1%")
    assert (outcome, tasks["prepare"], tasks["receipt"]) == ("failed", "failed", "failed")
    assert receipt_of(tmp_path / "stage")["state"] == "failed"
    assert {entry.method for entry in sandbox.journal()} == {"GET"}
