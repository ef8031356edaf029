"""Numbers of rows as bars: where the rows went, and why some were not imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from email_contacts.web.pages.import_view import ImportView

MAX_BARS = 12


class Part(NamedTuple):
    """A piece of a bar that is 100 wide.

    :param name: a part of the account of rows.
    """

    name: str
    rows: int
    start: float
    width: float


class Bar(NamedTuple):
    """A reason, with how many rows it kept from being imported.

    :param kind: where these rows went.
    :param width: of 100, which the longest bar has.
    """

    kind: str
    reason: str
    rows: int
    width: float


def where_rows_went(one: ImportView) -> list[Part]:
    """The parts of one bar, which stands for all rows of the source."""
    total = sum(part.rows for part in one.parts)
    parts, start = [], 0.0
    for name, rows in one.parts:
        width = 100 * rows / total if total else 0.0
        parts.append(Part(name, rows, round(start, 3), round(width, 3)))
        start += width
    return parts


def reasons(one: ImportView) -> list[Bar]:
    """Why rows were not imported, the most frequent reason first."""
    receipt = one.receipt
    counted = [
        *(("rejected", reason, rows) for reason, rows in receipt.reject_reasons.items()),
        *(("rejected by the platform", reason, rows) for reason, rows in receipt.platform.items()),
        *(("held back", reason, rows) for reason, rows in receipt.rows.held_back.items()),
        ("duplicates", "several rows about one contact", receipt.rows.duplicates),
    ]
    kept = sorted((one for one in counted if one[2]), key=lambda each: -each[2])[:MAX_BARS]
    return [Bar(kind, reason, rows, round(100 * rows / kept[0][2], 3)) for kind, reason, rows in kept]
