"""No address of the sample file is anywhere but in the data path."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from urllib.parse import quote

from tests.e2e.conftest import DAG_ID, Run

SAMPLE = Path(__file__).resolve().parents[2] / "include" / "sample_contacts" / "contacts.csv"


def personal_values() -> set[str]:
    """Every address, phone number and own id of the sample, as the file spells them and as they are sent."""
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    emails = {row["email"].strip() for row in rows if row.get("email")}
    phones = {row["sms"].strip() for row in rows if row.get("sms")}
    found = emails | {email.lower() for email in emails} | phones | {phone.lstrip("+") for phone in phones}
    return {value for value in found if len(value) > 6}


def seen_in(text: str) -> set[str]:
    """Which of the values a text holds."""
    return {value for value in personal_values() if value in text}


def test_the_check_itself_can_see() -> None:
    assert len(personal_values()) > 1500
    assert seen_in(SAMPLE.read_text(encoding="utf-8"))


def test_no_task_log_and_no_process_log_holds_any(sample_run: Run) -> None:
    logs = [path for path in sample_run.stack.home.logs.rglob("*") if path.is_file()]
    assert len([path for path in logs if sample_run.run_id in str(path)]) >= 8
    for path in logs:
        assert not seen_in(path.read_text(errors="replace")), path


def test_no_xcom_holds_any(sample_run: Run) -> None:
    rest = sample_run.stack.rest
    run = quote(sample_run.run_id, safe="")
    entries = rest.get(f"dags/{DAG_ID}/dagRuns/{run}/taskInstances/~/xcomEntries", limit=200)["xcom_entries"]
    assert len(entries) >= 8
    for entry in entries:
        path = f"dags/{DAG_ID}/dagRuns/{run}/taskInstances/{entry['task_id']}/xcomEntries/{entry['key']}"
        value = rest.get(path, map_index=entry["map_index"], stringify="true")
        assert not seen_in(json.dumps(value, ensure_ascii=False)), entry


def test_no_rendered_field_holds_any(sample_run: Run) -> None:
    tasks = sample_run.stack.rest.tasks(DAG_ID, sample_run.run_id)
    rendered = [task["rendered_fields"] for task in tasks]
    assert any(fields.get("batch_uri") for fields in rendered)
    assert not seen_in(json.dumps(rendered, ensure_ascii=False))


def test_what_is_kept_beside_the_receipt_is_masked(sample_run: Run) -> None:
    # A run without a manifest keeps its receipt elsewhere.
    folder = next(sample_run.stack.home.stage.rglob("manifest.json")).parent
    for name in ("receipt.json", "manifest.json", "rejects.csv", "duplicates.csv", "conflicts.csv"):
        assert not seen_in((folder / name).read_text(encoding="utf-8")), name
