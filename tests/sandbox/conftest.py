"""One sandbox for the whole room, returned to a fresh account before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from email_contacts.sandbox import SandboxServer
from tests.sandbox.rehearsal import Host, Rehearsal, hosting


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture
def sandbox(server: SandboxServer) -> Iterator[Rehearsal]:
    server.reset()
    with requests.Session() as session:
        session.headers["api-key"] = server.api_key
        yield Rehearsal(server, session)


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting() as running:
        yield running
