"""How long the page "Contact imports" takes with 10,000 receipts in the history, on Airflow's own SQLite.

Without running imports, and with 50 of them, of three batches each, which the platform works on.

Requests over HTTP to a real API server, as a user who has logged in. The peer is what there is without a
history: reading the receipts' files below the staging folder.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RECEIPTS = 10_000
RUNNING, BATCHES = 50, 3
RUNS = 15


def main() -> None:
    """Print the median and the spread for each request."""
    folder = Path(tempfile.mkdtemp(prefix="email-contacts-page-"))
    _configure(folder)
    from airflow.api_fastapi.app import create_app
    from airflow.utils.db import initdb

    from tests.web.door import Door, serving
    from tests.web.pages import entries, users

    try:
        initdb()
        documents = [_receipt(entries.make_receipt(number)) for number in range(RECEIPTS)]
        entries.put(*(("import_contacts", document) for document in documents))
        size = statistics.mean(len(json.dumps(one)) for one in documents)
        print(f"{RECEIPTS:,} receipts of {size:,.0f} bytes, SQLite")
        with serving(create_app()) as url:
            door = Door(url)
            cookies = {"_token": users.log_in(door, users.ADMIN)}

            def get(query: str) -> None:
                path = f"/email-contacts/imports/{query}"
                answer = door.request("GET", path, cookies=cookies)
                answer.raise_for_status()

            get("")  # loads the application
            middle = entries.NEWEST.isoformat()[:10]
            _print("first page", lambda: get(""))
            _print("a page from the middle", lambda: get("?before=2026-11-24T20:00:00.000/" + "0" * 16))
            _print(f"the day {middle}", lambda: get(f"?from={middle}&to={middle}"))
            _print("a search that finds nothing", lambda: get("?text=nothing-like-it"))
            for _ in range(RUNNING):
                _begin()
            _print(f"first page, {RUNNING} imports run", lambda: get(""))
        _print("the peer: newest of 10,000 files", _files(folder / "stage", documents))
    finally:
        shutil.rmtree(folder)


def _configure(folder: Path) -> None:
    """Give this process its own Airflow home, before anything of Airflow is imported."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]
    project = Path(__file__).resolve().parents[1]
    passwords = folder / "passwords.json"
    passwords.write_text('{"admin": "a-password"}')
    os.environ |= {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "AIRFLOW__API_AUTH__JWT_SECRET": "j" * 64,
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }


def _begin() -> None:
    """Begin an import as ``import_contacts`` does, up to the wait for its batches."""
    from tests.web.pages import running

    run = running.begin("import_contacts")
    run.is_prepared()
    for number in range(BATCHES):
        run.is_submitted(1_000 + number, number)
    run.waits(*(1_000 + number for number in range(BATCHES)))


def _receipt(document: dict[str, Any]) -> dict[str, Any]:
    """The same with the rest that a receipt of a large import has."""
    sampled = {"sampled": 300, "found": 300, "compared": 300, "matching": 300, "confidence": 1.0}
    return {
        **document,
        "process_ids": [document["process_ids"][0] + number for number in range(40)],
        "verification": {**sampled, "growth": {"4": {"expected": [971, 971], "seen": 971}}},
        "recovered": ["process 7 found again: the callback named it"],
    }


def _files(stage: Path, documents: list[dict[str, Any]]) -> Callable[[], None]:
    for number, document in enumerate(documents):
        run = stage / "import_contacts" / f"run-{number}" / "prepare"
        run.mkdir(parents=True)
        (run / "receipt.json").write_text(json.dumps(document))

    def read() -> None:
        receipts = [json.loads(path.read_bytes()) for path in stage.glob("*/*/*/receipt.json")]
        receipts.sort(key=lambda receipt: str(receipt["finished_at"]), reverse=True)
        assert len(receipts[:25]) == 25

    return read


def _print(what: str, ask: Callable[[], None]) -> None:
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - started)
    milliseconds = [1000 * one for one in sorted(seconds)]
    print(
        f"{what:<34} {statistics.median(milliseconds):6.0f} ms "
        f"({milliseconds[0]:.0f} to {milliseconds[-1]:.0f})"
    )


if __name__ == "__main__":
    main()
