"""Walks a collection page by page.

Knows how the platform's pages shift (api-contract §4); must not know what is on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from email_contacts.api.answers import Page
from email_contacts.api.errors import UnexpectedAnswer

T = TypeVar("T")

#: A page begins before the end of the one before it by this part of its length.
OVERLAP = 50
#: Without anything new, so often is a walk taken back.
MOST_RETREATS = 64


def walk(
    fetch: Callable[[int, int], Page[T]], *, page_size: int, identity: Callable[[T], int]
) -> Iterator[T]:
    """Yield every item once, and miss none that exists throughout.

    The pages must be in ascending order, so that what is made during the walk comes at its end. It stops at
    a page that is shorter than asked for, never by ``count``, which ignores filters. Rows that shifted onto
    the next page are dropped by their id.

    A row that is *deleted* during the walk takes a row from the next page. So pages overlap: where the first
    item of a page is known, nothing lies unseen before it. Where it is not, more was deleted than the pages
    overlap, and the walk goes back until it finds a known item. A page of one item cannot overlap.

    :param fetch: gives the page for a limit and an offset.
    :param page_size: the limit; take the route's maximum, for each page costs a request.
    :param identity: gives an item's id.
    :raises UnexpectedAnswer: for a full page that repeats the page before it (the platform ignores the
        offset), and where going back does not help (it does not keep the order); the walk would never end.
    """
    overlap = max(1, page_size // OVERLAP) if page_size > 1 else 0
    stride = page_size - overlap
    seen: set[int] = set()
    before: list[int] = []
    offset = retreats = 0
    back = stride
    while True:
        page = fetch(page_size, offset)
        keys = [identity(item) for item in page.items]
        if offset and overlap and (not keys or keys[0] not in seen):
            retreats += 1
            if retreats > MOST_RETREATS:
                raise UnexpectedAnswer(
                    f"the page at offset {offset} does not continue the pages before it, and reading "
                    f"{MOST_RETREATS} earlier ones again did not help: the platform does not keep the order "
                    "of creation, so paging was stopped (api-contract §4)"
                )
            offset, back = max(0, offset - back), back * 2
            before = []
            continue
        back = stride
        for key, item in zip(keys, page.items, strict=True):
            if key not in seen:
                seen.add(key)
                retreats = 0
                yield item
        if len(keys) < page_size:
            return
        if keys == before:
            raise UnexpectedAnswer(
                f"the page at offset {offset} repeats {len(keys)} items that came before: the platform "
                "ignores the offset, so paging was stopped (api-contract §4)"
            )
        before = keys
        offset += stride
