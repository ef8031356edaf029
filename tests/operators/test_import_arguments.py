"""The arguments of an import, read from rendered values; no operator and no Airflow is needed for that."""

from __future__ import annotations

import inspect
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.exceptions import AirflowProviderDeprecationWarning

from email_contacts.arguments import InvalidArgument
from email_contacts.imports.submission.import_job import ImportCallback
from email_contacts.operators.import_arguments import ImportArguments, WaitArguments
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.sensor import ImportCompletedSensor
from tests.operators.conftest import LIST

ROWS = [{"email": "ada@example.com"}]
SETTING = "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"


class NoCallback:
    """Nobody is to be called."""

    is_asked_for = False
    measures_lists = False

    def ask(self, nonce: str) -> str | None:
        raise AssertionError(nonce)

    def signals(self, nonce: str, sizes: Any, contacts: int | None) -> dict[str, Any]:
        raise AssertionError(nonce)


NOBODY: ImportCallback = NoCallback()


def given(**changes: Any) -> dict[str, Any]:
    """Rendered values: the defaults of the operator, and some changes."""
    return {**vars(ImportContactsOperator(task_id="import", json_body=ROWS, list_ids=[LIST])), **changes}


def no_list(name: str, folder_id: int) -> int:
    raise AssertionError(f"no list was asked for, but {name!r} in {folder_id}")


def test_rendered_texts_become_values() -> None:
    rendered = given(list_ids="[2, 7]", update_existing_contacts="False", file_url_expires="3600")
    arguments = ImportArguments.read(rendered)
    assert (arguments.list_ids, arguments.file_url_expires) == ((2, 7), 3600)
    assert not arguments.job(no_list, NOBODY).request.update_existing_contacts


def test_a_list_whose_task_was_skipped_is_not_left_out() -> None:
    with pytest.raises(InvalidArgument, match="list_ids names 2 lists, and 1 of them have no id"):
        ImportArguments.read(given(list_ids=[None, 2]))


def test_a_job_knows_what_makes_it_this_import(tmp_path: Path) -> None:
    batch = tmp_path / "batch-00001.json"
    batch.write_text(json.dumps(ROWS))
    by_uri = ImportArguments.read(given(json_body=None, batch_uri=batch.as_uri())).job(no_list, NOBODY)
    elsewhere = ImportArguments.read(given(list_ids=[7])).job(no_list, NOBODY)
    by_rows = ImportArguments.read(given()).job(no_list, NOBODY)
    assert by_uri.contacts == by_rows.contacts == 1
    assert by_rows.fingerprint == ImportArguments.read(given()).job(no_list, NOBODY).fingerprint
    assert elsewhere.fingerprint != by_rows.fingerprint


def test_a_new_list_is_found_when_the_job_is_made_and_not_before() -> None:
    asked: list[tuple[str, int]] = []

    def find(name: str, folder_id: int) -> int:
        asked.append((name, folder_id))
        return 9

    arguments = ImportArguments.read(given(new_list={"list_name": " New ", "folder_id": "1"}))
    assert asked == []
    assert list(arguments.job(find, NOBODY).request.list_ids) == [LIST, 9]
    assert asked == [("New", 1)]


def test_rows_and_addresses_are_not_shown() -> None:
    arguments = ImportArguments.read(given(notify_url="https://example.com/done?token=s3cr3t"))
    assert "ada" not in repr(arguments)
    assert "s3cr3t" not in repr(arguments)


@pytest.mark.parametrize(
    ("value", "seconds"), [(90, 90.0), ("90", 90.0), (1.5, 1.5), (timedelta(minutes=2), 120.0), (0, 0.0)]
)
def test_spans_of_time_may_come_in_any_form(value: Any, seconds: float) -> None:
    waits = WaitArguments.read(given(timeout=value, poll_interval=value, reconciliation_timeout=value))
    assert (waits.timeout, waits.poll_interval, waits.reconciliation_timeout) == (seconds,) * 3


@pytest.mark.parametrize("value", ["soon", -1, "nan", "inf", True, None, [60]])
def test_a_span_of_time_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"timeout=.* must be a number of seconds"):
        WaitArguments.read(given(timeout=value))


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [("awaited_by", "wait_task_id", "wait"), ("patience", "reconciliation_timeout", 5.0)],
)
def test_an_old_name_still_works_and_is_warned_of(old: str, new: str, value: Any) -> None:
    arguments: dict[str, Any] = {old: value}
    with pytest.warns(AirflowProviderDeprecationWarning, match=f"{old} is deprecated; use {new}"):
        operator = ImportContactsOperator(task_id="import", **arguments)
    assert getattr(operator, new) == value


@pytest.mark.parametrize(("setting", "default"), [(None, False), ("True", True), ("False", False)])
def test_deferrable_follows_airflow(
    setting: str | None, default: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    if setting is not None:
        monkeypatch.setenv(SETTING, setting)
    assert ImportContactsOperator(task_id="import").deferrable is default
    assert ImportContactsOperator(task_id="import", deferrable=not default).deferrable is not default
    assert ImportCompletedSensor(task_id="wait").deferrable is default


def test_whatever_a_dag_could_compute_is_templated() -> None:
    taken = inspect.signature(ImportContactsOperator.__init__).parameters
    arguments = set(taken) - {"self", "kwargs", "awaited_by", "patience"}
    assert len(arguments) > 15
    # Rows are personal data, and what is rendered is shown; deferrable decides how a DAG is made.
    assert arguments - {"json_body", "file_body", "deferrable"} <= set(ImportContactsOperator.template_fields)
