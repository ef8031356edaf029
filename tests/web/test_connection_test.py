"""The Test button of Airflow's connection list, pressed on connections made in each of the ways there are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.cli.cli_parser import get_parser
from airflow.models.connection import Connection
from airflow.utils.session import create_session

from email_contacts.sandbox import SandboxServer
from email_contacts.web.connection_test import ROUTE, BlankPort
from local.stack import sandbox_connection
from tests.web.door import Door

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CONN_ID = "pressed"


@pytest.fixture(autouse=True)
def nothing_stored(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AIRFLOW__CORE__TEST_CONNECTION", "Enabled")
    yield
    with create_session() as session:
        session.query(Connection).filter_by(conn_id=CONN_ID).delete()


def press(api_server: Door, admin: dict[str, str], **changes: Any) -> tuple[int, dict[str, Any]]:
    """What the button of the connection list sends, and what is answered.

    The UI fills in what Airflow's REST API shows of the connection: "" for null, 0 for a port that is null,
    and secrets as they are shown, masked.
    """
    shown = api_server.request("GET", f"/api/v2/connections/{CONN_ID}", headers=admin).json()
    body = {
        "conn_type": shown["conn_type"],
        "connection_id": shown["connection_id"],
        "description": shown["description"] or "",
        "extra": shown["extra"] or "{}",
        "host": shown["host"] or "",
        "login": shown["login"] or "",
        "password": shown["password"] or "",
        "port": shown["port"] or 0,
        "schema": shown["schema"] or "",
        **changes,
    }
    answer = api_server.request("POST", ROUTE, headers=admin, json=body)
    return answer.status_code, answer.json()


def made_by_form(api_server: Door, admin: dict[str, str], sandbox: SandboxServer, tmp_path: Path) -> None:
    """The form leaves an empty port out, and sends the extra fields that were filled in."""
    body = {
        "connection_id": CONN_ID,
        "conn_type": "email_contacts",
        "host": sandbox.url,
        "password": sandbox.api_key,
        "extra": json.dumps({"timeout": 20}),
    }
    assert api_server.request("POST", "/api/v2/connections", headers=admin, json=body).status_code == 201


def made_by_command(api_server: Door, admin: dict[str, str], sandbox: SandboxServer, tmp_path: Path) -> None:
    """As the README says."""
    options = [
        "--conn-type",
        "email_contacts",
        "--conn-host",
        sandbox.url,
        "--conn-password",
        sandbox.api_key,
    ]
    run_airflow("connections", "add", CONN_ID, *options)


def made_by_compose(api_server: Door, admin: dict[str, str], sandbox: SandboxServer, tmp_path: Path) -> None:
    """The service airflow-init imports a file."""
    extra = {"callback_url": "http://127.0.0.1:1", "callback_secret": "s" * 40}
    document = {
        "conn_type": "email_contacts",
        "host": sandbox.url,
        "password": sandbox.api_key,
        "extra": extra,
    }
    file = tmp_path / "connections.json"
    file.write_text(json.dumps({CONN_ID: document}))
    run_airflow("connections", "import", str(file))


def made_by_make_up(api_server: Door, admin: dict[str, str], sandbox: SandboxServer, tmp_path: Path) -> None:
    """`make up` stores it by the REST API."""
    document = sandbox_connection(sandbox.url, stage=tmp_path.as_uri(), callback_url="http://127.0.0.1:1")
    body = {**document, "connection_id": CONN_ID, "password": sandbox.api_key}
    assert api_server.request("POST", "/api/v2/connections", headers=admin, json=body).status_code == 201


def run_airflow(*arguments: str) -> None:
    """Run a command of Airflow's command line in this process, on this database."""
    parsed = get_parser().parse_args(list(arguments))
    parsed.func(parsed)


@pytest.mark.parametrize("make", [made_by_form, made_by_command, made_by_compose, made_by_make_up])
def test_the_stored_key_is_tested(
    make: Any, api_server: Door, admin: dict[str, str], sandbox: SandboxServer, tmp_path: Path
) -> None:
    make(api_server, admin, sandbox, tmp_path)
    status, answer = press(api_server, admin)
    assert (status, answer["status"]) == (200, True), answer
    assert answer["message"].startswith("OK: ")


def test_a_wrong_key_is_told(
    api_server: Door, admin: dict[str, str], sandbox: SandboxServer, tmp_path: Path
) -> None:
    made_by_form(api_server, admin, sandbox, tmp_path)
    status, answer = press(api_server, admin, password="another-key")
    assert (status, answer["status"]) == (200, False)
    assert "401" in answer["message"]
    assert "another-key" not in answer["message"]


def test_a_port_of_its_own_is_kept(
    api_server: Door, admin: dict[str, str], sandbox: SandboxServer, tmp_path: Path
) -> None:
    host, _, port = sandbox.url.rpartition(":")
    document = {"connection_id": CONN_ID, "conn_type": "email_contacts", "host": host, "port": int(port)}
    body = {**document, "password": sandbox.api_key}
    assert api_server.request("POST", "/api/v2/connections", headers=admin, json=body).status_code == 201
    assert press(api_server, admin)[1]["status"] is True


def test_a_connection_from_the_environment_is_tested(
    api_server: Door, admin: dict[str, str], sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {"conn_type": "email_contacts", "host": sandbox.url, "password": sandbox.api_key}
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(document))
    body = {**document, "connection_id": CONN_ID, "password": "***", "port": 0, "extra": "{}"}
    answer = api_server.request("POST", ROUTE, headers=admin, json=body)
    assert answer.json()["status"] is True, answer.text


def test_another_destination_is_not_sent_the_stored_key(
    api_server: Door, admin: dict[str, str], sandbox: SandboxServer, tmp_path: Path
) -> None:
    made_by_form(api_server, admin, sandbox, tmp_path)
    for change in ({"host": "http://127.0.0.1:9"}, {"port": 9}):
        assert press(api_server, admin, **change)[0] == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ROUTE, b'{"conn_type": "http", "port": 0}'),
        (ROUTE, b'{"conn_type": "email_contacts", "port": 80}'),
        (ROUTE, b"[0]"),
        (ROUTE, b"no JSON"),
        (ROUTE, b"[" * 100_000),
        (ROUTE, b""),
        (ROUTE, b" " * (3 << 20)),
        ("/api/v2/connections", b'{"conn_type": "email_contacts", "port": 0}'),
    ],
)
def test_everything_else_passes_untouched(database: str, path: str, body: bytes) -> None:
    assert asyncio.run(passed_on(path, body)) == body


async def passed_on(path: str, body: bytes) -> bytes:
    """What the application behind it reads of a request that comes in pieces."""
    pieces = [body[start : start + (1 << 19)] for start in range(0, len(body) or 1, 1 << 19)]
    messages = [
        {"type": "http.request", "body": piece, "more_body": index < len(pieces) - 1}
        for index, piece in enumerate(pieces)
    ]
    read: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            read.append(message["body"])
            more = message["more_body"]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError("nothing is to be sent")

    await BlankPort(app)({"type": "http", "method": "POST", "path": path, "headers": []}, receive, send)
    return b"".join(read)
