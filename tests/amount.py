"""How much a test generates: everything, or a share of it for ``make check``.

``make check`` sets ``TEST_AMOUNT=quick``. Every test still runs then, with fewer generated rows, examples and
byte positions. Without it, as in ``make test``, the full amounts are generated.
"""

from __future__ import annotations

import os

IS_QUICK = os.environ.get("TEST_AMOUNT") == "quick"


def amount(full: int, *, quick: int) -> int:
    """Give how many rows, examples or positions a test generates.

    :param full: how many in ``make test``.
    :param quick: how many in ``make check``.
    """
    return quick if IS_QUICK else full
