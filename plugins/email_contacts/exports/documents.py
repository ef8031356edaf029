"""Contacts, and parts of them, as JSON.

Knows bytes only; every number is written as the platform gave it, however many digits it has.
"""

from __future__ import annotations

import json
from typing import Any

import orjson


def to_json(document: Any) -> bytes:
    """Write a document in one line, without its end."""
    try:
        return orjson.dumps(document)
    except TypeError:  # whole numbers of more than 64 bits
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
