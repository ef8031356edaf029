"""The hook: its client, its Test button, and what it finds by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from email_contacts.connection import InvalidConnection
from email_contacts.hook import ContactsHook
from email_contacts.sandbox import SandboxServer
from tests.api.scripted_server import ScriptedServer, answers_html
from tests.conftest import CONN_ID, connect
from tests.imports.conftest import asked

VARIABLE = f"AIRFLOW_CONN_{CONN_ID.upper()}"


@pytest.fixture
def hook(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ContactsHook:
    """A hook of the default connection, without a pace to keep."""
    connect(monkeypatch, sandbox, stage=tmp_path, requests_per_second=1000)
    return ContactsHook()


def hook_of(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> ContactsHook:
    document = {"conn_type": "email_contacts", "password": "a-key", "extra": {"timeout": 600}, **settings}
    monkeypatch.setenv(VARIABLE, json.dumps(document))
    return ContactsHook()


def test_making_a_hook_asks_for_nothing() -> None:
    assert ContactsHook("a_connection_that_is_not_there").conn_id == "a_connection_that_is_not_there"


def test_a_connection_that_is_not_there_is_named_with_advice() -> None:
    with pytest.raises(InvalidConnection, match="no connection 'a_connection_that_is_not_there'; add one"):
        _ = ContactsHook("a_connection_that_is_not_there").client


def test_the_client_is_made_once_and_is_what_airflow_calls_the_connection(hook: ContactsHook) -> None:
    assert hook.client is hook.client is hook.get_conn()
    assert hook.client.contacts().count == 0


def test_the_test_button_says_ok(hook: ContactsHook, sandbox: SandboxServer) -> None:
    sandbox.seed_contacts(3)
    assert hook.test_connection() == (
        True,
        f"OK: {sandbox.url} answered; the account holds 3 contacts; callbacks are off",
    )
    assert asked(sandbox) == ["contacts"]


def test_the_test_button_says_that_callbacks_are_on(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url, secret = "https://airflow.example.com", "a-secret-of-forty-letters-for-tests-only"
    connect(monkeypatch, sandbox, stage=tmp_path, callback_url=url, callback_secret=secret)
    worked, message = ContactsHook().test_connection()
    assert worked
    assert message.endswith(f"; callbacks are asked for at {url}")
    assert secret not in message


def test_the_test_button_explains_a_wrong_key(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked, message = hook_of(monkeypatch, host=sandbox.url, password="another-key").test_connection()
    assert not worked
    assert "401" in message
    assert "IP address" in message
    assert "another-key" not in message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "has no host"),
        ({"host": "https://api.example.com", "password": ""}, "has no password"),
        ({"host": "http://api.example.com"}, "would send the API key unencrypted"),
        ({"host": "https://api.example.com", "extra": {"timeout": "soon"}}, "'timeout'"),
    ],
)
def test_the_test_button_explains_a_connection_that_cannot_work(
    settings: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked, said = hook_of(monkeypatch, **settings).test_connection()
    assert not worked
    assert message in said


def test_the_test_button_explains_that_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as gone:
        hook = hook_of(monkeypatch, host=gone.url)
    worked, message = hook.test_connection()
    assert not worked
    assert "no connection to the host" in message


def test_the_test_button_explains_a_host_that_is_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([answers_html(404)]) as server:
        worked, message = hook_of(monkeypatch, host=server.url).test_connection()
    assert not worked
    assert "answered with HTML, not the API; is the base URL right?" in message


def test_the_test_button_tells_a_rate_limit_and_does_not_sit_it_out(
    hook: ContactsHook, sandbox: SandboxServer
) -> None:
    """Airflow runs it in the API server, which must not be held up."""
    sandbox.set_knobs(faults=[{"route": "contacts", "kind": "429", "times": 0, "seconds": 3000}])
    worked, message = hook.test_connection()
    assert not worked
    assert "retry in 3000 s" in message
    assert asked(sandbox) == ["contacts"]


def test_folders_and_lists_are_found_by_their_exact_name(hook: ContactsHook) -> None:
    folder = hook.client.create_folder("Imports")
    found = hook.client.create_list("Customers", folder_id=folder)
    assert hook.find_folder("Imports") == folder
    assert hook.find_folder("imports") is None
    assert hook.find_list("Customers", folder_id=folder) == found
    assert hook.find_list("Customers", folder_id=1) is None


def test_a_name_beyond_the_first_page_is_found(hook: ContactsHook) -> None:
    for number in range(51):
        last = hook.client.create_folder(f"folder {number}")
    assert hook.find_folder("folder 50") == last


def test_of_equal_names_the_oldest_is_taken_and_the_others_are_named(
    hook: ContactsHook, capfd: pytest.CaptureFixture[str]
) -> None:
    ids = [hook.client.create_folder("Twice") for _ in range(2)]
    assert hook.find_folder("Twice") == ids[0]
    assert str(ids) in capfd.readouterr().out


def test_settings_are_read_once(hook: ContactsHook, monkeypatch: pytest.MonkeyPatch) -> None:
    before = hook.settings
    monkeypatch.delenv(VARIABLE)
    assert hook.settings is before
    with pytest.raises(InvalidConnection):
        _ = ContactsHook().settings
