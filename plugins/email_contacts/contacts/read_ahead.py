"""Work done before it is asked for, in a thread of its own.

Knows nothing of what is worked on. It pays where the work leaves Python, as Polars, NumPy and files do.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Make the next item while the one before it is worked on."""
    make = partial(copy_context().run, next, items, None)
    with ThreadPoolExecutor(1, thread_name_prefix="judge") as pool:
        pending = pool.submit(make)
        while (item := pending.result()) is not None:
            pending = pool.submit(make)
            yield item
