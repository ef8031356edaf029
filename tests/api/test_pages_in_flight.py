"""Several pages in flight: everything once, in whatever order they are read (api-contract §4)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import Page, UnexpectedAnswer
from email_contacts.api.paging import _Ids, walk


class AnyOrder:
    """A pool of threads whose work is done in an order that a test chooses, and in one thread.

    :param order: which of the waiting pieces of work comes next, again and again.
    """

    def __init__(self, order: list[int]) -> None:
        self._order = iter(order)
        self._waiting: list[tuple[Future[Any], Callable[[], Any]]] = []
        self.most_in_flight = 0

    def __call__(self, threads: int, **_: Any) -> AnyOrder:
        return self

    def __enter__(self) -> AnyOrder:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        order = self

        class Done(Future[Any]):
            def result(self, timeout: float | None = None) -> Any:
                while not self.done():
                    order.do_next()
                return super().result()

        future = Done()
        self._waiting.append((future, lambda: work(*arguments)))
        self.most_in_flight = max(self.most_in_flight, len(self._waiting))
        return future

    def do_next(self) -> None:
        future, work = self._waiting.pop(next(self._order, 0) % len(self._waiting))
        if future.set_running_or_notify_cancel():
            future.set_result(work())


@given(
    size=st.integers(0, 400),
    page_size=st.integers(2, 16),
    overlap=st.sampled_from([4, 8]),
    order=st.lists(st.integers(0, 7), max_size=80),
    changes=st.lists(
        st.lists(
            st.tuples(st.sampled_from(["delete", "append", "enter", "vanish"]), st.integers(0, 399)),
            max_size=12,
        ),
        max_size=60,
    ),
)
def test_pages_in_flight_miss_nothing_in_whatever_order_they_are_read(
    size: int, page_size: int, overlap: int, order: list[int], changes: list[list[tuple[str, int]]]
) -> None:
    rows = list(range(0, 10 * size, 10))
    throughout = set(rows)
    steps = iter(changes)

    def fetch(limit: int, offset: int) -> Page[int]:
        shown = rows[offset : offset + limit]
        vanished = 0
        for change, place in next(steps, ()):
            if change == "vanish":  # deleted while the page is put together
                if shown and vanished < limit // 4 - 1:
                    vanished += 1
                    gone = shown.pop(place % len(shown))
                    throughout.discard(gone)
                    rows[:] = [row for row in rows if row != gone]
            elif change == "append":
                rows.append(max(rows, default=0) + 10)
            elif change == "enter" and 10 * place + 1 not in rows:
                rows.append(10 * place + 1)
                rows.sort()
            elif change == "delete" and rows:
                throughout.discard(rows.pop(place % len(rows)))
        return Page(tuple(shown), len(rows))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("email_contacts.api.paging.ThreadPoolExecutor", AnyOrder(order))
        patched.setattr("email_contacts.api.paging.OVERLAP", overlap)
        patched.setattr("email_contacts.api.paging.VANISHING", 4)
        try:
            seen = list(walk(fetch, page_size=page_size, identity=int, pages_in_flight=8))
        except UnexpectedAnswer:
            assert any(change == "enter" for step in changes for change, _ in step)
            return
    assert len(seen) == len(set(seen))
    assert throughout <= set(seen)


@pytest.mark.parametrize("vanish", [1, 19])
def test_rows_that_are_deleted_while_their_page_is_put_together_do_not_end_the_walk(vanish: int) -> None:
    asked: list[int] = []

    def fetch(limit: int, offset: int) -> Page[int]:
        asked.append(offset)
        shown = range(offset, min(offset + limit, 5_000))
        return Page(tuple(shown[: -vanish or None] if len(asked) == 2 else shown), 5_000)

    assert list(walk(fetch, page_size=1000, identity=int)) == list(range(5_000))


def test_more_pages_are_in_flight_the_longer_a_walk_is(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = AnyOrder([])
    monkeypatch.setattr("email_contacts.api.paging.ThreadPoolExecutor", pool)
    asked: list[int] = []

    def fetch(limit: int, offset: int) -> Page[int]:
        asked.append(offset)
        return Page(tuple(range(offset, min(offset + limit, size))), size)

    for size, requests in [(9, 1), (15, 2), (25, 3), (1000, 112)]:
        asked.clear()
        assert list(walk(fetch, page_size=10, identity=int, pages_in_flight=8)) == list(range(size))
        assert len(asked) <= requests
    assert pool.most_in_flight == 8


def test_a_page_that_fails_ends_the_walk_with_its_error() -> None:
    def fetch(limit: int, offset: int) -> Page[int]:
        if offset >= 27:
            raise UnexpectedAnswer("the fourth page")
        return Page(tuple(range(offset, offset + limit)), 99)

    walked = walk(fetch, page_size=10, identity=int, pages_in_flight=8)
    with pytest.raises(UnexpectedAnswer, match="the fourth page"):
        list(walked)


@given(st.lists(st.integers(0, 5_000) | st.integers(0, 2**63), max_size=200))
def test_ids_are_told_apart_far_and_near(numbers: list[int]) -> None:
    ids, model = _Ids(), set[int]()
    for number in numbers:
        assert (number in ids) == (number in model)
        assert ids.add(number) == (number not in model)
        model.add(number)
