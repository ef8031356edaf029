"""Waiting for the platform: on conditions, never on luck."""

from __future__ import annotations

import time
from collections.abc import Callable

from email_contacts.api import ContactsClient, Process


def finished(client: ContactsClient, process_id: int) -> Process:
    """Wait for a process to come to its end."""
    wait_for(lambda: client.process(process_id).is_finished)
    return client.process(process_id)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it holds; failing is a matter of seconds, not of luck."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
