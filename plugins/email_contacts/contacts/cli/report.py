"""What people read after a preparation: counts, reasons, and where things are.

Knows the manifest and the lists next to it. Shows no value that is not masked.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from textwrap import wrap
from typing import Any

from email_contacts.contacts.cli.column_table import column_table
from email_contacts.contacts.cli.column_views import ColumnView
from email_contacts.contacts.masking import mask
from email_contacts.contacts.staging.manifest import Manifest

CONTACTS_SHOWN = 3
REJECTS_SHOWN = 10
_INDENT = "  "
_NARROWEST = 30  # of a column of sentences


def report(
    manifest: Manifest,
    *,
    width: int,
    columns: Sequence[ColumnView] = (),
    contacts: Sequence[str] | None = None,
    manifest_uri: str | None = None,
) -> str:
    """Write the report.

    :param manifest: what the preparation came to; its files are on a local disk.
    :param width: columns of the terminal.
    :param columns: what the source's columns become, where that is to be shown.
    :param contacts: the first contacts, masked, where they are to be shown.
    :param manifest_uri: where the manifest is, where it was kept.
    """
    rows = manifest.rows
    size = sum(batch.bytes for batch in manifest.batches)
    sections = [
        f"{manifest.source}: {_plural(len(manifest.batches), 'batch', 'batches')}, {size:,} bytes, "
        f"{manifest.seconds:g} s, {manifest.peak_memory_bytes / 1e6:,.0f} MB",
        _table(
            [
                ("read", f"{rows.read:,}"),
                ("accepted", f"{rows.accepted:,}"),
                ("rejected", f"{rows.rejected:,}"),
                ("duplicates", f"{rows.duplicates:,}"),
                *((f"held back: {reason}", f"{count:,}") for reason, count in rows.held_back.items()),
            ],
            right=1,
        ),
    ]
    if manifest.notes:
        sections.append("\n".join(_wrapped(note, width) for note in manifest.notes))
    if manifest.unknown_columns:
        sections.append(_wrapped(f"columns dropped: {', '.join(manifest.unknown_columns)}", width))
    if columns:
        sections.append(column_table(columns, width=width))
    if contacts:
        shown = (_wrapped(contact, width, indent=_INDENT) for contact in contacts)
        sections.append("\n".join(["the first contacts, masked", *shown]))
    if manifest.reject_reasons:
        reasons = [(rule, f"{count:,}") for rule, count in manifest.reject_reasons.items()]
        sections.append("rejected by rule\n" + _table(reasons, right=1))
        sections.append(_first_rejects(manifest, width))
    if manifest.conflicts:
        rows_share = _plural(manifest.conflicts, "row shares", "rows share")
        sections.append(f"{rows_share} an identifier with another contact's row")
    places = [
        ("rejects", manifest.rejects_uri),
        ("duplicates", manifest.duplicates_uri),
        ("conflicts", manifest.conflicts_uri),
    ]
    if manifest.held_back_uri:
        places.append(("held back", manifest.held_back_uri))
    if manifest_uri is not None:
        places.append(("manifest", manifest_uri))
    sections.append(_table(places))
    return "\n\n".join(sections)


def first_contacts(manifest: Manifest) -> list[str]:
    """Show the first contacts as they would be sent, each value masked."""
    if not manifest.batches:
        return []
    contacts = json.loads(Path(manifest.batches[0].uri).read_bytes())
    return [json.dumps(_masked(contact), ensure_ascii=False) for contact in contacts[:CONTACTS_SHOWN]]


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(inner) for name, inner in value.items()}
    return [mask(inner) for inner in value] if isinstance(value, list) else mask(value)


def _wrapped(text: str, width: int, *, indent: str = "") -> str:
    further = indent + _INDENT
    return "\n".join(wrap(text, width, initial_indent=indent, subsequent_indent=further)) or indent


def _first_rejects(manifest: Manifest, width: int) -> str:
    with Path(manifest.rejects_uri).open(encoding="utf-8", newline="") as file:
        rejects = list(islice(csv.DictReader(file), REJECTS_SHOWN))
    shown = [("row", "field", "value", "")]
    said: set[str] = set()
    for reject in rejects:
        message = reject["message"]
        shown.append((reject["row"], reject["field"], reject["value"], "" if message in said else message))
        said.add(message)
    more = manifest.rows.rejected - len(rejects)
    return (
        "the first rejected rows\n"
        + _table(shown, width=width)
        + (f"\n{_INDENT}and {more:,} more" if more else "")
    )


def _table(lines: Iterable[Sequence[str]], *, right: int | None = None, width: int | None = None) -> str:
    """Align cells in columns; the column ``right`` is aligned to the right, the last goes on below itself.

    :param width: columns of the terminal; None: lines are as long as they are.
    """
    lines = list(lines)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    before = sum(widths[:-1]) + len(_INDENT) * len(widths)
    room = None if width is None else max(width - before, _NARROWEST)
    written = []
    for line in lines:
        first, *further = [line[-1]] if room is None else wrap(line[-1], room) or [""]
        cells = [
            cell.rjust(width) if place == right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip((*line[:-1], first), widths, strict=True))
        ]
        written.append((_INDENT + _INDENT.join(cells)).rstrip())
        written += [" " * before + more for more in further]
    return "\n".join(written)


def _plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
