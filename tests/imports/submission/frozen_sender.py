"""A sender in a process of its own, which can be frozen: one try after the other, as its standard input says.

Each line names a folder that holds the task's state, and ``stop`` where the process is to stop itself between
intent and request. The answer to each is the process id, or the name of the error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.imports import failpoints
from email_contacts.imports.errors import IntentSuperseded
from email_contacts.imports.submission.import_job import ImportJob
from email_contacts.imports.submission.import_record import ImportRecord
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.imports.submission.submitter import Submitter

PEOPLE = [{"email": f"p{number}@example.com", "attributes": {"FIRSTNAME": "P"}} for number in range(5)]


class FolderStore:
    """A task's state, shared by processes: a file for each key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str, default: Any = None) -> Any:
        path = self._path(key)
        return json.loads(path.read_text()) if path.is_file() else default

    def set(self, key: str, value: Any) -> None:
        aside = self._path(key).with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(value))
        aside.rename(self._path(key))

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / sha256(key.encode()).hexdigest()


def one_try(url: str, key: str, folder: Path) -> ImportRecord:
    """Submit as one try of a task does."""
    job = ImportJob(ImportRequest(json_body=PEOPLE, list_ids=[2]))
    with ContactsClient(url, key, max_wait=0, requests_per_second=1000) as client:
        submitter = Submitter(
            client,
            job,
            Ledger(FolderStore(folder), job.fingerprint),
            max_running=5,
            timeout=60.0,
            reconciliation_timeout=0.0,
        )
        came = submitter.advance()
    assert isinstance(came, ImportRecord), came
    return came


def main() -> None:
    """Take orders until the input ends."""
    url, key = sys.argv[1:]
    stops: list[bool] = []

    def stop(moment: str) -> None:
        if moment == failpoints.AFTER_INTENT and stops[-1]:
            os.kill(os.getpid(), signal.SIGSTOP)

    failpoints.listen(stop)
    for line in sys.stdin:
        folder, _, stops_itself = line.strip().partition(" ")
        stops.append(bool(stops_itself))
        try:
            print(one_try(url, key, Path(folder)).process_id, flush=True)
        except IntentSuperseded as error:
            print(type(error).__name__, flush=True)


if __name__ == "__main__":
    main()
