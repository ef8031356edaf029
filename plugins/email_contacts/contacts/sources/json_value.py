"""One JSON text and the value that it holds.

Knows that Python's own ``json`` writes ``NaN`` and ``Infinity``, which are not JSON (RFC 8259 §6): scripts
leave them where a number is missing.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

_has_constant = re.compile(rb"NaN|Infinity").search


def parse(text: bytes) -> Any:
    """Parse a JSON text, or one that is JSON but for such constants; they become floats.

    :raises orjson.JSONDecodeError: when it is neither.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if _has_constant(text) is None:
            raise
        value = _with_constants(text)
        if value is None:
            raise
        return value


def _with_constants(text: bytes) -> Any:
    """Read what Python's ``json`` writes; None where orjson could not write the value, or it is none."""
    try:
        value = json.loads(text.decode(), parse_float=_finite)
        orjson.dumps(value)  # no half of a surrogate pair, no number of more than 64 bits
    except (ValueError, TypeError, RecursionError):
        return None
    return value


def _finite(digits: str) -> float:
    """Read a decimal; one of more than a float holds, such as 1E400, is no number to orjson either."""
    number = float(digits)
    if math.isinf(number):
        raise ValueError(digits)
    return number
