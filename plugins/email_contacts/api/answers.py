"""What the platform answers, as values with verbs.

Knows the documents of api-contract §1 to §3 and what a document must hold to be believed; must not import
anything that sends. Every ``read`` takes a decoded JSON document and raises :class:`NotAsDocumented`, naming
field and rule but never the value, when the document is not what was documented. Unknown fields are no
error: the platform adds some now and then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from email_contacts.api import fields

T = TypeVar("T")


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

    :param total_subscribers: ``0`` on newer platforms, regardless of the real number (api-contract §1.6).
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
