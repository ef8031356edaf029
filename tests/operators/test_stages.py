"""What becomes of stages: bodies go with a completed import, whole stages with time."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.operators.stages import CleanStagesOperator
from email_contacts.sandbox import SandboxServer
from local.object_store import ObjectStore
from tests.conftest import connect
from tests.operators.conftest import LIST, rendered
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

BATCH = '[{"email":"a@example.com","attributes":{}}]'
KEPT = {"manifest.json", "rejects.csv", "duplicates.csv", "receipt.json"}


class Run:
    """An import up to its verification, whose receipt is written by the test."""

    def __init__(self, store: StateStore, tmp_path: Path) -> None:
        source = tmp_path / "contacts.csv"
        source.write_text("email\na@example.com\nb@example.com\nnobody\n")
        prepared, imported = make_context(store), make_context(store)
        (self.batch_uri,) = PrepareContactsOperator(task_id="prepare", source=str(source)).execute(prepared)
        self.stage = Path(self.batch_uri.removeprefix("file://")).parent
        self.manifest_uri = pushed(prepared)["manifest_uri"]
        process_id = self.an_import().execute(imported)
        assert process_id is not None
        self.process_id = process_id
        self.submission = pushed(imported)["submission"]
        self.verdict = self.verify(make_context(store))

    def an_import(self) -> ImportContactsOperator:
        return ImportContactsOperator(
            task_id="import",
            batch_uri=self.batch_uri,
            list_ids=[LIST],
            deferrable=False,
            poll_interval=0.02,
        )

    def verify(self, context: Context) -> dict[str, Any]:
        operator = VerifyImportOperator(
            task_id="verify", manifest_uri=self.manifest_uri, process_ids=[self.process_id], list_ids=[LIST]
        )
        return operator.execute(context)

    def write_receipt(self, context: Context, **arguments: Any) -> dict[str, Any]:
        given = {"verdict": self.verdict, "submissions": [self.submission], **arguments}
        operator = WriteReceiptOperator(task_id="receipt", manifest_uri=self.manifest_uri, **given)
        return operator.execute(context)

    def files(self) -> set[str]:
        return {file.name for file in self.stage.iterdir()}


@pytest.fixture
def run(store: StateStore, tmp_path: Path) -> Run:
    return Run(store, tmp_path)


def test_a_completed_import_leaves_no_batches(run: Run, context: Context) -> None:
    assert run.write_receipt(context)["state"] == "completed_with_rejects"
    assert run.files() >= KEPT
    assert not [name for name in run.files() if name.startswith("batch-")]


def test_they_may_be_kept(run: Run, context: Context) -> None:
    run.write_receipt(context, keep_batches=True)
    assert {"batch-00001.json", *KEPT} <= run.files()


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_an_import_that_came_to_no_good_end_keeps_them(state: str, run: Run, context: Context) -> None:
    with pytest.raises(AirflowFailException):
        run.write_receipt(context, verdict={**run.verdict, "state": state})
    assert {"batch-00001.json", *KEPT} <= run.files()


def test_nothing_that_comes_after_needs_them(run: Run, store: StateStore) -> None:
    first = run.write_receipt(make_context(store))
    later = run.verify(make_context(store))
    assert {**later, "remark": "", "verification": {}} == {**run.verdict, "verification": {}}
    again = run.write_receipt(make_context(store))
    assert {**again, "finished_at": ""} == {**first, "finished_at": ""}


def test_an_import_that_is_cleared_after_all_says_what_is_missing(run: Run, store: StateStore) -> None:
    run.write_receipt(make_context(store))
    with pytest.raises(AirflowFailException, match=r"run the preparation again.*removed from the stage"):
        run.an_import().execute(make_context(store))


def test_batches_that_cannot_be_removed_fail_no_complete_import(
    run: Run, context: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object) -> int:
        raise PermissionError("bucket/of/somebody")

    monkeypatch.setattr("email_contacts.contacts.staging.cleaning.remove_bodies", refused)
    assert run.write_receipt(context)["state"] == "completed_with_rejects"
    assert "the batches stay in the stage" in caplog.text


def made_old(folder: Path, days: float) -> None:
    then = time.time() - days * 24 * 3600
    for file in folder.iterdir():
        os.utime(file, (then, then))


def cleaned(context: Context, **arguments: Any) -> dict[str, int]:
    operator = rendered(CleanStagesOperator(task_id="clean", **arguments), context)
    return cast("dict[str, int]", operator.execute(context))


def test_old_stages_go_and_young_ones_stay(run: Run, context: Context, tmp_path: Path) -> None:
    assert cleaned(context) == {"stages": 0, "files": 0}
    made_old(run.stage, 7.1)
    (tmp_path / "stage" / "notes.txt").write_text("mine")
    assert cleaned(context, older_than="{{ 7 + 1 }}") == {"stages": 0, "files": 0}
    number = len(run.files())
    assert cleaned(context) == {"stages": 1, "files": number}
    assert [path.name for path in (tmp_path / "stage").rglob("*")] == ["notes.txt"]
    assert cleaned(context, older_than=timedelta(days=1)) == {"stages": 0, "files": 0}


def test_what_others_keep_below_the_staging_folder_stays(run: Run, context: Context, tmp_path: Path) -> None:
    root = tmp_path / "stage"
    events = root / "warehouse" / "events"
    for folder in (events, root / "incoming", root / "team" / "dropbox"):
        folder.mkdir(parents=True)
    for name in ("batch-00001.json", "part-00000-abc.snappy.parquet", "contacts.csv", "notes.txt"):
        (events / name).write_text("somebody else's")
    made_old(events, 400)
    made_old(run.stage, 8)
    assert cleaned(context)["stages"] == 1
    assert sorted(path.name for path in events.iterdir()) == [
        "batch-00001.json", "contacts.csv", "notes.txt", "part-00000-abc.snappy.parquet",
    ]  # fmt: skip
    assert sorted(path.name for path in root.iterdir()) == ["incoming", "team", "warehouse"]
    assert (root / "team" / "dropbox").exists()


@pytest.mark.parametrize("age", ["0", 0.5, timedelta(hours=23), -3, "nan", "soon", None, True, 1e30])
def test_an_age_is_a_day_or_more(age: Any, run: Run, context: Context) -> None:
    made_old(run.stage, 400)
    with pytest.raises(AirflowFailException, match="older_than="):
        cleaned(context, older_than=age)
    assert "batch-00001.json" in run.files()


def test_a_stage_in_a_bucket_has_an_age_too(
    object_store: ObjectStore,
    sandbox: SandboxServer,
    context: Context,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect(monkeypatch, sandbox, stage=tmp_path, staging_uri=f"{object_store.uri}/stages")
    object_store.path("stages", "dag", "run", "task", "batch-00001.json").write_text(BATCH)
    assert cleaned(context) == {"stages": 0, "files": 0}
    # The room's own name, not the module: the store keeps real time.
    later = SimpleNamespace(time=lambda: time.time() + 8 * 24 * 3600)
    monkeypatch.setattr("email_contacts.contacts.staging.cleaning.time", later)
    assert cleaned(context) == {"stages": 1, "files": 1}
    assert object_store.path().fs.find("stages/stages") == []
