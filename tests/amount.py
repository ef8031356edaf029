"""How much a test generates: all of it in CI, a third with ``make test`` elsewhere, few for ``make check``.

``make check`` sets ``TEST_AMOUNT=quick``, and CI sets ``CI=true``. Every test runs in all three, with fewer
or more generated rows, examples and byte positions.
"""

from __future__ import annotations

import os

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
