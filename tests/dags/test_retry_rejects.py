"""``retry_rejects`` after ``import_contacts``: only the rejected rows, from the source or a corrected one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from email_contacts.imports.history import EntryKey
from tests.dags.test_import_contacts import members

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

SOURCE = "email;born\nada@example.com;1815-12-10\nbob.example.com;1990-01-02\ncarl@example.com;31.12.1980\n"
MAPPING = {"columns": {"email": "EMAIL", "born": {"attribute": "BIRTHDAY", "type": "date"}}}


class Imports:
    """The two DAGs on one staging folder, and a file that the first imports in part."""

    def __init__(self, dags: dict[str, DAG], folder: Path) -> None:
        self._dags = dags
        self._stage = folder / "stage"
        self.source = folder / "people.csv"
        self.source.write_text(SOURCE)
        self.mapping = folder / "people.json"
        self.mapping.write_text(json.dumps(MAPPING))
        self.first = self.run(
            "import_contacts", source=str(self.source), mapping=str(self.mapping), max_rejects="100%"
        )

    def run(self, dag_id: str, **conf: Any) -> dict[str, Any]:
        """Run a DAG; the receipt that it leaves."""
        before = set(self._stage.rglob("receipt.json"))
        done = self._dags[dag_id].test(run_conf=conf)
        self.states = {task.task_id: str(task.state) for task in done.get_task_instances()}
        (path,) = set(self._stage.rglob("receipt.json")) - before
        document: dict[str, Any] = json.loads(path.read_text())
        return document

    def retry(self, receipt: dict[str, Any] | None = None, **conf: Any) -> dict[str, Any]:
        """Retry an import, the first one."""
        return self.run("retry_rejects", receipt=EntryKey.of(receipt or self.first).address, **conf)


@pytest.fixture
def imports(
    airflow_database: None, connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Imports:
    """The first import has run: one row arrived, and two were rejected."""
    from airflow.dag_processing.dagbag import DagBag

    import email_contacts.sensor

    monkeypatch.setattr(email_contacts.sensor, "RESUME_GRACE", 0.0)
    return Imports(DagBag(PROJECT / "dags").dags, tmp_path)


PROJECT = Path(__file__).resolve().parents[2]


def birthday(sandbox: SandboxServer, email: str) -> str | None:
    """What the platform knows of a contact; None where it has none."""
    answer = requests.get(
        f"{sandbox.url}/v3/contacts/{email}", headers={"api-key": sandbox.api_key}, timeout=10
    )
    return None if answer.status_code == 404 else str(answer.json()["attributes"]["BIRTHDAY"])


def test_rejected_rows_are_imported_from_the_source_with_a_new_mapping_and_nothing_else(
    imports: Imports, sandbox: SandboxServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert imports.first["rows"] == {
        "read": 3, "accepted": 1, "rejected": 2, "duplicates": 0, "held_back": 0,
    }  # fmt: skip
    dates = {**MAPPING["columns"], "born": {"attribute": "BIRTHDAY", "type": "date", "format": "%d.%m.%Y"}}
    mended = tmp_path / "mended.json"
    mended.write_text(json.dumps({"columns": dates}))
    capfd.readouterr()
    second = imports.retry(mapping=str(mended))
    assert second["rows"] == {
        "read": 2, "accepted": 1, "rejected": 1, "duplicates": 0, "held_back": 0,
    }  # fmt: skip
    assert second["retry_of"] == EntryKey.of(imports.first).address
    assert second["list_ids"] == imports.first["list_ids"]
    (list_id,) = second["list_ids"]
    assert members(sandbox, list_id) == 2
    assert second["lists"][str(list_id)] == {"before": 1, "after": 2}
    assert birthday(sandbox, "carl@example.com") == "1980-12-31"
    said = "".join(capfd.readouterr())
    assert "2 rows of the import" in said
    assert "@example.com" not in said + json.dumps(second)
    rejects = Path(second["rejects_uri"].removeprefix("file://")).read_text().splitlines()
    assert [line.partition(",")[0] for line in rejects[1:]] == ["2"], "rows keep their numbers"


def test_a_corrected_file_is_imported_as_a_whole_and_a_retry_can_be_retried(
    imports: Imports, sandbox: SandboxServer, tmp_path: Path
) -> None:
    corrected = tmp_path / "corrected.csv"
    corrected.write_text("email,born\nbob@example.com,1990-01-02\ncarl@example.com,31.12.1980\n")
    second = imports.retry(corrected_file=str(corrected))
    assert second["rows"] == {
        "read": 2, "accepted": 1, "rejected": 1, "duplicates": 0, "held_back": 0,
    }  # fmt: skip
    copy = tmp_path / "copy.csv"
    copy.write_text(corrected.read_text().replace("31.12.1980", "1980-12-31"))
    third = imports.retry(second, corrected_file=str(copy), corrected_rows="rejected")
    assert (third["rows"]["read"], third["rows"]["accepted"]) == (1, 1)
    assert third["state"] == "completed"
    assert third["retry_of"] == EntryKey.of(second).address
    assert birthday(sandbox, "carl@example.com") == "1980-12-31"


def test_a_source_that_was_written_again_is_not_read_by_the_old_numbers(
    imports: Imports, sandbox: SandboxServer, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = SOURCE.splitlines(keepends=True)
    imports.source.write_text("".join([lines[0], lines[2], lines[1], lines[3]]))
    failed = imports.retry()
    assert (imports.states["prepare"], failed["state"]) == ("failed", "failed")
    assert failed["retry_of"] == EntryKey.of(imports.first).address
    assert "has changed since the import" in "".join(capfd.readouterr())


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(
    imports: Imports, sandbox: SandboxServer
) -> None:
    corrected = imports.source.with_name("corrected.csv")
    corrected.write_text("email,born\nbob@example.com,1990-01-02\n")
    before = len([entry for entry in sandbox.journal() if entry.method != "GET"])
    receipt = imports.retry(corrected_file=str(corrected), dry_run=True)
    assert (receipt["state"], receipt["rows"]["held_back"]) == ("dry_run", 1)
    assert len([entry for entry in sandbox.journal() if entry.method != "GET"]) == before
