"""Exports against the sandbox, without Airflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from email_contacts.api import ContactsClient
from email_contacts.sandbox import SandboxServer
from tests.exports.warehouse import Warehouse


@pytest.fixture
def client(sandbox: SandboxServer) -> Iterator[ContactsClient]:
    """A client without patience: a passing error is raised at once."""
    with ContactsClient(sandbox.url, sandbox.api_key, max_wait=0, requests_per_second=1000) as made:
        yield made


@pytest.fixture
def warehouse(client: ContactsClient, tmp_path: Path) -> Warehouse:
    """Where exports go, and the state store that they share."""
    return Warehouse(client, tmp_path / "exports")
