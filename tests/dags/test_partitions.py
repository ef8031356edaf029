"""The DAG of docs/sources-and-mapping.md: a folder prepared by mapped tasks, from end to end."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

PROJECT = Path(__file__).resolve().parents[2]
FILES, ROWS = 8, 25


@pytest.fixture
def dag(dag_of: Callable[[str], DAG]) -> DAG:
    """The DAG as the page shows it."""
    page = (PROJECT / "docs" / "sources-and-mapping.md").read_text(encoding="utf-8")
    (code,) = (block for block in re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S) if "@dag" in block)
    return dag_of(code)


def customers(folder: Path) -> Path:
    """Eight files; the last row of each is about the first person of all, and its third row is nobody."""
    folder.mkdir()
    for number in range(FILES):
        people = [f"person.{number * ROWS + place}@example.com" for place in range(ROWS)]
        people[2], people[-1] = "nobody", "person.0@example.com"
        # A name that a template would change.
        path = folder / f"part {{{{ {number} }}}}.parquet"
        pq.write_table(pa.table({"email": people, "firstname": ["Ada"] * ROWS}), path)
    return folder


def lines(stage: Path, name: str) -> list[dict[str, str]]:
    (path,) = stage.rglob(name)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_over_mapped_tasks(dag: DAG, sandbox: SandboxServer, tmp_path: Path) -> None:
    source = customers(tmp_path / "customers")
    done = dag.test(run_conf={"source": str(source), "list": "Customers"})
    tasks = done.get_task_instances()
    assert {task.task_id: str(task.state) for task in tasks if task.state != "success"} == {}
    assert sorted(task.map_index for task in tasks if task.task_id == "prepare") == [0, 1, 2, 3]
    stage = tmp_path / "stage"
    (path,) = stage.rglob("receipt.json")
    receipt: dict[str, Any] = json.loads(path.read_text())
    assert receipt["rows"] == {
        "read": FILES * ROWS, "accepted": FILES * ROWS - 2 * FILES, "rejected": FILES, "duplicates": FILES,
        "held_back": 0,
    }  # fmt: skip
    rejects = lines(stage, "rejects.csv")
    assert [int(reject["row"]) for reject in rejects] == [number * ROWS + 3 for number in range(FILES)]
    assert rejects[-1]["key"] == "part {{ 7 }}.parquet:3"
    superseded = [int(line["row"]) for line in lines(stage, "duplicates.csv")]
    assert superseded == [1, *(number * ROWS for number in range(1, FILES))]
    assert {line["superseded_by"] for line in lines(stage, "duplicates.csv")} == {str(FILES * ROWS)}
    (list_id,) = receipt["list_ids"]
    answer = requests.get(
        f"{sandbox.url}/v3/contacts/lists/{list_id}", headers={"api-key": sandbox.api_key}, timeout=10
    )
    assert answer.json()["uniqueSubscribers"] == receipt["rows"]["accepted"]
    # What holds people is gone: the partitions' folders by the merge, the batches by the receipt.
    assert [path for path in stage.rglob("*") if re.match(r"part|batch", path.name)] == []


def test_a_folder_without_rows_is_a_run_of_nothing(dag: DAG, sandbox: SandboxServer, tmp_path: Path) -> None:
    (tmp_path / "customers").mkdir()
    for number in range(2):
        (tmp_path / "customers" / f"part-{number}.csv").write_text("email,firstname\n")
    done = dag.test(run_conf={"source": str(tmp_path / "customers"), "list": "Customers"})
    tasks = {task.task_id: str(task.state) for task in done.get_task_instances()}
    assert str(done.state) == "success", tasks
    assert (tasks["import"], tasks["wait"], tasks["receipt"]) == ("skipped", "skipped", "success")
    (path,) = (tmp_path / "stage").rglob("receipt.json")
    receipt: dict[str, Any] = json.loads(path.read_text())
    assert (receipt["state"], receipt["rows"]["read"], receipt["process_ids"]) == ("completed", 0, [])
    assert sandbox.imports_accepted() == 0
