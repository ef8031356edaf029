"""A client of the sandbox that never waits, and imports to look at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.sandbox import SandboxServer

LIST = 2  # the list of a fresh account


@pytest.fixture
def client(sandbox: SandboxServer) -> Iterator[ContactsClient]:
    """A client without patience: a passing error is raised at once."""
    with ContactsClient(sandbox.url, sandbox.api_key, max_wait=0, requests_per_second=1000) as made:
        yield made


def an_import(*addresses: str, list_id: int = LIST) -> ImportRequest:
    """A small import."""
    return ImportRequest(
        json_body=[{"email": address} for address in addresses or ("ada@example.com",)], list_ids=[list_id]
    )


def submitted(client: ContactsClient, number: int) -> list[int]:
    """Submit imports, and give their process ids."""
    return [client.import_contacts(an_import(f"p{one}@example.com")) for one in range(number)]


def until(is_so: Callable[[], bool]) -> None:
    """Come back once it is so."""
    limit = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < limit, "it never came to be so"
        time.sleep(0.01)


def until_ended(client: ContactsClient, *process_ids: int) -> None:
    """Come back once the platform shows the processes as ended."""
    for one in process_ids:
        until(lambda one=one: client.process(one).is_finished)  # type: ignore[misc]


def asked(sandbox: SandboxServer, *routes: str) -> list[str]:
    """The names of the routes that were asked, in order; only these if any are given."""
    return [entry.route for entry in sandbox.journal() if not routes or entry.route in routes]
