"""Contacts as they will stand after a batch of an import's rows, before anything of it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from sqlite3 import Row
from typing import Any, NamedTuple

import orjson

from email_contacts.sandbox.identity import EMAIL, IDENTIFIERS, Identifier
from email_contacts.sandbox.process_rows import ImportOrder


class Candidate(NamedTuple):
    """A row that has a valid identifier, with the attributes that the account keeps of it."""

    number: int
    given: dict[Identifier, str]
    attributes: dict[str, Any]


class Reject(NamedTuple):
    """A row that the platform leaves out."""

    number: int
    reason: str
    value: str


@dataclass(slots=True)
class Draft:
    """A contact as it will stand after the batch."""

    id: int
    identifiers: dict[Identifier, str]
    attributes: dict[str, Any]
    email_blacklisted: bool
    sms_blacklisted: bool
    imported_by: int | None
    is_new: bool
    is_renamed: bool = False

    @classmethod
    def read(cls, stored: Row) -> Draft:
        """Read a contact from its row of the table."""
        return cls(
            id=stored["id"],
            identifiers={
                each: stored[each.column] for each in IDENTIFIERS if stored[each.column] is not None
            },
            attributes=orjson.loads(stored["attributes"]),
            email_blacklisted=bool(stored["email_blacklisted"]),
            sms_blacklisted=bool(stored["sms_blacklisted"]),
            imported_by=stored["imported_by"],
            is_new=False,
        )

    @property
    def email(self) -> str | None:
        """Its address."""
        return self.identifiers.get(EMAIL)

    def take(self, row: Candidate, order: ImportOrder, *, false_overwrites: bool) -> None:
        """Put a row's values over a contact's; empty ones erase only if the order says so."""
        if not row.given.items() <= self.identifiers.items():
            self.identifiers.update(row.given)
            self.is_renamed = True
        self.email_blacklisted |= order.email_blacklist
        self.sms_blacklisted |= order.sms_blacklist
        for name, value in row.attributes.items():
            if value is None:
                if order.empty_erases:
                    self.attributes.pop(name, None)
            elif value is not False or false_overwrites or self.attributes.get(name) is not True:
                self.attributes[name] = value


@dataclass
class Batch:
    """The effect of one batch of rows, worked out before it is written."""

    new: dict[int, Draft] = field(default_factory=dict)
    changed: dict[int, Draft] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    members: dict[int, None] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)

    def delete(self, draft: Draft) -> None:
        """Delete a contact that was merged into another: its values, lists and history are lost."""
        self.members.pop(draft.id, None)
        if self.new.pop(draft.id, None) is None:
            self.changed.pop(draft.id, None)
            self.deleted.append(draft.id)
