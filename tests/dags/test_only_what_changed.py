"""The DAG of docs/audiences.md on some days, against the sandbox and a simple model of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from email_contacts.api import ContactsClient

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

PROJECT = Path(__file__).resolve().parents[2]
People = dict[str, str]
# What the source says on each day.
DAYS: list[People] = [
    {"a@example.com": "Ann", "b@example.com": "Bob", "c@example.com": "Cy"},
    {"a@example.com": "Anna", "b@example.com": "Bob", "d@example.com": "Di"},
    {"a@example.com": "Anna", "c@example.com": "Cy", "d@example.com": "Di"},
]


@pytest.fixture
def dag(dag_of: Callable[[str], DAG]) -> DAG:
    """The DAG as the page shows it."""
    page = (PROJECT / "docs" / "audiences.md").read_text(encoding="utf-8")
    (code,) = (block for block in re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S) if "@dag" in block)
    return dag_of(code)


def test_some_days(dag: DAG, sandbox: SandboxServer, tmp_path: Path) -> None:
    source = tmp_path / "customers.csv"
    model: People = {}
    yesterday: People = {}
    for people in DAYS:
        source.write_text("email,firstname\n" + "".join(f"{key},{name}\n" for key, name in people.items()))
        imports = sandbox.imports_accepted()
        done = dag.test(run_conf={"source": str(source)})
        assert str(done.state) == "success", {
            one.task_id: str(one.state) for one in done.get_task_instances()
        }
        changed = {key: name for key, name in people.items() if yesterday.get(key) != name}
        model |= changed
        receipt = receipt_of(tmp_path / "stage")
        assert receipt["rows"]["accepted"] == len(changed)
        assert receipt["rows"].get("unchanged", 0) == len(people) - len(changed)
        assert receipt["changes"]["gone"] == len(set(yesterday) - set(people))
        assert sandbox.imports_accepted() == imports + bool(changed)
        # Who is gone from the source stays on the list.
        assert on_list(sandbox, receipt) == model
        yesterday = people


def receipt_of(stage: Path) -> dict[str, Any]:
    """The receipt of the last run; it is removed."""
    (path,) = stage.rglob("receipt.json")
    document: dict[str, Any] = json.loads(path.read_text())
    path.unlink()
    return document


def on_list(sandbox: SandboxServer, receipt: dict[str, Any]) -> People:
    """Whom the platform has on the list: address → first name."""
    (list_id,) = receipt["list_ids"]
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        return {one["email"]: one["attributes"]["FIRSTNAME"] for one in client.iter_list_contacts(list_id)}
