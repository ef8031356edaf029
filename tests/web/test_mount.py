"""The callbacks inside Airflow's own API server, with its plugins, its logins and its access log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, MutableMapping
from typing import Any
from uuid import uuid4

import pytest
import requests
import structlog
from airflow._shared.secrets_masker import redact
from airflow.api_fastapi.common import http_access_log
from airflow.models.connection import Connection
from airflow.sdk import Connection as TaskConnection
from airflow.sdk._shared.secrets_masker import redact as redact_in_a_task
from airflow.utils.session import create_session

from email_contacts.connection import ContactsConnection
from email_contacts.web.lazy import LazyApp
from tests.web.door import SECRET, Door, eventually, serving
from tests.web.runs import Run

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
MOUNT = "/email-contacts"


def logged_by(api_server: Door, path: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Airflow's access log says of a call; of calls before it, it may say so only now."""
    entries: list[dict[str, Any]] = []
    query = f"call={uuid4().hex}"

    def keep(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> str:
        if entry["query"] == query:
            entries.append(dict(entry))
        raise structlog.DropEvent

    monkeypatch.setattr(http_access_log, "logger", structlog.wrap_logger(None, processors=[keep]))
    api_server.request("POST", f"{path}?{query}")
    eventually(lambda: bool(entries))
    return entries


def test_the_platform_calls_without_a_login(api_server: Door, run: Run) -> None:
    run.add("send", "deferred")
    address = run.address()
    assert api_server.request("POST", f"{MOUNT}/notify/{address.token(SECRET)}").status_code == 204
    assert run.remembered(address)
    eventually(lambda: run.state("send") == "scheduled")


def test_nothing_else_is_open(api_server: Door, run: Run) -> None:
    run.add("send", "running")
    token = run.address().token(SECRET)
    for method, path in (
        ("POST", f"{MOUNT}/notify/junk"),
        ("GET", f"{MOUNT}/notify/{token}"),
        ("PUT", f"{MOUNT}/notify/{token}"),
        ("GET", f"{MOUNT}/docs"),
        ("GET", f"{MOUNT}/openapi.json"),
        ("GET", f"{MOUNT}/"),
        ("POST", f"{MOUNT}/"),
    ):
        assert api_server.request(method, path).status_code == 404, (method, path)
    assert api_server.request("GET", "/api/v2/connections").status_code == 401


def test_airflows_own_description_does_not_name_it(api_server: Door) -> None:
    assert MOUNT not in api_server.request("GET", "/openapi.json").text


def test_the_plugin_is_listed(api_server: Door, admin: dict[str, str]) -> None:
    plugins = api_server.request("GET", "/api/v2/plugins", headers=admin).json()["plugins"]
    (ours,) = [plugin for plugin in plugins if plugin["name"] == "email_contacts"]
    assert {app["app"] for app in ours["fastapi_apps"]} == {"email_contacts.web.lazy.LazyApp"}
    # The pages first: the other address begins theirs.
    assert [app["url_prefix"] for app in ours["fastapi_apps"]] == [f"{MOUNT}/imports", MOUNT]
    assert [(view["destination"], view["href"]) for view in ours["external_views"]] == [
        ("nav", "email-contacts/imports/"),
        ("dag_run", "email-contacts/imports/run?dag_id={DAG_ID}&run_id={RUN_ID}"),
    ]


def test_the_access_log_has_no_token(api_server: Door, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.add("send", "success")
    token = run.address().token(SECRET)
    (entry,) = logged_by(api_server, f"{MOUNT}/notify/{token}", monkeypatch)
    assert (entry["path"], entry["status_code"]) == (f"{MOUNT}/notify/***", 204)
    assert token.partition(".")[0] not in str(entry)


def test_the_access_log_has_the_paths_of_others(api_server: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (f"{MOUNT}/docs", "/auth/notify/me"):
        (entry,) = logged_by(api_server, path, monkeypatch)
        assert entry["path"] == path


def test_an_application_that_cannot_be_loaded_says_so_and_no_more(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "email_contacts")
    with serving(LazyApp("email_contacts.web.not_there")) as url:
        answer = requests.post(f"{url}/notify/a-token", timeout=30)
    assert (answer.status_code, answer.content) == (503, b"")
    assert "email_contacts.web.not_there could not be loaded" in caplog.text
    assert "a-token" not in caplog.text


@pytest.fixture
def kept(database: str) -> Iterator[str]:
    """A connection in the metadata database, as the form makes it."""
    extra = {"callback_url": "https://airflow.example.com", "callback_secret": SECRET}
    with create_session() as session:
        session.add(
            Connection(
                conn_id="kept",
                conn_type="email_contacts",
                host="https://api.example.com",
                password="the-key-itself",
                extra=json.dumps(extra),
            )
        )
    yield "kept"
    with create_session() as session:
        session.delete(session.query(Connection).filter_by(conn_id="kept").one())


def test_the_api_shows_neither_key_nor_secret(api_server: Door, admin: dict[str, str], kept: str) -> None:
    for path in (f"/api/v2/connections/{kept}", "/api/v2/connections"):
        text = api_server.request("GET", path, headers=admin).text
        assert "https://airflow.example.com" in text
        assert "the-key-itself" not in text
        assert SECRET not in text


def test_whoever_reads_the_connection_has_its_secrets_masked(kept: str) -> None:
    """In the API server, whose model this is; the task SDK's connection does the same in workers."""
    read = Connection.get_connection_from_secrets(kept)
    assert ContactsConnection.from_airflow(read).can_be_called
    assert redact(f"a line with {SECRET} in it") == "a line with *** in it"
    other = SECRET[::-1]
    extra = json.dumps({"callback_url": "https://airflow.example.com", "callback_secret": other})
    in_a_task = TaskConnection(
        conn_id="c", conn_type="email_contacts", host="https://a.example.com", password="k", extra=extra
    )
    assert ContactsConnection.from_airflow(in_a_task).can_be_called
    assert redact_in_a_task(f"a line with {other} in it") == "a line with *** in it"
