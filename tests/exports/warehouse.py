"""Exports as a reader of the files sees them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from airflow.sdk import ObjectStoragePath

from email_contacts.api import ContactsClient
from email_contacts.exports.export import Export
from email_contacts.exports.watermark import Series, Watermark
from email_contacts.sandbox import SandboxServer
from tests.task_context import StateStore

Task = tuple[str, str, str, int]
DAY_MS = 86_400_000


@dataclass
class Warehouse:
    """A folder of exports, with what makes the next one.

    :param running: the tasks that Airflow says are running.
    :param account: what tells the account from others.
    """

    client: ContactsClient
    path: Path
    store: StateStore = field(default_factory=StateStore)
    running: set[Task] = field(default_factory=set)
    account: str = "one"

    def export(
        self,
        *,
        run: str = "run-1",
        full: bool = False,
        list_id: int | None = None,
        file_format: str = "ndjson",
        path: Path | None = None,
    ) -> dict[str, Any]:
        """Export as the task of a run."""
        return self.prepared(run=run, full=full, list_id=list_id, file_format=file_format, path=path).run()

    def prepared(
        self,
        *,
        run: str = "run-1",
        full: bool = False,
        list_id: int | None = None,
        file_format: str = "ndjson",
        path: Path | None = None,
    ) -> Export:
        """An export that has not begun."""
        path = path or self.path
        series = Series("conn", self.client.base_url, list_id, file_format, path.as_uri())
        return Export(
            client=self.client,
            watermark=Watermark(self.store, series),
            series=series,
            path=cast("Any", ObjectStoragePath(path.as_uri())),
            task=("a_dag", run, "export", -1),
            is_running=self.running.__contains__,
            full=full,
            lookback=timedelta(0),
            account=self.account,
        )

    @property
    def manifests(self) -> list[dict[str, Any]]:
        """The manifests, in their order."""
        return [json.loads(path.read_text()) for path in sorted((self.path / "_manifests").glob("*.json"))]

    def files(self) -> set[str]:
        """All files that a reader of the tables sees."""
        return {
            f"file://{path}"  # nothing quoted, as ObjectStoragePath has it
            for path in self.path.rglob("*")
            if path.is_file() and not any(part.startswith("_") for part in path.relative_to(self.path).parts)
        }

    def contacts(self) -> dict[int, dict[str, Any]]:
        """The newest of each contact, over all exports that have a manifest."""
        found: dict[int, dict[str, Any]] = {}
        for manifest in self.manifests:
            rows = read(manifest["files"]["contacts"]["uri"])
            assert len({row["id"] for row in rows}) == len(rows) == manifest["contacts"]
            assert len(read(manifest["files"]["opt_outs"]["uri"])) == manifest["opt_outs"]
            found |= {row["id"]: row for row in rows}
        return found


def read(uri: str) -> list[dict[str, Any]]:
    """The rows of an NDJSON file."""
    path = Path(uri.removeprefix("file://"))
    assert path.stat().st_size == len(path.read_bytes())
    return [json.loads(line) for line in path.read_text().splitlines()]


def let_a_day_pass(sandbox: SandboxServer) -> None:
    """Make all that happened on the platform a day older."""
    with sandbox.account.database.writing() as connection:
        connection.execute("UPDATE contacts SET modified_ms = modified_ms - ?", (DAY_MS,))


def change(sandbox: SandboxServer, *ids: int) -> None:
    """Change contacts now: each gets a point more."""
    with sandbox.account.database.writing() as connection:
        for one in ids:
            connection.execute(
                "UPDATE contacts SET attributes = json_set(attributes, '$.POINTS', "
                "json_extract(attributes, '$.POINTS') + 1), modified_ms = ? WHERE id = ?",
                (time.time_ns() // 1_000_000, one),
            )
