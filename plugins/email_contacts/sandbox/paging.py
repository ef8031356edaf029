"""Which page of a collection is asked for, and which moments filter it (api-contract §4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fastapi import Query

from email_contacts.sandbox import clock
from email_contacts.sandbox.refusals import invalid

LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class PageRequest:
    """Which page of a collection is asked for."""

    limit: int
    offset: int
    sort: str

    @property
    def order(self) -> str:
        """The SQL word for the direction; pages go by creation (api-contract §4)."""
        return "ASC" if self.sort == "asc" else "DESC"


def page(*, default: int, cap: int) -> Callable[..., PageRequest]:
    """Make the dependency that reads ``limit``, ``offset`` and ``sort`` (caps: api-contract §4)."""

    def asked(
        limit: int = Query(default, ge=0, le=cap),
        offset: int = Query(0, ge=0, le=LARGEST_ID),
        sort: Literal["asc", "desc"] = "desc",
    ) -> PageRequest:
        return PageRequest(limit=limit, offset=offset, sort=sort)

    return asked


def moment(name: str, text: str | None) -> int:
    """Read a ``modifiedSince`` or ``createdSince``; without one, the beginning of time.

    :raises Refusal: 400 when it is not a date-time; a ``+`` that was not url-encoded is the usual cause.
    """
    if text is None:
        return 0
    try:
        return clock.read(text)
    except (ValueError, OverflowError) as error:
        raise invalid(f"{name} is not a valid date-time (YYYY-MM-DDTHH:mm:ss.SSSZ)") from error
