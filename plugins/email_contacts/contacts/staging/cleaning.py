"""Removing contacts from a stage, and stages that are old.

Knows the names of a stage's files, how their contents begin, and their ages; must not know Airflow, nor what
an import came to. A staging folder may be in a bucket or on a disk that others use: a folder is ours only if
a file in it is one that only we write, and what does not have one of our names stays where it is.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

from email_contacts.contacts.paths import AnyPath, local_path
from email_contacts.contacts.staging.stage import MANIFEST, PART, PART_FILES, RECEIPT, REJECTS
from email_contacts.contacts.staging.uploads import UPLOADED, UPLOADS

# A stage lies at DAG / run / task, and that of a mapped task one deeper.
DEEPEST = 4
_BATCH = re.compile(r"batch-\d{5,}\.json")
_BODIES = re.compile(rf"batch-\d{{5,}}\.json|contacts\.csv|{PART_FILES.pattern}")
_LISTS = re.compile(
    r"(manifest|receipt|part|merged|gone|brakes)\.json(\.part)?"
    r"|(rejects|duplicates|conflicts|held_back|platform_rejects)\.(csv|parquet)|row_numbers\.bin"
    r"|changes-(sent|replaced|gone|retained|present|unsent|spared)\.bin|opt-outs\.bin"
)
# Of every manifest and of every receipt, of any version.
_IN_EVERY_MANIFEST = {"fingerprint", "batches", "rows", "rejects_uri"}
_IN_EVERY_RECEIPT = {"receipt_id", "run_id", "rows", "process_ids"}
_IN_A_PARTITION = {"part-bodies", "part-lengths", "part-rows"}
# How a body begins, with contacts or with the header of a CSV: others may call a file batch-00001.json, too.
_BODY = re.compile(
    rb'\[\{(?:"email":"[^"]*",)?"attributes":\{'
    rb'|"(?:[^"\\]*;)?(?:EMAIL|EXT_ID|SMS|WHATSAPP|LANDLINE_NUMBER)[;\\]'
)
_HEADER_BYTES = 4096
# What a stage is known by; the manifest, by which everything else is found, before all.
_KNOWN_BY = (REJECTS, PART, RECEIPT, MANIFEST)


def remove_bodies(stage: AnyPath) -> int:
    """Remove the files of a stage that hold contacts; its manifest, lists and receipt stay.

    :param stage: the folder that a preparation filled.
    :return: how many files were removed; 0 where they were removed already.
    """
    return _remove(file for file in _files(stage) if _BODIES.fullmatch(file.name))


def remove_stage(stage: AnyPath) -> int:
    """Remove all files of a stage, its manifest last, and its folder where nothing else is in it.

    :return: how many files were removed.
    """
    files = [file for file in _files(stage) if _is_ours(file)]
    # One that was removed halfway must still be known.
    removed = _remove(sorted(files, key=_order_of_removal))
    _remove_folder(stage)
    return removed


def remove_partition(folder: AnyPath) -> int:
    """Remove a partition that was merged: first what makes it count, then the rest, and its folder.

    With the last one of a mapped task goes the task's folder: no cleaning finds it without a stage in it.

    :return: how many files were removed; 0 where they were removed already.
    """
    removed = _remove(file for file in _files(folder) if file.name == PART) + remove_stage(folder)
    if folder.name.isdigit():
        _remove_folder(folder.parent)
    return removed


def stages_older_than(root: AnyPath, age: timedelta) -> Iterator[AnyPath]:
    """Walk the stages below a staging folder whose newest file is older than an age.

    A stage is a folder with a manifest or a receipt of ours, with a batch that begins as ours do, with a
    partition, with a file that somebody uploaded, or with a list of rejects of ours next to what an
    unfinished preparation left. Other folders are looked into, and left alone.

    :param root: the staging folder.
    :param age: by the clock of this machine.
    """
    until = time.time() - age.total_seconds()
    for stage in _stages(root, depth=0):
        if max(map(_changed_at, _files(stage)), default=until) < until:
            yield stage


def remove_emptied_folders(stage: AnyPath, root: AnyPath) -> None:
    """Remove the folders of its run and its DAG, on a local disk, that the removal of a stage left empty.

    :param stage: a stage that was removed.
    :param root: the staging folder, which stays.
    """
    local, top = local_path(stage), local_path(root)
    if local is None or top is None:
        return  # an object store has no empty folders
    for folder in local.parents:
        if folder == top or top not in folder.parents:
            return
        _remove_folder(folder)


def _stages(folder: AnyPath, *, depth: int) -> Iterator[AnyPath]:
    # Made a list: stages are removed while they are walked.
    for entry in list(folder.iterdir()) if folder.is_dir() else ():
        if not _is_folder(entry):
            continue
        if _is_stage(entry):
            yield entry
        if depth + 1 < DEEPEST:
            yield from _stages(entry, depth=depth + 1)


def _is_stage(folder: AnyPath) -> bool:
    files = {file.name: file for file in _files(folder)}
    for name, keys in ((MANIFEST, _IN_EVERY_MANIFEST), (RECEIPT, _IN_EVERY_RECEIPT)):
        if name in files and _has_keys(files[name], keys):
            return True
    if any(map(_is_upload, files.values())) or files.keys() >= _IN_A_PARTITION:
        return True
    if REJECTS in files and _are_our_rejects(files[REJECTS]):
        return True
    return any(_BODY.match(_beginning(file)) for name, file in files.items() if _BATCH.fullmatch(name))


def _has_keys(file: AnyPath, keys: set[str]) -> bool:
    # Not Manifest.read: an old stage may be of an older version.
    with suppress(ValueError, OSError), file.open("rb") as opened:
        document = json.loads(opened.read())
        return isinstance(document, dict) and document.keys() >= keys
    return False


def _are_our_rejects(file: AnyPath) -> bool:
    header = _beginning(file).partition(b"\n")[0].split(b",")
    return header[0] == b"row" and {b"field", b"rule", b"message"} <= set(header)


def _beginning(file: AnyPath) -> bytes:
    with suppress(OSError), file.open("rb") as opened:
        return bytes(opened.read(_HEADER_BYTES))
    return b""


def _files(folder: AnyPath) -> list[AnyPath]:
    return [entry for entry in folder.iterdir() if not _is_folder(entry)] if folder.is_dir() else []


def _is_folder(entry: AnyPath) -> bool:
    return entry.is_dir() and not cast("Any", entry).is_symlink()


def _is_ours(file: AnyPath) -> bool:
    return _is_upload(file) or any(names.fullmatch(file.name) for names in (_BODIES, _LISTS))


def _is_upload(file: AnyPath) -> bool:
    return file.parent.name == UPLOADS and bool(UPLOADED.fullmatch(file.name))


def _order_of_removal(file: AnyPath) -> tuple[int, str]:
    if file.name in _KNOWN_BY:
        return (2 + _KNOWN_BY.index(file.name), file.name)
    return (int(file.name in _IN_A_PARTITION), file.name)


def _changed_at(file: AnyPath) -> float:
    return float(cast("Any", file).stat().st_mtime)


def _remove(files: Any) -> int:
    removed = 0
    for file in files:
        with suppress(FileNotFoundError):  # another try of the task, or another cleaner, was here first
            file.unlink()
            removed += 1
    return removed


def _remove_folder(folder: AnyPath) -> None:
    local = local_path(folder)
    if local is not None:
        with suppress(OSError):  # something else lies in it
            local.rmdir()
