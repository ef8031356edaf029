"""Moments as a log line gives them."""

from __future__ import annotations

from datetime import datetime, timezone


def utc(seconds: float) -> str:
    """Format seconds since the epoch in UTC; a moment beyond the calendar is ``never``."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "never"
