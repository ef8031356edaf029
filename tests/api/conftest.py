"""Fixtures of the API room: a scripted server, a clock without waiting, and a client for both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from email_contacts.api import ContactsClient
from tests.api.fake_clock import FakeClock
from tests.api.scripted_server import ScriptedServer

API_KEY = "xkeysib-0123456789abcdef-Secret"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(server: ScriptedServer, clock: FakeClock) -> Iterator[ContactsClient]:
    with ContactsClient(
        server.url, API_KEY, clock=clock.clock, timeout=5.0, requests_per_second=1e6, max_wait=60.0
    ) as made:
        yield made
