"""A wrong setting fails every operator at once, with a message that helps; trouble that may pass does not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import NotSent, RateLimited, Unavailable
from email_contacts.failures import failing_at_once
from email_contacts.hook import ContactsHook
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.contacts import CreateContactOperator, GetContactsOperator
from email_contacts.operators.folders import CreateFolderOperator, GetFolderListsOperator
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import (
    CreateListOperator,
    GetListContactsOperator,
    GetListOperator,
    RemoveFromListOperator,
)
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.api.scripted_server import ScriptedServer
from tests.conftest import CONN_ID
from tests.operators.conftest import LIST, asked

if TYPE_CHECKING:
    from airflow.sdk import Context

VARIABLE = f"AIRFLOW_CONN_{CONN_ID.upper()}"
SAMPLE = Path(__file__).resolve().parents[2] / "include" / "sample_contacts" / "contacts.csv"


def operators(folder: Path) -> list[ContactsOperator]:
    """One of each that talks to the platform."""
    path = (folder / "contacts.ndjson").as_uri()
    return [
        CreateFolderOperator(task_id="a", name="x"),
        CreateListOperator(task_id="b", name="x", folder_id=1),
        CreateContactOperator(task_id="c", email_address="a@example.com"),
        GetFolderListsOperator(task_id="d", folder_id=1),
        GetListOperator(task_id="e", list_id=LIST),
        GetListContactsOperator(task_id="f", list_id=LIST, path=path),
        GetContactsOperator(task_id="g", path=path),
        ImportContactsOperator(task_id="h", json_body=[{"email": "a@example.com"}], list_ids=[LIST]),
        PrepareContactsOperator(task_id="i", source=str(SAMPLE)),
        RemoveFromListOperator(task_id="j", list_id=LIST, contact_ids=[1]),
    ]


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Change the default connection."""

    def changed(**settings: Any) -> None:
        monkeypatch.setenv(VARIABLE, json.dumps({**json.loads(os.environ[VARIABLE]), **settings}))

    return changed


def test_a_wrong_key(context: Context, change: Any, tmp_path: Path) -> None:
    change(password="not-the-key")
    for operator in operators(tmp_path):
        with pytest.raises(AirflowFailException, match=r"401.*Check the API key.*IP address") as caught:
            operator.execute(context)
        assert "not-the-key" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"host": "http://api.example.com"}, r"would send the API key unencrypted; use https://"),
        ({"host": "ftp://api.example.com"}, r"must begin with https://"),
        ({"host": "https://"}, r"has no host"),
        ({"host": ""}, r"has no host; set it to the platform's base URL"),
        ({"password": ""}, r"has no password; set it to the platform's API key"),
        ({"password": "two words"}, r"API key contains spaces"),
        ({"extra": {"timeout": "soon"}}, r"field 'timeout' .*'soon' is not of type 'number'"),
        ({"extra": {"max_running_imports": 0}}, r"field 'max_running_imports' .*0 is less than the minimum"),
    ],
)
def test_a_connection_that_cannot_work(
    settings: dict[str, Any],
    message: str,
    context: Context,
    change: Any,
    sandbox: SandboxServer,
    tmp_path: Path,
) -> None:
    change(**settings)
    for operator in operators(tmp_path):
        with pytest.raises(AirflowFailException, match=message):
            operator.execute(context)
    assert asked(sandbox) == []


@pytest.mark.parametrize("kind", ["http", "generic", "", None])
def test_a_connection_of_another_type(
    kind: str | None, context: Context, change: Any, sandbox: SandboxServer, tmp_path: Path
) -> None:
    change(conn_type=kind)
    for operator in operators(tmp_path):
        with pytest.raises(AirflowFailException, match="must be of type 'email_contacts'"):
            operator.execute(context)
    assert asked(sandbox) == []


def test_a_connection_that_is_an_address(
    context: Context, monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer
) -> None:
    """Airflow reads the type of the connection from the scheme."""
    address = f"//:{sandbox.api_key}@{urlsplit(sandbox.url).netloc}"
    operator = GetListOperator(task_id="e", list_id=LIST)
    monkeypatch.setenv(VARIABLE, f"http:{address}")
    with pytest.raises(AirflowFailException, match="is of type 'http'") as caught:
        operator.execute(context)
    assert sandbox.api_key not in str(caught.value)
    monkeypatch.setenv(VARIABLE, f"email-contacts:{address}")
    assert ContactsHook().settings.api_key.value == sandbox.api_key


def test_a_connection_that_is_not_there(
    context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(VARIABLE)
    for operator in operators(tmp_path):
        with pytest.raises(AirflowFailException, match=f"no connection '{CONN_ID}'; add one of type"):
            operator.execute(context)


def test_a_base_url_that_leads_elsewhere(
    context: Context, change: Any, sandbox: SandboxServer, tmp_path: Path
) -> None:
    change(host=f"{sandbox.url}/elsewhere")
    for operator in operators(tmp_path):
        with pytest.raises(AirflowFailException, match=r"base URL|Route does not exist"):
            operator.execute(context)


def test_a_base_url_may_end_in_v3(context: Context, change: Any, sandbox: SandboxServer) -> None:
    change(host=f"{sandbox.url}/v3/")
    assert GetListOperator(task_id="e", list_id=LIST).execute(context)["id"] == LIST


@pytest.mark.parametrize(
    ("kind", "error"), [("429", RateLimited), ("503", Unavailable), ("reset", Unavailable)]
)
def test_trouble_that_may_pass_is_left_to_the_retries(
    kind: str, error: type[Exception], context: Context, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.set_knobs(faults=[{"route": "*", "kind": kind, "times": 0}])
    reading = (GetFolderListsOperator, GetListOperator, GetContactsOperator, PrepareContactsOperator)
    for operator in operators(tmp_path):
        if isinstance(operator, reading):
            with pytest.raises(error):
                operator.execute(context)


def test_a_limit_over_the_cap(context: Context, sandbox: SandboxServer) -> None:
    """No operator takes a limit; a DAG's own one, made of the hook, does."""

    class FirstPage(ContactsOperator):
        @failing_at_once()
        def execute(self, context: Context) -> Any:
            return self.hook.client.contacts(limit=2000).count

    with pytest.raises(AirflowFailException, match=r"limit=2000 is over the API's maximum of 1000"):
        FirstPage(task_id="page").execute(context)
    assert asked(sandbox) == []


def test_a_host_that_is_not_there_is_left_to_the_retries(
    context: Context, change: Any, tmp_path: Path
) -> None:
    with ScriptedServer() as gone:
        change(host=gone.url)
    for operator in operators(tmp_path):
        with pytest.raises(NotSent, match="Nothing was sent"):
            operator.execute(context)


def test_the_connection_id_is_templated(
    context: Context, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", os.environ[VARIABLE])
    monkeypatch.delenv(VARIABLE)
    operator = GetListOperator(task_id="e", list_id="{{ 1 + 1 }}", conn_id="{{ 'other' }}")
    operator.render_template_fields(context)
    assert operator.execute(context)["id"] == LIST
    assert BaseHook.get_connection("other").host == sandbox.url
