"""A real triggerer reads the mailbox of the task that submitted, where the platform shows no processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from email_contacts.imports.callbacks import MAILBOX, mail, new_nonce
from email_contacts.imports.waiting.completion_signals import CompletionSignals
from email_contacts.sandbox import SandboxServer
from local.deferred import DAG_ID, RUN_ID, TASK_ID
from local.home import PROJECT, Home
from tests.faults.lone_triggerer import Waiting

PUSH = """
import json, sys
from airflow.models.xcom import XComModel
given = json.load(sys.stdin)
XComModel.set(**given, serialize=False)
"""


def push(waiting: Waiting, index: int, value: dict[str, Any]) -> None:
    """Put a value into the mailbox of one task instance, as the endpoint does."""
    given = {
        "key": MAILBOX, "value": value, "dag_id": DAG_ID, "run_id": RUN_ID,
        "task_id": TASK_ID, "map_index": index,
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-c", PUSH],
        input=json.dumps(given).encode(),
        env={**waiting.environment, "PYTHONPATH": str(PROJECT / "plugins")},
        check=True,
    )


@pytest.fixture
def waiting(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Waiting]:
    """A lone triggerer."""
    made = Waiting(Home(tmp_path / "home"), sandbox)
    try:
        yield made
    finally:
        made.triggerer.stop()


def test_who_was_called_is_resumed_and_who_was_not_waits_on(waiting: Waiting, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(process_route="404")
    nonces = [new_nonce(), new_nonce()]
    evidence = [
        CompletionSignals((DAG_ID, RUN_ID, TASK_ID, index), nonce) for index, nonce in enumerate(nonces)
    ]
    waiting.defer(
        [
            {"process_ids": [5], "deadline": time.time() + 3600, "evidence": [one.to_json()]}
            for one in evidence
        ]
    )
    push(waiting, 0, mail(nonces[0], called_at="2026-11-22T10:00:00+00:00"))
    push(waiting, 1, mail(nonces[1]))
    waiting.triggerer.start()
    waiting.wait(lambda: waiting.states() == {"deferred": 1, "scheduled": 1}, "waited for the mailbox")
    (event,) = waiting.events()
    assert '"callback"' in json.dumps(event)
    # That the route is missing was found out, and not asked for again and again.
    assert waiting.asked() <= 2
