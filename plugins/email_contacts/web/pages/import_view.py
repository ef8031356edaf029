"""An import as the pages show it, made of an entry of the history.

An entry is written by a task, so everything in it is checked before it is relied on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from email_contacts.imports.history import EntryKey
from email_contacts.imports.verification.receipt import Receipt
from email_contacts.imports.verification.verdict import COMPLETED, GOOD_STATES, STATES

if TYPE_CHECKING:
    from email_contacts.web.airflow_history import StoredReceipt

PARTS = ("accepted", "rejected", "duplicates", "held_back", "unchanged")
_COUNTED = ("platform", "requests", "reject_reasons")
_MOMENTS = ("started_at", "intended_at", "submitted_at")
_TEXTS = (
    "receipt_id", "source", "state", "reason", "remark", "rejects_uri", "platform_rejects_uri",
    "source_version", "retry_of",
)  # fmt: skip


class ListView(NamedTuple):
    """A list that was imported into."""

    id: int
    name: str
    before: int | None
    after: int | None


class Counted(NamedTuple):
    """A number of rows, and what they have in common."""

    label: str
    rows: int


@dataclass(frozen=True)
class ImportView:
    """One import of the history.

    :param stored: the entry.
    :param receipt: its receipt; every field is of the type that it should be.
    :param conn_id: the connection of the task that wrote it.
    """

    stored: StoredReceipt
    receipt: Receipt
    conn_id: str

    @classmethod
    def of(cls, stored: StoredReceipt) -> ImportView | None:
        """Make it of an entry; None for one that holds no receipt."""
        try:
            receipt = Receipt.from_json(stored.document["receipt"])
            conn_id = stored.document["conn_id"]
            if isinstance(conn_id, str) and _is_sound(receipt):
                return cls(stored, receipt, conn_id)
        except (KeyError, TypeError, ValueError, AttributeError):
            pass
        return None

    @property
    def address(self) -> str:
        """The path of its own page, below that of the list."""
        return f"{self.stored.key.ended_at}/{self.stored.key.receipt_id}"

    @property
    def state(self) -> str:
        """One of ``STATES``."""
        return self.receipt.state

    @property
    def is_good(self) -> bool:
        """Whether the import completed."""
        return self.state in GOOD_STATES

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The platform's processes, as far as the receipt holds them."""
        return self.receipt.process_ids

    @property
    def ended_at(self) -> datetime:
        """When the receipt was written."""
        return datetime.fromisoformat(f"{self.stored.key.ended_at}+00:00")

    @property
    def seconds(self) -> float | None:
        """How long the run took; None where its start is not known."""
        began = moment(self.receipt.started_at)
        return None if began is None else max((self.ended_at - began).total_seconds(), 0.0)

    @property
    def source_name(self) -> str:
        """The last part of the source's address; the address itself where it has no such part."""
        source = self.receipt.source
        return source.rstrip("/").rpartition("/")[2] or source

    @property
    def lists(self) -> tuple[ListView, ...]:
        """The lists that were imported into."""
        sizes, names = self.receipt.lists, self.receipt.list_names
        return tuple(
            ListView(one, names.get(str(one), ""), *(_sizes(sizes.get(str(one)))))
            for one in self.receipt.list_ids
        )

    @property
    def list_uris(self) -> dict[str, str]:
        """The lists of rows that were not imported, by what is in them; those that hold none are left out."""
        receipt = self.receipt
        uris = {"rejects": receipt.rejects_uri if receipt.rows.rejected else ""}
        uris["platform_rejects"] = receipt.platform_rejects_uri
        return {kind: uri for kind, uri in uris.items() if uri}

    @property
    def retry_of(self) -> EntryKey | None:
        """The import whose rejected rows these are; None where it is no retry."""
        return EntryKey.parse_address(self.receipt.retry_of)

    @property
    def can_be_retried(self) -> bool:
        """Whether it has rejected rows, and says which lists they were for."""
        return bool(self.list_uris and self.receipt.list_ids) and self.is_good

    def is_mended_by(self, retry: ImportView) -> bool:
        """Whether a retry has imported as many rows as were rejected, and rejected none."""
        is_whole = retry.state == COMPLETED and not retry.rejected
        return self.is_good and is_whole and retry.receipt.rows.accepted >= self.rejected > 0

    @property
    def searched(self) -> tuple[str, ...]:
        """The texts that a search looks into."""
        names = (one.name for one in self.lists)
        return (
            self.receipt.source,
            self.stored.dag_id,
            self.stored.run_id,
            self.receipt.receipt_id,
            *names,
        )

    @property
    def held_back(self) -> int:
        """Rows that are held back, for any reason."""
        return sum(self.receipt.rows.held_back.values())

    @property
    def rejected(self) -> int:
        """Rows that are rejected, here or by the platform."""
        return self.receipt.rows.rejected + sum(self.receipt.platform.values())

    @property
    def parts(self) -> tuple[Counted, ...]:
        """Where the rows went; together they are all rows of the source."""
        rows = self.receipt.rows
        return tuple(
            Counted(part, self.held_back if part == "held_back" else getattr(rows, part)) for part in PARTS
        )


def moment(text: Any) -> datetime | None:
    """Read a moment of a receipt; None for what is not one."""
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=timezone.utc) if at.tzinfo is None else at.astimezone(timezone.utc)
    except (TypeError, ValueError, OverflowError):  # no zone's time may be before the year 1
        return None


def _is_sound(receipt: Receipt) -> bool:
    rows = receipt.rows
    counted = (getattr(rows, part) for part in ("read", *PARTS) if part != "held_back")
    counts = [*counted, *rows.held_back.values()]
    mappings = [getattr(receipt, name) for name in _COUNTED]
    left_out = (receipt.process_ids_left_out, receipt.lists_left_out)
    ids = (*receipt.list_ids, *receipt.process_ids, *receipt.lists_gone)
    return (
        receipt.state in STATES
        and all(isinstance(getattr(receipt, name), str) for name in _TEXTS)
        and all(is_count(one) for one in (*counts, *left_out, *ids))
        and all(is_count(one) for mapping in mappings for one in mapping.values())
        and all(isinstance(getattr(receipt, name), (str, type(None))) for name in _MOMENTS)
        and all(
            isinstance(one, str)
            for one in (*receipt.list_names.values(), *receipt.recovered, *receipt.told_by)
        )
        and isinstance(receipt.verification, Mapping)
        and isinstance(receipt.lists, Mapping)
        and isinstance(receipt.read_as, Mapping)
    )


def is_count(value: Any) -> TypeGuard[int]:
    """Whether a value is a number of things."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _sizes(sizes: Any) -> tuple[int | None, int | None]:
    said = sizes if isinstance(sizes, Mapping) else {}
    before, after = (said.get(name) if is_count(said.get(name)) else None for name in ("before", "after"))
    return before, after
