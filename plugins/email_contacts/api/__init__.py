"""The v3 Contacts API: endpoints as data, a client, answers as values, one tree of errors.

Knows the platform and nothing else: it imports neither Airflow nor any other room of this package. The
client is loaded when it is first named, so that its errors and values do not cost ``requests``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from email_contacts.api.answers import (
    Attribute,
    ContactList,
    CreatedContact,
    Folder,
    ListSummary,
    Page,
    Removal,
)
from email_contacts.api.clock import Clock
from email_contacts.api.counting import RequestCount
from email_contacts.api.endpoints import Bucket, Endpoint, PageLimits, Repeat
from email_contacts.api.errors import (
    BadRequest,
    ContactsApiError,
    DuplicateContact,
    Forbidden,
    InvalidRequest,
    NotFound,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    RouteMissing,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from email_contacts.api.import_request import MAX_BODY_BYTES, ImportRequest, NewList
from email_contacts.api.processes import Process

if TYPE_CHECKING:
    from email_contacts.api.client import ContactsClient

__all__ = [
    "MAX_BODY_BYTES",
    "Attribute",
    "BadRequest",
    "Bucket",
    "Clock",
    "ContactList",
    "ContactsApiError",
    "ContactsClient",
    "CreatedContact",
    "DuplicateContact",
    "Endpoint",
    "Folder",
    "Forbidden",
    "ImportRequest",
    "InvalidRequest",
    "ListSummary",
    "NewList",
    "NotFound",
    "NotSent",
    "OutcomeUnknown",
    "Page",
    "PageLimits",
    "Process",
    "RateLimited",
    "Removal",
    "Repeat",
    "RequestCount",
    "RouteMissing",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
]


def __getattr__(name: str) -> Any:
    if name == "ContactsClient":
        from email_contacts.api.client import ContactsClient

        return ContactsClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
