"""Partitions: a source prepared by several tasks, each a part of it, and merged into one preparation.

Knows what of a partition lies in the stage until it is merged, and when that counts. Duplicates are found
over all partitions, rows are numbered over all of them, and the bodies are those of the source prepared as a
whole, to the byte.

::

    partition's folder   part-bodies, part-lengths, part-rows    contacts, as they are sent
                         part-EMAIL, part-EXT_ID, part-SMS       who they are, as digests
                         rejects.csv                             numbered from 1
                         part.json                               written last: without it nothing counts
    stage                what ``prepare`` leaves, and merged.json: which partitions went into it, and how
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from typing import Any, cast

from email_contacts.contacts.batches.parts import Part
from email_contacts.contacts.batches.spool import StagedFiles
from email_contacts.contacts.errors import InvalidOption, NotAManifest, PartitionMissing, SourceChanged
from email_contacts.contacts.guards.settings import Guards
from email_contacts.contacts.header_names import knowing
from email_contacts.contacts.limits import RowLimit
from email_contacts.contacts.options import Options
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.preparation import check_rejects, finish, rejects_of, sift
from email_contacts.contacts.progress import Clock, Progress
from email_contacts.contacts.snapshot.changes import ChangesSince
from email_contacts.contacts.sources.opening import Source
from email_contacts.contacts.staging.cleaning import remove_partition
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.contacts.staging.rejects import RejectsFile, read_rejects
from email_contacts.contacts.staging.stage import (
    MANIFEST,
    MERGED,
    PART,
    REJECTS,
    Stage,
    lack_of_room_named,
    write_whole,
)


def prepare_partition(
    source: Source,
    folder: AnyPath,
    *,
    index: int,
    count: int,
    cut: str = "",
    options: Options | None = None,
    read_as: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Part:
    """Do the first half of a preparation for one partition of a source.

    Fills ``folder``; what an earlier try left there is removed first.

    :param source: the partition: ``sources.files.SomeFiles``, a ``Query``, or a path.
    :param folder: for this partition alone; made when it is not there.
    :param index: which partition it is, from 0, in the order of the source's rows.
    :param count: how many partitions the source has.
    :param cut: names which cut of the source into partitions it is of; only those of one cut are merged.
    :param options: as ``prepare`` explains them; the same for all partitions. Of ``max_rejects`` a number of
        rows may stop one partition already; a share is judged over all of them.
    :param read_as: as ``prepare`` explains it.
    :param on_progress: called after each block of the source.
    :return: what it came to, as it is written.
    :raises InvalidOption: when there is no partition of that index.
    :raises PreparationError: see ``errors``; then the partition does not count.
    """
    if not 0 <= index < count:
        raise InvalidOption(f"index={index} is not one of {count} partitions, which are counted from 0.")
    options = options or Options()
    clock = Clock(on_progress)
    stage = Stage(folder, source=source)
    with (
        knowing(options.known_names),
        lack_of_room_named(folder),
        closing(StagedFiles(folder)) as spool,
        closing(RejectsFile(stage.create(REJECTS))) as rejects,
    ):
        # Whether it is compared with a snapshot shows when it is merged.
        part = sift(source, options, spool, rejects, clock, read_as, names_rejects=True)
        part = replace(part, index=index, count=count, cut=cut)
    limit = RowLimit.parse(options.max_rejects)
    if limit.is_passed_for_good(part.rejected):
        check_rejects(limit, rejects, read=part.read, folder=stage)
    write_whole(stage.path(PART), part.to_bytes())
    return part


def merge_partitions(
    folders: Sequence[AnyPath],
    stage: AnyPath,
    *,
    options: Options | None = None,
    changes_since: ChangesSince | None = None,
    guards: Guards | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Manifest:
    """Do the second half of a preparation for all partitions together; then their folders are removed.

    Fills ``stage`` as ``prepare`` does. When a merge is killed, the next starts again, or continues removing
    the folders where everything else was done.

    :param folders: what ``prepare_partition`` filled, all of them, in their order.
    :param stage: the folder to fill; made when it is not there.
    :param options: of which ``max_rejects``, ``duplicates``, ``conflicts`` and ``max_batch_bytes`` count.
    :param changes_since: the snapshot that the contacts are compared with: those that did not change are not
        sent; None: all are.
    :param guards: which rows are held back; None: none.
    :param on_progress: called after each block of the bodies.
    :return: the manifest, as it is written; seconds and memory are those of the merge.
    :raises PartitionMissing: when a partition is not there, or not complete.
    :raises SourceChanged: when they are of different cuts of the source, or were prepared with different
        columns or settings, or for different forms.
    :raises PreparationError: see ``errors``; then no manifest is written and the partitions stay.
    """
    options = options or Options()
    asked = _asked_for(options, changes_since, guards)
    done = _merged_before(folders, stage, asked)
    if done is None:
        done = _merge(folders, stage, options, Clock(on_progress), changes_since, guards, asked)
    for folder in folders:
        remove_partition(folder)
    return done


def _merge(
    folders: Sequence[AnyPath],
    stage: AnyPath,
    options: Options,
    clock: Clock,
    changes_since: ChangesSince | None,
    guards: Guards | None,
    asked: str,
) -> Manifest:
    parts = _read_parts(folders)
    into = Stage(stage, source=None)
    spools = [StagedFiles(folder) for folder in folders]
    with lack_of_room_named(stage), closing(rejects_of(into)) as rejects:
        rows_before = 0
        for part, folder in zip(parts, folders, strict=True):
            for reject in read_rejects((folder / REJECTS).open("rb"), rows_before=rows_before):
                rejects.add(reject)
            rows_before += part.read
        # Before the manifest: where both are there, these are the partitions that it is about.
        merged = {"made_by": [part.made_by for part in parts], "asked_for": asked}
        write_whole(into.path(MERGED), json.dumps(merged).encode())
        try:
            placed = list(zip(parts, spools, strict=True))
            return finish(placed, into, options, rejects, clock, changes_since, guards)
        finally:
            for spool in spools:
                spool.close()


def _asked_for(options: Options, since: ChangesSince | None, guards: Guards | None) -> str:
    """Return a digest of the choices that decide what a merge gives: rows that it holds back, for example."""
    said = (
        (options.duplicates, options.conflicts, options.max_batch_bytes),
        since and {**vars(since), "run_after": ""},
        guards and {**vars(guards), "account": ""},
    )
    return sha256(json.dumps(said, default=str).encode()).hexdigest()


def _merged_before(folders: Sequence[AnyPath], stage: AnyPath, asked: str) -> Manifest | None:
    """Give the manifest of an earlier try that was killed while it removed these very partitions.

    :param asked: what is asked for now: a manifest without the rows that are now held back is not the same.
    """
    if all((folder / PART).exists() for folder in folders):
        return None
    try:
        with (stage / MERGED).open("rb") as file:
            merged = json.loads(file.read())
        manifest = Manifest.read(cast("AnyPath", stage / MANIFEST))
    except (FileNotFoundError, NotAManifest):
        return None
    made_by = merged["made_by"]
    # The last release did not say what was asked for.
    if len(made_by) != len(folders) or merged.get("asked_for", asked) != asked:
        return None
    for folder, made_then in zip(folders, made_by, strict=True):
        if (folder / PART).exists() and _read_part(folder).made_by != made_then:
            return None
    return manifest


def _read_parts(folders: Sequence[AnyPath]) -> list[Part]:
    if not folders:
        raise PartitionMissing("There are no partitions to merge. Pass the folders of all partitions.")
    parts = []
    for place, folder in enumerate(folders):
        part = _read_part(folder)
        if part.index != place or part.count != len(folders):
            raise PartitionMissing(
                f"{folder} is partition {part.index + 1} of {part.count}, and was given as {place + 1} of "
                f"{len(folders)}. Give the folders of all partitions, in their order."
            )
        spool = StagedFiles(folder)
        paths = [*map(spool.path, part.files), cast("AnyPath", folder / REJECTS)]
        lost = [path.name for path in paths if not path.exists()]
        if lost:
            raise PartitionMissing(
                f"The partition in {folder} lacks {', '.join(lost)}. Prepare it again, then merge."
            )
        parts.append(part)
    _check_same(parts)
    return parts


def _check_same(parts: Sequence[Part]) -> None:
    """Check that no row of the source is in two partitions or in none, and that all were read in one way."""
    first = next((part for part in parts if part.rules), parts[0])
    for part in parts:
        if part.cut != parts[0].cut:
            raise SourceChanged(
                f"{part.name} is not of the same cut of the source as {parts[0].name}: it was cut again "
                "between the two, and rows may be in both or in none. Prepare all partitions again, then "
                "merge."
            )
        if part.read_as != parts[0].read_as:
            raise SourceChanged(
                f"{part.name} was read with other settings than {parts[0].name}. Prepare all partitions "
                "again, then merge."
            )
        if part.rules not in ("", first.rules):
            raise SourceChanged(
                f"{part.name} was prepared with another mapping than {first.name}: it was changed between "
                "the two. Prepare all partitions again, then merge."
            )


def _read_part(folder: AnyPath) -> Part:
    try:
        with (folder / PART).open("rb") as file:
            document = file.read()
    except FileNotFoundError as error:
        raise PartitionMissing(
            f"There is no complete partition in {folder}: it has no {PART}. Its preparation did not finish, "
            "or it was merged already. Prepare it again, then merge; the stage must be one that all workers "
            "reach."
        ) from error
    return Part.from_bytes(document)
