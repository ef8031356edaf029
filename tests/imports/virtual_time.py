"""An event loop in which hours pass in no time: it sleeps by moving its clock."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _NoWaiting(selectors.DefaultSelector):
    """Looks at what is ready, and asks for the clock to be moved instead of waiting."""

    def __init__(self, moved: Callable[[float], None]) -> None:
        super().__init__()
        self._moved = moved

    def select(self, timeout: float | None = None) -> Any:
        if timeout:
            self._moved(timeout)
        return super().select(0 if timeout else timeout)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its ``time()`` moves only when nothing is left to do, and then to the next thing to do."""

    def __init__(self) -> None:
        self._seconds = 1000.0
        super().__init__(_NoWaiting(self._move))

    def time(self) -> float:
        return self._seconds

    def _move(self, seconds: float) -> None:
        self._seconds += seconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end, and complain of anything that is left behind."""
    loop = VirtualLoop()
    complaints: list[Any] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    try:
        result = loop.run_until_complete(main)
        # Whoever was told to end gets to do so.
        loop.run_until_complete(asyncio.sleep(120))
        left = asyncio.all_tasks(loop)
        assert not left, left
        assert not complaints, complaints
        return result
    finally:
        loop.close()


async def at_once(function: Callable[..., T], *arguments: Any) -> T:
    """Stand in for ``asyncio.to_thread`` where the platform is simulated."""
    await asyncio.sleep(0)
    return function(*arguments)
