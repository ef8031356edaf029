"""A file that is written aside and takes its place when it is whole.

Knows local disks and object stores; not what is in the file. An object store has no rename: there the file is
copied, and the copy shows up when it is complete.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast

from email_contacts.contacts.paths import AnyPath, local_path

# What an object store's file holds in memory; s3fs's own 50 MB are too much. S3 takes ten thousand parts.
_PART_BYTES = 8 << 20


@contextmanager
def written_aside(aside: AnyPath) -> Iterator[BinaryIO]:
    """Open a file to be written, in a folder that is made when it is missing; it is on the disk afterwards.

    :raises Exception: what ended the writing; the file is removed.
    """
    local = local_path(aside)
    _parent(aside).mkdir(parents=True, exist_ok=True)
    try:
        if local is None:
            with cast("Any", aside).open("wb", block_size=_PART_BYTES) as file:
                yield file
        else:
            with local.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            remove(aside)
        raise


def take_place(aside: AnyPath, target: AnyPath) -> None:
    """Move a file that is whole to its place; what was there is replaced at once."""
    _parent(target).mkdir(parents=True, exist_ok=True)
    local, there = local_path(aside), local_path(target)
    if local is not None and there is not None:
        local.replace(there)
    else:
        cast("Any", target).fs.mv(cast("Any", aside).path, cast("Any", target).path)


def remove(path: AnyPath) -> None:
    """Remove a file; a missing one is not an error."""
    with suppress(FileNotFoundError):
        (local_path(path) or path).unlink()


def _parent(path: AnyPath) -> AnyPath:
    local = local_path(path)
    return cast("AnyPath", path.parent if local is None else local.parent)
