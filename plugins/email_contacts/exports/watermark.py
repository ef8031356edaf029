"""From when on the next export has to read, and which export is being written.

One entry for each series of exports in the state store of an asset, which outlives runs. That entry is what
counts: an export is done when it names the export's start as the watermark, in one write. Until then the
export is *pending*, and the next one removes its files.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

from email_contacts.api import timestamps

ASSET_NAME = "email_contacts_exports"
ASSET_URI = "x-email-contacts://exports"
_VERSION = 1

log = logging.getLogger(__name__)


class EntryStore(Protocol):
    """The state store of an asset."""

    def get(self, key: str) -> Any:
        """Return a value, or None."""

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""


@dataclass(frozen=True)
class Series:
    """Exports that continue each other. With another value of any field a series of its own begins.

    :param conn_id: the connection.
    :param base_url: the platform's address.
    :param list_id: the list; None for all contacts.
    :param file_format: of the files.
    :param path: the folder that they go to.
    """

    conn_id: str
    base_url: str
    list_id: int | None
    file_format: str
    path: str

    @property
    def key(self) -> str:
        """The key of its entry."""
        return f"watermark/{hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Pending:
    """An export that has begun and is not done.

    :param export_id: its name.
    :param task: DAG, run, task and map index of who writes it.
    """

    export_id: str
    task: tuple[str, str, str, int]


@dataclass(frozen=True)
class Progress:
    """How far a series has come.

    :param watermark: when the sweep of its last export began, in UTC; None before the first one.
    :param manifest_uri: of that export.
    :param pending: the export that is being written, or was when its task died.
    :param account: what tells the account of that export from others; empty where it is not known, as of
        exports by earlier versions.
    """

    watermark: datetime | None = None
    manifest_uri: str | None = None
    pending: Pending | None = None
    account: str = ""

    @property
    def export_id(self) -> str:
        """The name of the last export; empty before the first one."""
        return (self.manifest_uri or "").rpartition("/")[2].removesuffix(".json")


class Watermark:
    """The entry of one series.

    :param store: the state store of the asset.
    """

    def __init__(self, store: EntryStore, series: Series) -> None:
        self._store = store
        self._series = series

    def read(self) -> Progress:
        """Read it; an entry of another shape counts as none, so that everything is exported."""
        entry = self._store.get(self._series.key)
        try:
            if entry is None or entry["version"] != _VERSION:
                return Progress()
            watermark, pending = entry["watermark"], entry["pending"]
            return Progress(
                watermark=watermark and timestamps.parse(watermark),
                manifest_uri=entry["manifest_uri"],
                pending=pending and Pending(pending["export_id"], _task(pending["task"])),
                account=str(entry.get("account", "")),
            )
        except (LookupError, TypeError, ValueError, AttributeError):
            log.warning("the watermark %s cannot be read, and everything is exported", self._series.key)
            return Progress()

    def write(self, progress: Progress) -> None:
        """Replace it."""
        pending = progress.pending
        self._store.set(
            self._series.key,
            {
                "version": _VERSION,
                "series": asdict(self._series),
                "watermark": progress.watermark and shown(progress.watermark),
                "manifest_uri": progress.manifest_uri,
                "pending": pending and {"export_id": pending.export_id, "task": list(pending.task)},
                "account": progress.account,
            },
        )


def shown(moment: datetime) -> str:
    """Write an instant: UTC, with a ``Z``."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _task(parts: Sequence[Any]) -> tuple[str, str, str, int]:
    dag_id, run_id, task_id, map_index = parts
    return (dag_id, run_id, task_id, map_index)
