"""Operators as a task runs them, against the sandbox; no test waits for a better moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from email_contacts.api import ContactsClient
from email_contacts.operators.base import ContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.conftest import CONN_ID, connect
from tests.task_context import SharedStore

if TYPE_CHECKING:
    from airflow.sdk import Context

LIST = 2  # the list of a fresh account


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that fails for now fails at once, and a deferred task waits no longer than it must."""
    monkeypatch.setattr("email_contacts.connection.MAX_WAIT", 0.0)
    monkeypatch.setattr("email_contacts.operators._waiting.RESUME_GRACE", 0.0)


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> SharedStore:
    """What all tasks share; outside a running task there are no variables."""
    shared = SharedStore()
    shared.stand_in(monkeypatch)
    return shared


@pytest.fixture(autouse=True)
def connection(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The default connection, pointed at the sandbox, without a pace to keep."""
    connect(monkeypatch, sandbox, stage=tmp_path / "stage", requests_per_second=1000)
    return CONN_ID


@pytest.fixture
def platform(sandbox: SandboxServer) -> Iterator[ContactsClient]:
    """A client of the test's own, to see what an operator did."""
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        yield client


def rendered(operator: ContactsOperator, context: Context) -> ContactsOperator:
    """The operator after Airflow has rendered its templates."""
    operator.render_template_fields(context)
    return operator


def asked(sandbox: SandboxServer) -> list[str]:
    """The names of the routes that were asked, in order."""
    return [entry.route for entry in sandbox.journal()]
