"""Preparation: from a source to request bodies, with every row accounted for.

Knows the order of things; each step is a room of its own.

1. ``validate_rows``: source rows → mapped, normalised contacts → validated → kept; invalid rows go to the
   rejects.
2. ``build_batches``: duplicates and conflicts over all rows → bodies. Then the manifest.

Memory holds two blocks of the source, one body and what is known of duplicates, however long the source is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pyarrow

from email_contacts.contacts import consent_names
from email_contacts.contacts.batches.forms import form_of, longest_contact
from email_contacts.contacts.batches.parts import Part, PartWriter
from email_contacts.contacts.batches.spool import NamelessFiles, Spool
from email_contacts.contacts.build_batches import BatchBuilder
from email_contacts.contacts.checks.validation import ContactValidator
from email_contacts.contacts.choices import FAIL
from email_contacts.contacts.errors import NoRows, SourceEmpty, TooManyRejects
from email_contacts.contacts.guards.settings import Guards
from email_contacts.contacts.header_names import knowing, shown_column, shown_name
from email_contacts.contacts.limits import RowLimit
from email_contacts.contacts.options import Options
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.progress import Clock, Progress, peak_memory_bytes
from email_contacts.contacts.snapshot.changes import ChangesSince
from email_contacts.contacts.snapshot.folder import SnapshotFolder
from email_contacts.contacts.sources.opening import Source
from email_contacts.contacts.sources.version import joined_versions, version_of
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.contacts.staging.manifest import Rows as RowCounts
from email_contacts.contacts.staging.rejects import RejectsFile
from email_contacts.contacts.staging.stage import (
    CONFLICTS,
    DUPLICATES,
    MANIFEST,
    REJECTS,
    REJECTS_PARQUET,
    Stage,
    lack_of_room_named,
)
from email_contacts.contacts.validate_rows import RowValidation, identifiers_of

_ROWS_BETWEEN_RETURNS = 200_000


def prepare(
    source: Source,
    stage: AnyPath,
    options: Options | None = None,
    *,
    changes_since: ChangesSince | None = None,
    guards: Guards | None = None,
    read_as: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Manifest:
    """Turn a source into request bodies, with every row accounted for.

    Fills the folder ``stage`` with bodies (``batch-00001.json`` and so on, or ``contacts.csv``), with
    ``rejects.csv`` and ``rejects.parquet``, ``duplicates.csv``, ``conflicts.csv`` and, last,
    ``manifest.json``; files of an earlier try are removed first. The same source and the same mapping give
    the same bodies to the byte.

    :param source: a file, folder or glob: ``pathlib.Path``, ``UPath`` or Airflow's ``ObjectStoragePath``; or
        a ``sources.sql_rows.Query``, or ``sources.files.SomeFiles``.
    :param stage: the folder to fill, a path of one of the same kinds; made when it is not there.
    :param options: how it is read, and what is done with its rows; None: the defaults.
    :param changes_since: the snapshot that the contacts are compared with: those that did not change are not
        sent; None: all are.
    :param guards: which rows are held back, such as those of people who opted out; None: none.
    :param read_as: how the source is read, for the manifest: option → value.
    :param on_progress: called after each block of the source and of the bodies.
    :return: the manifest, as it is written.
    :raises PreparationError: see ``errors``; then no manifest is written.
    """
    options = options or Options()
    clock = Clock(on_progress)
    folder = Stage(stage, source=source)
    with (
        knowing(options.known_names),
        lack_of_room_named(stage),
        closing(NamelessFiles()) as spool,
        closing(rejects_of(folder)) as rejects,
    ):
        part = sift(source, options, spool, rejects, clock, read_as, names_rejects=changes_since is not None)
        _return_memory()
        return finish([(part, spool)], folder, options, rejects, clock, changes_since, guards)


def _return_memory() -> None:
    """Return to the system what blocks have used: allocators keep some of it, and more with each block."""
    # The second one's memory is that of the C library, which Python and NumPy use as well.
    for pool in (pyarrow.default_memory_pool(), pyarrow.system_memory_pool()):
        pool.release_unused()


def rejects_of(folder: Stage) -> RejectsFile:
    """Open the lists of rejected rows."""
    return RejectsFile(folder.create(REJECTS), folder.create(REJECTS_PARQUET))


def sift(
    source: Source,
    options: Options,
    spool: Spool,
    rejects: RejectsFile,
    clock: Clock,
    read_as: Mapping[str, Any] | None = None,
    *,
    names_rejects: bool,
) -> Part:
    """Do the first half for a source, or a partition of one.

    :param spool: where valid contacts go.
    :param rejects: where the other rows are listed, numbered from 1.
    :param read_as: how it is read, for the manifest: option → value.
    :param names_rejects: whether to keep the identifiers of rejected rows, for the comparison with a
        snapshot.
    """
    version = version_of(source)  # before it is read: what is written meanwhile counts as another one
    limit = RowLimit.parse(options.max_rejects)
    try:
        opened = options.open(source)
    except NoRows as error:
        if options.only_rows is not None:
            options.only_rows.check(0, source=source.name)
        PartWriter(spool, (), longest=options.max_batch_bytes)
        part = _part_without_rows(source, options, str(error))
        return replace(part, version=version, read_as=read_as or {})
    with closing(opened):
        consent = options.with_consent(opened)
        rows = consent or opened
        validator = ContactValidator(options.bind(rows, source))
        form = form_of(options.body, validator.binding)
        identifiers = identifiers_of(validator)
        contacts = PartWriter(
            spool,
            identifiers,
            longest=longest_contact(form, options.max_batch_bytes),
            names_rejects=names_rejects,
        )
        read = returned = 0
        said_no = consent.said_no if consent else ()
        sifted = RowValidation(rows, validator, form, contacts, rejects, options.only_rows, said_no)
        for read in sifted.blocks():
            clock.tell(read, rejects.count)
            if read - returned >= _ROWS_BETWEEN_RETURNS:
                _return_memory()
                returned = read
            if limit.is_passed_for_good(rejects.count):
                break
        else:
            if options.only_rows is not None:
                options.only_rows.check(read, source=source.name)
        return Part(
            source=str(source),
            read=read,
            accepted=contacts.accepted,
            rejected=rejects.count,
            reasons=dict(rejects.reasons),
            dropped=(
                *(shown_column(one, rows.columns).strip('"') for one in validator.binding.dropped),
                *map(shown_name, rows.late_columns),
            ),
            identifiers=identifiers,
            head=form.head.decode(),
            body=options.body,
            notes=(*rows.notes, *(() if consent else consent_names.notes_on(rows.columns))),
            mapping=validator.binding.fingerprint,
            rules=options.mapping_digest,
            names_rejects=names_rejects,
            no_consent=contacts.without_consent(consent.said_no) if consent else 0,
            opted_out=contacts.opted_out,
            version=version,
            read_as=read_as or {},
            last_row=sifted.last_row,
        )


def _part_without_rows(source: Source, options: Options, note: str) -> Part:
    """Give the part of a source that does not even say what its columns are."""
    return Part(
        source=str(source),
        read=0,
        accepted=0,
        rejected=0,
        reasons={},
        dropped=(),
        identifiers=(),
        head="",
        body=options.body,
        notes=(note,),
        rules=options.mapping_digest,
    )


def finish(
    parts: Sequence[tuple[Part, Spool]],
    folder: Stage,
    options: Options,
    rejects: RejectsFile,
    clock: Clock,
    changes_since: ChangesSince | None = None,
    guards: Guards | None = None,
) -> Manifest:
    """Do the second half for all parts together.

    :param rejects: the lists of rejected rows, of all parts.
    :param changes_since: the snapshot that the contacts are compared with; an empty source is not compared,
        for then everybody would be gone.
    :param guards: which rows are held back; None: none.
    """
    read = sum(part.read for part, _ in parts)
    if not read and options.when_empty == FAIL:
        raise SourceEmpty(
            f"{parts[0][0].source} has no rows. Check what writes it, or allow that with when_empty=skip."
        )
    limit = RowLimit.parse(options.max_rejects)
    check_rejects(limit, rejects, read=read, folder=folder)
    if guards and changes_since:
        # Who unsubscribed from a list that was renamed, moved or replaced since has not opted in again.
        snapshot = SnapshotFolder(changes_since.folder, changes_since.name)
        guards = guards.of_lists(snapshot.lists_before(changes_since.target, changes_since.platform))
    packed = BatchBuilder(parts, folder, rejects, limit=options.max_batch_bytes).pack(
        duplicates=options.duplicates,
        conflicts=options.conflicts,
        guards=guards if read else None,
        since=changes_since if read else None,
        tell=lambda bodies: clock.tell(read, rejects.count, bodies),
    )
    check_rejects(limit, rejects, read=read, folder=folder)
    rejects.close()
    manifest = Manifest(
        source=parts[0][0].source,
        body=options.body,
        rows=RowCounts(
            read=read,
            accepted=sum(batch.contacts for batch in packed.batches),
            rejected=rejects.count,
            duplicates=packed.duplicates,
            unchanged=packed.unchanged,
            held_back=packed.held_back.reasons,
        ),
        changes=packed.changes,
        conflicts=packed.conflicts,
        batches=packed.batches,
        rejects_uri=folder.uri(REJECTS),
        duplicates_uri=folder.uri(DUPLICATES),
        conflicts_uri=folder.uri(CONFLICTS),
        held_back_uri=packed.held_back.uri,
        guards=packed.held_back.summary,
        unknown_columns=tuple(dict.fromkeys(column for part, _ in parts for column in part.dropped)),
        reject_reasons=dict(rejects.reasons.most_common()),
        notes=tuple(dict.fromkeys(note for part, _ in parts for note in part.notes)),
        source_version=joined_versions([part.version for part, _ in parts]),
        read_as=parts[0][0].read_as,
        seconds=clock.seconds,
        peak_memory_bytes=peak_memory_bytes(),
    )
    manifest.write(folder.path(MANIFEST))
    clock.tell(read, rejects.count, len(packed.batches))
    return manifest


def check_rejects(limit: RowLimit, rejects: RejectsFile, *, read: int, folder: Stage) -> None:
    """See that no more rows were rejected than the run allows.

    :raises TooManyRejects: when there are more.
    """
    if not limit.is_passed(rejects.count, of=read):
        return
    uri = folder.uri(REJECTS)
    raise TooManyRejects(
        f"{rejects.count:,} of {read:,} rows read were rejected, more than max_rejects={limit} allows; "
        f"nothing is prepared. Reasons: {rejects.top_reasons()}. Each row is listed in {uri}. "
        "Fix the source, or raise max_rejects.",
        read=read,
        rejected=rejects.count,
        reasons=rejects.reasons,
        rejects_uri=uri,
    )
