"""From when on the next export has to read, and which export is being written.

One entry for each series of exports in the state store of an asset, which outlives runs. That entry is what
counts: an export is done when it names the export's start as the watermark, in one write. Until then the
export is *pending*, and the next one removes its files.

Another entry for each destination says whose contacts it has: several series of one account may share it.
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
        return f"watermark/{_digest(json.dumps(asdict(self)))}"

    @property
    def destination_key(self) -> str:
        """The key of the entry of its destination."""
        return f"destination/{_digest(self.path)}"


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


@dataclass(frozen=True)
class Owner:
    """Whose contacts a destination has.

    :param conn_id: the connection.
    :param base_url: the platform's address.
    :param account: what tells the account from others; empty where that is not known.
    """

    conn_id: str
    base_url: str
    account: str

    def is_another(self, other: Owner) -> bool:
        """Whether these are two accounts; with the same connection and address the key was rotated."""
        is_same_place = (self.conn_id, self.base_url) == (other.conn_id, other.base_url)
        return bool(self.account and other.account) and self.account != other.account and not is_same_place


class Watermark:
    """The entry of one series, and that of its destination.

    :param store: the state store of the asset.
    """

    def __init__(self, store: EntryStore, series: Series) -> None:
        self._store = store
        self._series = series

    def read(self) -> Progress:
        """Read it; an entry of another shape counts as none, so that everything is exported."""
        entry = self._store.get(self._series.key)
        try:
            if entry is None:
                return Progress()
            if entry["version"] != _VERSION:
                raise ValueError  # a later release wrote it
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

    def owner(self) -> Owner | None:
        """Read whose contacts the destination has; None where that is not known."""
        entry = self._store.get(self._series.destination_key)
        try:
            return Owner(str(entry["conn_id"]), str(entry["base_url"]), str(entry["account"]))
        except (LookupError, TypeError):
            return None

    def own(self, owner: Owner) -> None:
        """Note whose contacts the destination has."""
        self._store.set(self._series.destination_key, {"version": _VERSION, **asdict(owner)})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def shown(moment: datetime) -> str:
    """Write an instant: UTC, with a ``Z``."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _task(parts: Sequence[Any]) -> tuple[str, str, str, int]:
    dag_id, run_id, task_id, map_index = parts
    return (dag_id, run_id, task_id, map_index)
