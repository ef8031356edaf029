"""What a preparation found, as lines for its task's log.

Knows a manifest; no operator.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email_contacts.contacts.snapshot.changes import Changes
    from email_contacts.contacts.staging.manifest import Manifest

INFO, WARNING = logging.INFO, logging.WARNING


def lines_of(manifest: Manifest) -> Iterator[tuple[int, str]]:
    """Describe what was prepared: the counts first, then what is unusual, each with its log level."""
    rows = manifest.rows
    yield (
        INFO,
        f"prepared {manifest.source}: {rows.read} rows read = {rows.accepted} accepted + "
        f"{rows.rejected} rejected + {rows.duplicates} duplicates + {sum(rows.held_back.values())} held back "
        f"+ {rows.unchanged} unchanged; {len(manifest.batches)} batches, {manifest.seconds:.1f} s",
    )
    if manifest.changes is not None:
        yield from _lines_of_changes(manifest.changes)
    for note in manifest.notes:
        yield INFO, note
    if rows.rejected:
        yield WARNING, f"rejected: {counted(manifest.reject_reasons)}; see {manifest.rejects_uri}"
    if rows.held_back:
        yield WARNING, f"held back: {counted(rows.held_back)}; see {manifest.held_back_uri}"
    if manifest.overriding:
        yield WARNING, manifest.overriding
    if manifest.conflicts:
        yield (
            WARNING,
            f"{manifest.conflicts} rows share an identifier with another contact's row, and the platform may "
            f"merge such contacts; see {manifest.conflicts_uri}",
        )
    if manifest.unknown_columns:
        yield (
            WARNING,
            f"dropped, because the account has no such attributes: {list(manifest.unknown_columns)}",
        )


def _lines_of_changes(changes: Changes) -> Iterator[tuple[int, str]]:
    yield (
        INFO,
        f"snapshot {changes.name}: {changes.new} new, {changes.changed} changed, {changes.gone} gone",
    )
    if changes.to_settle:
        yield INFO, f"gone contacts: {changes.when_gone}, once the import is verified"
        if changes.unidentified:
            yield (
                WARNING,
                f"{changes.unidentified} rejected rows have no identifier that can be read, and are "
                "tolerated (max_unidentified): each may belong to one of the gone contacts",
            )
    elif changes.gone_withheld:
        yield WARNING, f"gone contacts: {changes.when_gone}, but not this time: {changes.gone_withheld}"
    if changes.why_full:
        yield WARNING, f"full sync, every row is sent: {changes.why_full}"
    if changes.rejected_before:
        yield (
            WARNING,
            f"{changes.rejected_before} unchanged rows were rejected by the platform before; they are sent "
            "again when they change, or with retry_rejects",
        )


def counted(reasons: Mapping[str, int]) -> str:
    """Put counts by reason in a line: ``3 email, 1 date``."""
    return ", ".join(f"{count} {rule}" for rule, count in reasons.items())
