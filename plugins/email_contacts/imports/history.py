"""The history of imports: one entry per receipt, in the state store of an asset.

Airflow keeps an asset's state store when runs are deleted, and records with each entry which task of which
run wrote it. An entry's key sorts by the time the import ended, so a page of the newest is a range of keys.
Knows the shape of keys and entries; imports neither Airflow nor HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any, NamedTuple, Protocol

ASSET_NAME = "email_contacts_receipts"
ASSET_URI = "x-email-contacts://receipts"
# In the task's own state store: the keys of the entries that it wrote.
WRITTEN_KEYS = "email_contacts.history_keys"
_PREFIX = "receipt/"
_KEY = re.compile(
    rf"{_PREFIX}(?P<at>\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}})Z/(?P<id>[0-9a-f]{{16}})", re.ASCII
)


class EntryStore(Protocol):
    """The state store of an asset, or of a task."""

    def get(self, key: str) -> Any:
        """Return a value, or None."""

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""

    def delete(self, key: str) -> None:
        """Remove a value; a missing one is not an error."""


class EntryKey(NamedTuple):
    """The key of an entry.

    :param ended_at: when the import ended: UTC, to the millisecond, ``2026-11-22T10:00:00.000``.
    :param receipt_id: 16 hexadecimal digits.
    """

    ended_at: str
    receipt_id: str

    @classmethod
    def of(cls, receipt: Mapping[str, Any]) -> EntryKey:
        """The key of a receipt's document."""
        at = datetime.fromisoformat(receipt["finished_at"]).astimezone(timezone.utc)
        return cls(at.replace(tzinfo=None).isoformat(timespec="milliseconds"), receipt["receipt_id"])

    @classmethod
    def parse(cls, text: str) -> EntryKey | None:
        """Read a key; None for anything that is not one."""
        match = _KEY.fullmatch(text)
        with suppress(ValueError):  # 30 February
            if match and datetime.fromisoformat(match["at"]):
                return cls(match["at"], match["id"])
        return None

    @classmethod
    def parse_address(cls, text: str) -> EntryKey | None:
        """Read the address of an import's page, or its end; None for anything else."""
        ended_at, _, receipt_id = text.strip().rstrip("/").rpartition("/")
        return cls.parse(str(cls(ended_at.rpartition("/")[2], receipt_id)))

    @property
    def address(self) -> str:
        """How the address of the import's page ends."""
        return f"{self.ended_at}/{self.receipt_id}"

    def __str__(self) -> str:
        return f"{_PREFIX}{self.ended_at}Z/{self.receipt_id}"


def keys_between(first_day: str = "", last_day: str = "") -> tuple[str, str]:
    """The lowest key of a range of days, and the one that follows its highest.

    :param first_day: ``YYYY-MM-DD``, UTC; empty: from the beginning.
    :param last_day: the last day that belongs to it; empty: without an end.
    """
    # "U" follows the "T" of every moment of that day; "0" follows the "/" of every key.
    return f"{_PREFIX}{first_day}", f"{_PREFIX}{last_day}U" if last_day else f"{_PREFIX[:-1]}0"


def keep(receipt: Mapping[str, Any], *, conn_id: str, history: EntryStore, task: EntryStore) -> None:
    """Enter a receipt in the history, in place of the one that an earlier try of the task wrote.

    What the task is about to write is noted in its own store first, so that a try that is killed between the
    two leaves no second entry.

    :param receipt: the document that the task returns.
    :param conn_id: the connection whose staging folder holds the lists of rejects.
    :param history: the state store of the asset.
    :param task: the state store of the task.
    """
    key = EntryKey.of(receipt)
    written: Sequence[str] = task.get(WRITTEN_KEYS) or ()
    task.set(WRITTEN_KEYS, [*written, str(key)])
    history.set(str(key), {"conn_id": conn_id, "receipt": dict(receipt)})
    others = {parsed for one in written if (parsed := EntryKey.parse(one)) and parsed != key}
    replaced = sorted(other for other in others if other.receipt_id == key.receipt_id)
    for other in replaced:
        history.delete(str(other))
    task.set(WRITTEN_KEYS, sorted({*map(str, others - {*replaced}), str(key)}))
