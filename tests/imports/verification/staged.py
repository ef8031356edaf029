"""A staged run whose batches were submitted, as verification sees it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.contacts.staging.manifest import Batch
from email_contacts.imports.verification.submitted_batches import SubmittedBatches
from email_contacts.imports.verification.verdict import (
    Verdict,
)
from email_contacts.imports.verification.verification import Verification
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import LIST, until_ended

Rows = Sequence[dict[str, Any]]


def people(number: int, *, of: str = "p", **attributes: Any) -> list[dict[str, Any]]:
    return [{"email": f"{of}{one}@example.com", "attributes": attributes} for one in range(number)]


def imported(client: ContactsClient, rows: Rows, **options: Any) -> int:
    """Import and wait for the end; gives the process."""
    process_id = client.import_contacts(ImportRequest(json_body=rows, list_ids=[LIST], **options))
    until_ended(client, process_id)
    return process_id


class Staged:
    """Batches of a run in a folder, and what is said of their submission."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.batches: list[Batch] = []
        self.submissions: list[dict[str, Any]] = []

    def add(self, rows: Rows, process_id: int, *, since: str = "", body: str = "", **said: Any) -> Staged:
        """Add a batch, and say that a process carried it."""
        path = self.folder / (
            f"batch-{len(self.batches):05d}.json" if not body.startswith("EMAIL") else "c.csv"
        )
        path.write_text(body or json.dumps(rows))
        self.batches.append(Batch(str(path), path.stat().st_size, len(rows), f"{len(self.batches):064d}"))
        self.submissions.append(
            {
                "batch_uri": str(path),
                "process_id": process_id,
                "submitted_at": since or moment(),
                "evidence": {"since": since} if since else None,
                **said,
            }
        )
        return self

    def verification(self, client: ContactsClient, **seen: Any) -> Verification:
        batches = SubmittedBatches(tuple(self.batches), tuple(self.submissions), open_path=Path)
        return Verification(client, batches, list_ids=[LIST], **seen)

    def verdict(self, client: ContactsClient, **seen: Any) -> Verdict:
        return self.verification(client, **seen).verdict()


def direct(sandbox: SandboxServer, method: str, path: str, body: dict[str, Any]) -> None:
    """Call a route that the client does not have."""
    url = f"{sandbox.url}/v3/contacts/{path}"
    requests.request(
        method, url, json=body, headers={"api-key": sandbox.api_key}, timeout=10
    ).raise_for_status()


def moment(**ago: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(**ago)).isoformat()


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    return Staged(tmp_path)
