"""How much a test generates: all of it in CI, a third with ``make test`` elsewhere, few for ``make check``.

``make check`` sets ``TEST_AMOUNT=quick``, and CI sets ``CI=true``. Every test runs in all three, with fewer
or more generated rows, examples and byte positions. Of those that take an Airflow for each case, every second
case waits for CI.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Case = TypeVar("Case")
IS_QUICK = os.environ.get("TEST_AMOUNT") == "quick"
IS_CI = os.environ.get("CI") == "true"
_SHARE = 3


def amount(full: int, *, quick: int) -> int:
    """Give how many rows, examples or positions a test generates.

    :param full: how many in CI.
    :param quick: how many in ``make check``.
    """
    if IS_QUICK:
        return quick
    return full if IS_CI else max(full // _SHARE, quick)


def some(cases: Iterable[Case]) -> list[Case]:
    """Give all cases in CI, elsewhere every second: of those that each run an Airflow's tasks."""
    return list(cases)[:: 1 if IS_CI else 2]
