"""What the platform answers, as values with verbs.

Knows the documents of api-contract §1 to §3 and what a document must hold to be believed; must not import
anything that sends. Every ``read`` takes a decoded JSON document and raises :class:`NotAsDocumented`, naming
field and rule but never the value, when the document is not what was documented. Unknown fields are no
error: the platform adds some now and then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from email_contacts.api import fields

T = TypeVar("T")

IMPORT_PROCESS = "IMPORTUSER"
RUNNING_STATUSES = frozenset({"queued", "in_process", "processing"})
FAILED_STATUSES = frozenset({"failed", "cancelled"})
COMPLETED_STATUSES = frozenset({"completed"})
DOCUMENTED_STATUSES = RUNNING_STATUSES | FAILED_STATUSES | COMPLETED_STATUSES

_WORD = re.compile(r"[A-Za-z_ -]{1,60}").fullmatch


@dataclass(frozen=True, repr=False)
class Page(Generic[T]):
    """One page of a collection. Its ``repr`` counts the items, which may be contacts, and shows none.

    :param items: in the order of the platform.
    :param count: size of the whole collection. It ignores ``modifiedSince`` (api-contract §4): never
        decide by it that a filtered walk is at its end.
    """

    items: tuple[T, ...]
    count: int

    @classmethod
    def read(cls, document: Any, *, key: str, item: Callable[[Any], T]) -> Page[T]:
        """Read ``{key: [...], "count": n}``; an empty collection may leave the list out (or null)."""
        count = fields.integer(document, "count")
        items = document.get(key)
        if items is None and count == 0:
            items = []
        if not isinstance(items, list):
            raise fields.NotAsDocumented(f"{key!r} is not an array")
        return cls(tuple(item(entry) for entry in items), count)

    def __repr__(self) -> str:
        return f"Page({len(self.items)} items, count={self.count})"


@dataclass(frozen=True)
class Folder:
    """A folder of lists (api-contract §6).

    :param total_subscribers: ``0`` on newer platforms, whatever the truth is (api-contract §1.6).
    """

    id: int
    name: str
    unique_subscribers: int
    total_subscribers: int = 0

    @classmethod
    def read(cls, document: Any) -> Folder:
        """Read one folder."""
        return cls(
            id=fields.identifier(document, "id"),
            name=fields.text_or_none(document, "name") or "",
            unique_subscribers=fields.integer_or(document, "uniqueSubscribers", 0),
            total_subscribers=fields.integer_or(document, "totalSubscribers", 0),
        )


@dataclass(frozen=True)
class ListSummary:
    """A list as a page of lists shows it (api-contract §1.5).

    :param unique_subscribers: all its contacts, blacklisted ones too: the number to verify with.
    :param total_subscribers: ``0`` on newer platforms, like ``total_blacklisted`` (api-contract §1.6).
    :param folder_id: known on ``GET /contacts/lists`` only.
    """

    id: int
    name: str
    unique_subscribers: int
    total_subscribers: int = 0
    total_blacklisted: int = 0
    folder_id: int | None = None

    @classmethod
    def read(cls, document: Any) -> ListSummary:
        """Read one entry of a page of lists."""
        return cls(
            id=fields.identifier(document, "id"),
            name=fields.text_or_none(document, "name") or "",
            unique_subscribers=fields.integer_or(document, "uniqueSubscribers", 0),
            total_subscribers=fields.integer_or(document, "totalSubscribers", 0),
            total_blacklisted=fields.integer_or(document, "totalBlacklisted", 0),
            folder_id=fields.identifier_or_none(document, "folderId"),
        )


@dataclass(frozen=True)
class ContactList:
    """One list with its folder (api-contract §1.6); counters as in :class:`ListSummary`.

    :param folder_id: ``None`` when the platform leaves it out.
    :param created_at: in UTC; ``None`` when the platform leaves it out, or names no time zone.
    :param dynamic: whether the platform fills it by a rule.
    """

    id: int
    name: str
    folder_id: int | None
    unique_subscribers: int
    total_subscribers: int = 0
    total_blacklisted: int = 0
    created_at: datetime | None = None
    dynamic: bool = False

    @classmethod
    def read(cls, document: Any) -> ContactList:
        """Read the answer of ``GET /contacts/lists/{listId}``."""
        return cls(
            id=fields.identifier(document, "id"),
            name=fields.text_or_none(document, "name") or "",
            folder_id=fields.identifier_or_none(document, "folderId"),
            # Required, as imports are verified with it: no default stands in for a missing number.
            unique_subscribers=fields.integer(document, "uniqueSubscribers"),
            total_subscribers=fields.integer_or(document, "totalSubscribers", 0),
            total_blacklisted=fields.integer_or(document, "totalBlacklisted", 0),
            created_at=fields.instant_or_none(document, "createdAt"),
            dynamic=document.get("dynamicList") is True,
        )


@dataclass(frozen=True)
class Attribute:
    """An attribute that contacts of the account may have (api-contract §3).

    :param category: ``normal``, ``category``, ``transactional``, ``calculated`` or ``global``.
    :param type: ``text``, ``float``, ``date``, ``boolean``, ...; ``None`` where the platform gives none.
    :param enumeration: labels that a *category* attribute takes.
    :param values: the ids of these labels in turn; a contact may be given either (api-contract §3).
    :param options: values that a *multiple-choice* attribute takes.
    """

    name: str
    category: str
    type: str | None = None
    enumeration: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @classmethod
    def read(cls, document: Any) -> Attribute:
        """Read one attribute."""
        enumeration = fields.array(document, "enumeration")
        return cls(
            name=fields.text(document, "name"),
            category=fields.text_or_none(document, "category") or "",
            type=fields.text_or_none(document, "type"),
            enumeration=tuple(fields.term(entry, "label") for entry in enumeration),
            options=tuple(map(str, filter(fields.is_scalar, fields.array(document, "multiCategoryOptions")))),
            values=tuple(fields.term(entry, "value") for entry in enumeration),
        )

    @classmethod
    def read_all(cls, document: Any) -> tuple[Attribute, ...]:
        """Read the answer of ``GET /contacts/attributes``."""
        return tuple(cls.read(entry) for entry in fields.array(document, "attributes", required=True))


@dataclass(frozen=True)
class Process:
    """A background job of the platform (api-contract §2.3).

    ``completed`` does not say that every row arrived: look at :attr:`rejects`, and at the list.

    :param name: what kind of job; imports are ``IMPORTUSER``.
    :param info: the platform's report, as it came; ``{}`` when there is none.
    :param export_url: where an export can be fetched. Kept out of ``repr``, as ``info`` is: such URLs
        open personal data to whoever holds them.
    """

    id: int
    name: str
    status: str
    info: Mapping[str, Any] = field(default_factory=dict, repr=False)
    export_url: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, document: Any) -> Process:
        """Read one process."""
        info = fields.field(document, "info", default=None)
        export_url = document.get("export_url")
        return cls(
            id=fields.identifier(document, "id"),
            name=_word(fields.text(document, "name"), "undocumented name"),
            status=_word(fields.text(document, "status"), "undocumented status"),
            info=info if isinstance(info, dict) else {},
            export_url=export_url if isinstance(export_url, str) else None,
        )

    @property
    def is_import(self) -> bool:
        """Whether it is an import of contacts."""
        return self.name == IMPORT_PROCESS

    @property
    def is_documented(self) -> bool:
        """Whether any source documents this status."""
        return self.status in DOCUMENTED_STATUSES

    @property
    def is_completed(self) -> bool:
        """Whether it came to its end; some rows may still have been rejected."""
        return self.status in COMPLETED_STATUSES

    @property
    def has_failed(self) -> bool:
        """Whether it stopped without coming to its end."""
        return self.status in FAILED_STATUSES

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.is_completed or self.has_failed

    @property
    def is_running(self) -> bool:
        """Whether to wait on. A status that nobody documented counts as running (api-contract §2.3)."""
        return not self.is_finished

    @property
    def rejects(self) -> dict[str, int | str]:
        """Why rows of an import were rejected: reason to a count, or to the URL of a CSV report.

        Reasons without rows are left out. A value that is neither count nor URL is told by its type, as
        dropping it would hide rejected rows; a reason that is no word is numbered, as it may be anything.
        """
        report = self.info.get("import")
        if not isinstance(report, dict):
            return {}
        return {
            _word(reason, f"undocumented reason {number}"): value
            if isinstance(value, str) or fields.is_count(value)
            else f"undocumented {type(value).__name__}"
            for number, (reason, value) in enumerate(report.items(), start=1)
            if value
        }


@dataclass(frozen=True)
class CreatedContact:
    """What came of creating a contact (api-contract §1.3).

    :param id: ``None`` after an update, for the platform answers 204 and names no id.
    :param created: ``False`` when a contact that existed was updated.
    """

    id: int | None
    created: bool

    @classmethod
    def read(cls, document: Any, *, update_enabled: bool) -> CreatedContact:
        """Read ``{"id": n}``, or the empty body of a 204: an update, if updates were enabled."""
        if document is None:
            return cls(id=None, created=not update_enabled)
        return cls(id=fields.identifier(document, "id"), created=True)


@dataclass(frozen=True)
class Removal:
    """What came of taking contacts out of a list (api-contract §6).

    Counts only: the platform answers with the addresses themselves.

    :param removed: contacts that were on the list.
    :param failed: those that were not, or do not exist.
    :param process_id: a process that does the rest; Brevo starts one only when a whole list is emptied.
    """

    removed: int
    failed: int
    process_id: int | None = None

    @classmethod
    def read(cls, document: Any) -> Removal:
        """Read ``{"contacts": {"success": [...], "failure": [...], "processId": n}}``."""
        outcome = fields.field(document, "contacts")
        process_id = fields.identifier_or_none(outcome, "processId")
        success = fields.array(outcome, "success", required=process_id is None)
        return cls(len(success), len(fields.array(outcome, "failure")), process_id)


def _word(text: str, otherwise: str) -> str:
    """Take a term of the platform, which goes into logs and receipts; all else is not shown."""
    return text if _WORD(text) else otherwise


def read_id(document: Any) -> int:
    """Read ``{"id": n}``, the answer to a new folder or list."""
    return fields.identifier(document, "id")


def read_process_id(document: Any) -> int:
    """Read ``{"processId": n}``, the answer to a job that was accepted."""
    return fields.identifier(document, "processId")


def read_contact(document: Any) -> dict[str, Any]:
    """Read one contact; it stays a plain ``dict``, with every field that the platform knows."""
    fields.identifier(document, "id")
    return dict(document)
