"""Walks a collection page by page.

Knows how the platform's pages shift (api-contract §4); must not know what is on them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from email_contacts.api.answers import Page
from email_contacts.api.errors import UnexpectedAnswer

T = TypeVar("T")

#: A page begins before the end of the one before it by this part of its length.
OVERLAP = 100
#: A page that lacks fewer items than this part of its length may not be the last.
VANISHING = 50
#: Without anything new, so often is a walk taken back.
MOST_RETREATS = 64
_BITS = 10


def walk(
    fetch: Callable[[int, int], Page[T]],
    *,
    page_size: int,
    identity: Callable[[T], int],
    pages_in_flight: int = 1,
) -> Iterator[T]:
    """Yield every item once, and miss none that exists throughout.

    The pages must be in ascending order, so that what is made during the walk comes at its end. Rows that
    shifted onto the next page are dropped by their id.

    It stops at a page that is shorter than asked for, never by ``count``, which ignores filters. A row that
    is deleted while its page is put together makes the page shorter, too: one that lacks only a few is
    followed by another, which shows whether it was the last.

    A row that is *deleted* during the walk takes a row from the next page. So pages overlap: where the first
    item of a page is known, nothing lies unseen before it. Where it is not, more was deleted than the pages
    overlap, and the walk goes back until it finds a known item. A page of one item cannot overlap.

    That does not depend on when a page was read, only on the order of the items, which is fixed: so pages may
    be requested ahead, and are looked at in turn. The first pages are requested one by one, so that a short
    collection costs no request that is not needed.

    :param fetch: gives the page for a limit and an offset; with several pages in flight, from any thread.
    :param page_size: the limit; take the route's maximum, for each page costs a request.
    :param identity: gives an item's id.
    :param pages_in_flight: the most pages that are requested and not yet looked at; as many are in memory.
    :raises UnexpectedAnswer: for a full page that repeats the page before it (the platform ignores the
        offset), and where going back does not help (it does not keep the order); the walk would never end.
    """
    overlap = max(1, page_size // OVERLAP) if page_size > 1 else 0
    stride = page_size - overlap
    short = page_size - max(overlap, page_size // VANISHING)
    seen = _Ids()
    before: list[int] = []
    offset = retreats = agreed = size = 0
    back = stride
    with ThreadPoolExecutor(pages_in_flight, thread_name_prefix="page") as pool:
        pages = _Pages(fetch, pool if pages_in_flight > 1 else None, page_size, stride)
        while True:
            page = pages.at(offset, in_flight=min(1 << max(agreed - 1, 0), pages_in_flight), size=size)
            size = page.count
            keys = [identity(item) for item in page.items]
            if offset and overlap and (not keys or keys[0] not in seen):
                retreats += 1
                if retreats > MOST_RETREATS:
                    raise UnexpectedAnswer(
                        f"the page at offset {offset} does not continue the pages before it, and reading "
                        f"{MOST_RETREATS} earlier ones again did not help: the platform does not keep the "
                        "order of creation, so paging was stopped (api-contract §4)"
                    )
                offset, back = max(0, offset - back), back * 2
                before, agreed = [], 0
                continue
            back = stride
            for key, item in zip(keys, page.items, strict=True):
                if seen.add(key):
                    retreats = 0
                    yield item
            if len(keys) < page_size and len(keys) <= short:
                return
            if keys == before:
                raise UnexpectedAnswer(
                    f"the page at offset {offset} repeats {len(keys)} items that came before: the platform "
                    "ignores the offset, so paging was stopped (api-contract §4)"
                )
            before = keys
            agreed += 1
            # Behind a page that is not full there may be nothing: the next one begins with its last item.
            offset += min(stride, max(len(keys) - 1, 1))


class _Pages(Generic[T]):
    """Pages of a collection, some of them requested before they are needed.

    :param pool: where pages are read; None reads each when it is needed.
    """

    def __init__(
        self,
        fetch: Callable[[int, int], Page[T]],
        pool: ThreadPoolExecutor | None,
        page_size: int,
        stride: int,
    ) -> None:
        self._fetch = fetch
        self._pool = pool
        self._page_size = page_size
        self._stride = stride
        self._ahead: deque[tuple[int, Future[Page[T]]]] = deque()

    def at(self, offset: int, *, in_flight: int, size: int) -> Page[T]:
        """Return the page at an offset.

        :param in_flight: how many pages are to be on their way from now on, this one included.
        :param size: of the collection, as far as is known: nothing is requested ahead beyond it.
        """
        if self._pool is None:
            return self._fetch(self._page_size, offset)
        if self._ahead and self._ahead[0][0] != offset:
            for _, unneeded in self._ahead:  # the walk has gone back
                unneeded.cancel()
            self._ahead.clear()
        following = self._ahead[-1][0] + self._stride if self._ahead else offset
        while len(self._ahead) < in_flight and (not self._ahead or following < size):
            self._ahead.append((following, self._pool.submit(self._fetch, self._page_size, following)))
            following += self._stride
        return self._ahead.popleft()[1].result()


class _Ids:
    """A set of ids that takes few bytes for each where they lie close together, as those of a platform do."""

    def __init__(self) -> None:
        self._bits: dict[int, int] = {}

    def __contains__(self, number: int) -> bool:
        return bool(self._bits.get(number >> _BITS, 0) >> (number & ((1 << _BITS) - 1)) & 1)

    def add(self, number: int) -> bool:
        """Add an id.

        :return: whether it is new.
        """
        block, bit = number >> _BITS, 1 << (number & ((1 << _BITS) - 1))
        bits = self._bits.get(block, 0)
        self._bits[block] = bits | bit
        return not bits & bit
