"""A DAG with connections of two accounts, in which a task was given the wrong one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient
from email_contacts.operators.gone import SettleGoneContactsOperator
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.mirrors import RefreshMirrorOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.sandbox import SandboxServer
from email_contacts.sensor import ImportCompletedSensor
from tests.conftest import CONN_ID
from tests.operators.conftest import LIST
from tests.operators.syncing import Sync
from tests.task_context import StateStore, make_context, pushed

OTHER = "other_brand"


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """The account of another brand, with a connection of its own and the same staging folder."""
    with SandboxServer(api_key="test-key") as server:
        document = json.loads(os.environ[f"AIRFLOW_CONN_{CONN_ID.upper()}"])
        monkeypatch.setenv(f"AIRFLOW_CONN_{OTHER.upper()}", json.dumps({**document, "host": server.url}))
        yield server


def fresh() -> Any:
    return make_context(StateStore())


@pytest.mark.parametrize("conn_id", [CONN_ID, OTHER])
def test_what_was_looked_up_in_one_account_is_not_sent_to_another(
    conn_id: str, other: SandboxServer, sandbox: SandboxServer, tmp_path: Path
) -> None:
    """Nobody has looked who opted out there."""
    with ContactsClient(other.url, other.api_key, requests_per_second=1000) as client:
        client.create_contact(email="a@example.com", email_blacklisted=True)
    source = tmp_path / "contacts.csv"
    source.write_text("EMAIL\na@example.com\nb@example.com\n")
    mirror = RefreshMirrorOperator(task_id="mirror").execute(fresh())
    context = fresh()
    (batch,) = PrepareContactsOperator(task_id="prepare", source=str(source), mirror=mirror).execute(context)
    assert pushed(context)["rows"]["accepted"] == 2
    task = ImportContactsOperator(
        task_id="import", conn_id=conn_id, batch_uri=batch, list_ids=[LIST], deferrable=False
    )
    if conn_id == CONN_ID:
        task.execute(fresh())
        assert sandbox.imports_accepted() == 1
    else:
        with pytest.raises(AirflowFailException, match=r"of another account.*same conn_id"):
            task.execute(fresh())
        assert sandbox.imports_accepted() == 0
    assert other.imports_accepted() == 0


@pytest.mark.parametrize("same", [True, False], ids=["same account", "another account"])
def test_an_import_is_not_looked_for_in_another_account(
    same: bool, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one platform, where process 1 of the other account is somebody else's."""
    document = json.loads(os.environ[f"AIRFLOW_CONN_{CONN_ID.upper()}"])
    key = sandbox.api_key if same else "the-key-of-another-brand"
    monkeypatch.setenv(f"AIRFLOW_CONN_{OTHER.upper()}", json.dumps({**document, "password": key}))
    context = fresh()
    task = ImportContactsOperator(
        task_id="import", json_body=[{"email": "a@example.com"}], list_ids=[LIST], deferrable=False
    )
    process_id = task.execute(context)
    sensor = ImportCompletedSensor(
        task_id="wait", conn_id=OTHER, submissions=[pushed(context)["submission"]], deferrable=False
    )
    if same:
        assert [one["process_id"] for one in sensor.execute(fresh())] == [process_id]
    else:
        said = f"sent with the connection '{CONN_ID}'.*Give this task conn_id='{CONN_ID}'"
        with pytest.raises(AirflowFailException, match=said):
            sensor.execute(fresh())


def test_nobody_is_removed_from_a_list_of_another_account(other: SandboxServer, tmp_path: Path) -> None:
    """Both have a list of that number, with people of the same addresses on it."""
    people = {"a@example.com": "Ada", "b@example.com": "Bob"}
    with ContactsClient(other.url, other.api_key, requests_per_second=1000) as client:
        for address in people:
            client.create_contact(email=address, list_ids=[LIST])
        sync = Sync(tmp_path, is_settling=False)
        sync.run(people, gone="remove")
        sync.send(sync.prepare({"a@example.com": "Ada"}, gone="remove"))
        task = SettleGoneContactsOperator(
            task_id="gone",
            conn_id=OTHER,
            manifest_uri=sync.manifest_uri,
            verdict=sync.verdict,
            list_ids=[LIST],
        )
        with pytest.raises(AirflowFailException, match=f"another account.*conn_id='{CONN_ID}'$"):
            task.execute(fresh())
        assert {one["email"] for one in client.iter_list_contacts(LIST)} == set(people)
    assert sync.settle()["settled"] == 1
