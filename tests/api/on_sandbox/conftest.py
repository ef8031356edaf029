"""The client against the bundled platform, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from email_contacts.api import ContactsClient
from email_contacts.sandbox import SandboxServer
from tests.api.fake_clock import FakeClock


@pytest.fixture(scope="module")
def platform() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture
def sandbox(platform: SandboxServer) -> SandboxServer:
    platform.reset()
    return platform


@pytest.fixture
def client(sandbox: SandboxServer, clock: FakeClock) -> Iterator[ContactsClient]:
    with ContactsClient(sandbox.url, sandbox.api_key, clock=clock.clock, requests_per_second=1e6) as made:
        yield made
