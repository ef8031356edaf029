"""The last look of a worker's wait: no header of the platform takes it."""

from __future__ import annotations

import time
from itertools import repeat

import pytest

from email_contacts.api import ContactsClient
from email_contacts.imports.waiting.worker_wait import LAST_LOOK, wait_here
from tests.api.scripted_server import Play, ScriptedServer, answers

RUNNING = {"id": 3, "name": "IMPORTUSER", "status": "in_process"}
COMPLETED = {**RUNNING, "status": "completed"}


@pytest.mark.parametrize(
    "first",
    [
        answers(200, RUNNING, headers={"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "1800"}),
        answers(429, headers={"retry-after": "3000"}),
        answers(429, headers={"retry-after": "31536000"}),
        answers(429, headers={"x-sib-ratelimit-reset": str(int(time.time()) + 3000)}),
        answers(503, headers={"retry-after": "3000"}),
    ],
)
def test_an_import_that_has_ended_by_the_deadline_has_ended(first: Play) -> None:
    with (
        ScriptedServer([first, answers(200, COMPLETED)]) as server,
        ContactsClient(server.url, "key", requests_per_second=1e6, max_wait=0) as client,
    ):
        # So early that the first look is not yet the last; the pause leads into the last minute.
        deadline = time.time() + LAST_LOOK + 0.5
        outcome = wait_here(client, [3], deadline=deadline, pauses=repeat(0.6))
    assert [process.status for process in outcome.completed()] == ["completed"]
    assert len(server.seen) == 2
