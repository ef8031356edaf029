"""One wait at the poller of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Protocol


class Poller(Protocol):
    """What a wait needs of its poller."""

    def want(self, process_ids: set[int], /) -> None:
        """Ask for these from now on."""

    def spare(self, process_ids: set[int], /) -> None:
        """Ask for these no more, unless another wait wants them."""

    def want_page(self) -> None:
        """Ask for the newest processes from now on."""

    def spare_page(self) -> None:
        """Ask for them no more, unless another wait wants them."""

    def leave(self, wait: Wait, /) -> None:
        """Forget a wait."""

    def keep_running(self) -> None:
        """Check that the poller's task runs."""

    def looks(self, process_id: int, /) -> int:
        """Count the looks at a process."""

    def hurry(self, process_ids: set[int], /, *, page: bool) -> None:
        """Look at these once more, out of turn."""

    @property
    def page_looks(self) -> int:
        """Count the looks at the newest processes."""

    @property
    def useless(self) -> object:
        """What makes further looks useless; nothing when they are not."""

    @property
    def route_missing(self) -> object:
        """What says that the platform has no process route; nothing when it has one."""


class Wait:
    """One wait at a poller: what it wants to know, and the bell that rings when there is news."""

    def __init__(self, poller: Poller, every: float | None) -> None:
        self.ids: set[int] = set()
        self.every = every
        self.wants_page = False
        self._poller = poller
        self._bell = asyncio.Event()

    def __enter__(self) -> Wait:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ask_for_page(False)
        self._poller.leave(self)

    def ask_for(self, process_ids: Iterable[int]) -> None:
        """Want to know of these, and of no others any more."""
        wanted = set(process_ids)
        new, old = wanted - self.ids, self.ids - wanted
        self.ids = wanted
        self._poller.spare(old)
        if new:
            self._poller.want(new)

    def ask_for_page(self, wanted: bool) -> None:
        """Want to know of the account's newest processes, or no more."""
        if wanted == self.wants_page:
            return
        self.wants_page = wanted
        if wanted:
            self._poller.want_page()
        else:
            self._poller.spare_page()

    def tell(self) -> None:
        """Ring the bell."""
        self._bell.set()

    async def news(self, seconds: float) -> None:
        """Come back when there is news, or after so many seconds."""
        self._poller.keep_running()
        await set_within(self._bell, seconds)
        self._bell.clear()

    async def last_look(self, seconds: float) -> None:
        """Have what is wanted looked at once more, out of turn.

        :param seconds: to wait for it at most, for the platform may be slow.
        """
        poller, loop = self._poller, asyncio.get_running_loop()
        looks = {one: poller.looks(one) for one in self.ids}
        page_looks = poller.page_looks
        until = loop.time() + seconds
        poller.hurry(self.ids, page=self.wants_page)
        while (left := until - loop.time()) > 0:
            if poller.useless or poller.route_missing:
                return
            page_is_seen = not self.wants_page or poller.page_looks > page_looks
            if page_is_seen and all(poller.looks(one) > before for one, before in looks.items()):
                return
            await self.news(left)


async def set_within(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, or until the seconds are over; leaves nothing behind when it is cancelled."""
    alarm = asyncio.get_running_loop().call_later(max(0.0, seconds), event.set)
    try:
        await event.wait()
    finally:
        alarm.cancel()
