"""Removing contacts from a stage, and stages that are old.

Knows the names of a stage's files and their ages; must not know Airflow, nor what an import came to. What
does not have one of our names stays where it is: a staging folder may be in a bucket that others use.
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
from email_contacts.contacts.staging.stage import MANIFEST, PART, RECEIPT, REJECTS
from email_contacts.contacts.staging.uploads import UPLOADED

# A stage lies at DAG / run / task, and that of a mapped task one deeper.
DEEPEST = 4
_BATCH = re.compile(r"batch-\d{5,}\.json")
_BODIES = re.compile(r"batch-\d{5,}\.json|contacts(-\d+)?\.csv|part-.+")
_LISTS = re.compile(
    r"(manifest|receipt|part|merged|gone)\.json(\.part)?"
    r"|(rejects|duplicates|conflicts|held_back|platform_rejects)\.(csv|parquet)|row_numbers\.bin"
    r"|changes-(sent|replaced|gone|retained|present|unsent|spared)\.bin|opt-outs\.bin"
)
# Of every manifest and of every receipt, of any version.
_IN_EVERY_MANIFEST = {"fingerprint", "batches", "rows", "rejects_uri"}
_IN_EVERY_RECEIPT = {"receipt_id", "run_id", "rows", "process_ids"}
_IN_A_PARTITION = {"part-bodies", "part-lengths", "part-rows"}
_HEADER_BYTES = 64


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
    # A stage is known by its manifest: one that was removed halfway must still be known.
    removed = _remove(sorted(files, key=lambda file: (file.name == MANIFEST, file.name)))
    _remove_folder(stage)
    return removed


def remove_partition(folder: AnyPath) -> int:
    """Remove a partition that was merged: first what makes it count, then the rest, and its folder.

    :return: how many files were removed; 0 where they were removed already.
    """
    return _remove(file for file in _files(folder) if file.name == PART) + remove_stage(folder)


def stages_older_than(root: AnyPath, age: timedelta) -> Iterator[AnyPath]:
    """Walk the stages below a staging folder whose newest file is older than an age.

    A stage is a folder with a manifest or a receipt of ours, with batches, with a partition, with a file that
    somebody uploaded, or with a list of rejects of ours next to what an unfinished preparation left. Other
    folders are looked into, and left alone.

    :param root: the staging folder.
    :param age: by the clock of this machine.
    """
    until = time.time() - age.total_seconds()
    for stage in _stages(root, depth=0):
        if max(map(_changed_at, _files(stage)), default=until) < until:
            yield stage


def remove_empty_folders(root: AnyPath) -> None:
    """Remove the folders of DAGs and runs, on a local disk, in which no stage is left; the root stays."""
    local = local_path(root)
    if local is None or not local.is_dir():
        return  # an object store has no empty folders
    for depth in range(DEEPEST - 1, 0, -1):
        for folder in local.glob("/".join("*" * depth)):
            if folder.is_dir() and not folder.is_symlink():
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
    if any(_BATCH.fullmatch(name) or UPLOADED.fullmatch(name) for name in files):
        return True
    if files.keys() >= _IN_A_PARTITION:
        return True
    return REJECTS in files and _are_our_rejects(files[REJECTS])


def _has_keys(file: AnyPath, keys: set[str]) -> bool:
    # Not Manifest.read: an old stage may be of an older version.
    with suppress(ValueError, OSError), file.open("rb") as opened:
        document = json.loads(opened.read())
        return isinstance(document, dict) and document.keys() >= keys
    return False


def _are_our_rejects(file: AnyPath) -> bool:
    with suppress(OSError), file.open("rb") as opened:
        header = bytes(opened.read(_HEADER_BYTES)).partition(b"\n")[0].split(b",")
        return header[0] == b"row" and {b"field", b"rule", b"message"} <= set(header)
    return False


def _files(folder: AnyPath) -> list[AnyPath]:
    return [entry for entry in folder.iterdir() if not _is_folder(entry)] if folder.is_dir() else []


def _is_folder(entry: AnyPath) -> bool:
    return entry.is_dir() and not cast("Any", entry).is_symlink()


def _is_ours(file: AnyPath) -> bool:
    return any(names.fullmatch(file.name) for names in (_BODIES, _LISTS, UPLOADED))


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
