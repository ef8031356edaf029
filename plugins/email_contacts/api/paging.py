"""Walks a collection page by page.

Knows how the platform's pages shift (api-contract §4); must not know what is on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from email_contacts.api.answers import Page
from email_contacts.api.errors import UnexpectedAnswer

T = TypeVar("T")


def walk(
    fetch: Callable[[int, int], Page[T]], *, page_size: int, identity: Callable[[T], int]
) -> Iterator[T]:
    """Yield every item once.

    The pages must be in ascending order, so that what is made during the walk comes at its end. It stops at
    a page that is shorter than asked for, never by ``count``, which ignores filters. Rows that shifted onto
    the next page are dropped by their id; a row that was *deleted* during the walk makes the one after it
    slip past unseen, and no client can notice.

    :param fetch: gives the page for a limit and an offset.
    :param page_size: the limit; take the route's maximum, for each page costs a request.
    :param identity: gives an item's id.
    :raises UnexpectedAnswer: for a full page without anything new: the platform ignores the offset, and the
        walk would never end.
    """
    seen: set[int] = set()
    offset = 0
    while True:
        page = fetch(page_size, offset)
        fresh = 0
        for item in page.items:
            key = identity(item)
            if key not in seen:
                seen.add(key)
                fresh += 1
                yield item
        if len(page.items) < page_size:
            return
        if not fresh:
            raise UnexpectedAnswer(
                f"the page at offset {offset} repeats {len(page.items)} items that came before: the platform "
                "ignores the offset, so paging was stopped (api-contract §4)"
            )
        offset += page_size
