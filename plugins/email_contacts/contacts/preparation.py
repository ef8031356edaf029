"""Preparation: from a source to request bodies, in two passes.

Knows the order of things; each step is a room of its own.

1. Source rows -> mapped, normalised contacts -> validated -> spooled; invalid rows go to the rejects, and who
   each contact is to the index of identities.
2. The spool without superseded rows -> batches. Then the manifest.

Memory holds one block of the source, one batch and the index, however long the source is.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from typing import cast

import orjson

from email_contacts.contacts.checks.validation import ContactValidator
from email_contacts.contacts.errors import InvalidOption, TooManyRejects
from email_contacts.contacts.identity import IdentityIndex, identity_of
from email_contacts.contacts.limits import RejectLimit
from email_contacts.contacts.mapping.attributes import AccountAttribute
from email_contacts.contacts.mapping.binding import bind
from email_contacts.contacts.mapping.document import DROP, FAIL, UNKNOWN_COLUMNS, Mapping
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.opening import open_rows
from email_contacts.contacts.sources.rows import Row, RowFault, Rows
from email_contacts.contacts.staging.batching import MAX_BATCH_BYTES, BatchWriter, check_batch_bytes
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.contacts.staging.manifest import Rows as RowCounts
from email_contacts.contacts.staging.rejects import DuplicatesFile, Reject, RejectsFile
from email_contacts.contacts.staging.spool import Spool
from email_contacts.contacts.staging.stage import DUPLICATES, MANIFEST, REJECTS, Stage

PROGRESS_EVERY = 20_000


@dataclass(frozen=True)
class Progress:
    """How far a preparation is.

    :param read: rows read.
    :param rejected: rows rejected.
    :param batches: batches written; 0 until all rows are read.
    :param seconds: since the start.
    """

    read: int
    rejected: int
    batches: int
    seconds: float


def prepare(
    source: AnyPath,
    stage: AnyPath,
    *,
    mapping: Mapping | None = None,
    account_attributes: Iterable[AccountAttribute] | None = None,
    source_format: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    unknown_columns: str | None = None,
    max_rejects: int | str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    max_batch_bytes: int = MAX_BATCH_BYTES,
) -> Manifest:
    """Turn a source into request bodies, with every row accounted for.

    Fills the folder ``stage`` with ``batch-00001.json`` and so on, ``rejects.csv``, ``duplicates.csv`` and,
    last, ``manifest.json``; files of an earlier try are removed first. The same source and the same mapping
    give the same batches to the byte.

    :param source: a CSV or NDJSON file: ``pathlib.Path``, ``UPath`` or Airflow's ``ObjectStoragePath``.
    :param stage: the folder to fill, a path of one of the same kinds; made when it is not there.
    :param mapping: which column becomes what; None: by the columns' names.
    :param account_attributes: what the account has, with types; None when that is not known.
    :param source_format: ``"csv"`` or ``"ndjson"``; None: found out.
    :param delimiter: of a CSV, one character; None: found out from the header.
    :param encoding: None: by the byte order mark, else UTF-8.
    :param unknown_columns: ``"fail"`` or ``"drop"``; None: what the mapping says, else ``"fail"``.
    :param max_rejects: rows (``100``) or share of the rows (``"5%"``) that may be rejected; None: any.
    :param on_progress: called every 20,000 rows and at the end.
    :param max_batch_bytes: bytes that a batch may have.
    :return: the manifest, as it is written.
    :raises PreparationError: see ``errors``; then no manifest is written.
    """
    clock = _Clock(on_progress)
    limit = RejectLimit.parse(max_rejects)
    policy = _policy(unknown_columns, mapping)
    check_batch_bytes(max_batch_bytes)
    attributes = None if account_attributes is None else tuple(account_attributes)
    folder = Stage(stage, source=source)
    rows = open_rows(
        source,
        source_format=source_format,
        delimiter=delimiter,
        encoding=encoding,
        longest_row=max_batch_bytes,
        expected=mapping.columns if mapping is not None else [known.name for known in attributes or ()],
        drop_late_columns=policy == DROP,
    )
    identities = IdentityIndex()
    with closing(rows), Spool(longest=max_batch_bytes - len(b"[]")) as spool:
        binding = bind(
            rows.columns,
            source=source.name,
            mapping=mapping,
            account_attributes=attributes,
            unknown_columns=policy,
        )
        with closing(RejectsFile(folder.create(REJECTS))) as rejects:
            read = _sift(rows, ContactValidator(binding), spool, identities, rejects, limit, clock)
        if limit.is_passed(rejects.count, read=read):
            raise _too_many_rejects(limit, rejects, read=read, folder=folder)
        writer = BatchWriter(folder, limit=max_batch_bytes)
        with closing(DuplicatesFile(folder.create(DUPLICATES))) as duplicates:
            _pack(spool, identities, duplicates, writer)
    batches = writer.finish()
    manifest = Manifest(
        source=str(source),
        rows=RowCounts(
            read=read,
            accepted=sum(batch.contacts for batch in batches),
            rejected=rejects.count,
            duplicates=duplicates.count,
        ),
        batches=batches,
        rejects_uri=folder.uri(REJECTS),
        duplicates_uri=folder.uri(DUPLICATES),
        unknown_columns=(*binding.dropped, *rows.late_columns),
        reject_reasons=dict(rejects.reasons.most_common()),
        seconds=clock.seconds,
        peak_memory_bytes=peak_memory_bytes(),
    )
    manifest.write(folder.path(MANIFEST))
    clock.tell(read, rejects.count, len(batches))
    return manifest


def _sift(
    rows: Rows,
    validator: ContactValidator,
    spool: Spool,
    identities: IdentityIndex,
    rejects: RejectsFile,
    limit: RejectLimit,
    clock: _Clock,
) -> int:
    """First pass: keep the valid contacts, list the other rows; gives the number of rows.

    This loop runs for every row, so what it calls is looked up before it.
    """
    contact_of, is_valid = validator.binding.reader(text_only=rows.text_only), validator.is_valid
    keep, know, dumps = spool.add, identities.add, orjson.dumps
    row = 0
    blocks = cast("Iterator[list[Row | RowFault]]", rows.blocks())
    for row, cells in enumerate(chain.from_iterable(blocks), start=1):
        if isinstance(cells, RowFault):
            rejects.add(Reject(row, "", cells.rule, cells.message))
        elif is_valid(contact := contact_of(cells)):
            know(identity_of(contact), row)
            keep(row, dumps(contact))
        else:
            rejects.add(validator.reject(row, cells, contact))
        if row % PROGRESS_EVERY == 0:
            clock.tell(row, rejects.count)
            if limit.is_passed_for_good(rejects.count):
                break
    return row


def _pack(spool: Spool, identities: IdentityIndex, duplicates: DuplicatesFile, writer: BatchWriter) -> None:
    """Second pass: batch the contacts that no later row supersedes, list the others."""
    add, superseded_by = writer.add, identities.superseded_by
    for row, body in spool.bodies():
        winner = superseded_by(row)
        if winner is None:
            add(body)
        else:
            duplicates.add(row, winner)


def _policy(unknown_columns: str | None, mapping: Mapping | None) -> str:
    policy = unknown_columns or (mapping.unknown_columns if mapping is not None else FAIL)
    if policy not in UNKNOWN_COLUMNS:
        raise InvalidOption(f'unknown_columns="{policy}" is not one of {", ".join(UNKNOWN_COLUMNS)}.')
    return policy


def _too_many_rejects(
    limit: RejectLimit, rejects: RejectsFile, *, read: int, folder: Stage
) -> TooManyRejects:
    uri = folder.uri(REJECTS)
    return TooManyRejects(
        f"{rejects.count:,} of {read:,} rows read were rejected, more than max_rejects={limit} allows; "
        f"nothing is prepared. Reasons: {rejects.top_reasons()}. Each row is listed in {uri}. "
        "Mend the source, or raise max_rejects.",
        read=read,
        rejected=rejects.count,
        reasons=rejects.reasons,
        rejects_uri=uri,
    )


class _Clock:
    """Tells a listener how far it is, and how long it has taken."""

    def __init__(self, listener: Callable[[Progress], None] | None) -> None:
        self._started = monotonic()
        self._listener = listener

    @property
    def seconds(self) -> float:
        return round(monotonic() - self._started, 3)

    def tell(self, read: int, rejected: int, batches: int = 0) -> None:
        if self._listener is not None:
            self._listener(Progress(read, rejected, batches, self.seconds))


def peak_memory_bytes() -> int:
    """Most memory that this process has had: the kernel counts kilobytes, but bytes on macOS."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
