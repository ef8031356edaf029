"""What a wait says in the log: imports and moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from email_contacts.imports.waiting.process_status import in_few_words


def utc(seconds: float) -> str:
    """Format seconds since the epoch in UTC; a time beyond the calendar is ``never``."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "never"


def in_words(process_ids: Sequence[int | None]) -> str:
    """Name the imports of a wait: ``process 7``; ``processes 7, 8 and one without an id``."""
    known = [str(one) for one in process_ids if one]
    unknown = len(process_ids) - len(known)
    parts = []
    if known:
        parts.append(f"process{'es' if len(known) > 1 else ''} {in_few_words(known)}")
    if unknown:
        parts.append(f"{unknown} import{'s' if unknown > 1 else ''} whose process id is not known")
    return " and ".join(parts)
