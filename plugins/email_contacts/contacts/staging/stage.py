"""The folder that one preparation fills.

Knows names and permissions of files, not what is in them. It holds personal data, so on a local disk the
folder is made for its owner only (0700) and so is every file (0600).
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from email_contacts.contacts.errors import StageError
from email_contacts.contacts.paths import AnyPath, local_path

MANIFEST = "manifest.json"
REJECTS = "rejects.csv"
REJECTS_PARQUET = "rejects.parquet"
DUPLICATES = "duplicates.csv"
CONFLICTS = "conflicts.csv"
HELD_BACK = "held_back.csv"
ROW_NUMBERS = "row_numbers.bin"
WHOLE = "contacts.csv"
PART = "part.json"
MERGED = "merged.json"
RECEIPT = "receipt.json"
# How many contacts that are gone from the source were removed, blacklisted or left alone.
SETTLED = "gone.json"
# Whether a run that exceeded its brakes was approved.
BRAKES = "brakes.json"
# Ids of the contacts whose opt-out the source knows, and the account does not.
OPT_OUTS = "opt-outs.bin"
# Where one of these is, the folder counts as complete.
_COMPLETE = (MANIFEST, PART)
# What may be kept: it holds row numbers and masked values.
LISTS = re.compile(r"(rejects|duplicates|conflicts|held_back)\.csv|rejects\.parquet")
# What a partition keeps until it is merged: contacts, and who they are, as digests.
PART_FILES = re.compile(
    r"part-(bodies|lengths|rows|no_consent|opted_out_(EMAIL|SMS|WHATSAPP)|rejected|EMAIL|EXT_ID|SMS|WHATSAPP"
    r"|LANDLINE_NUMBER)"
)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OURS = re.compile(
    rf"changes-(sent|replaced|gone|retained|present|unsent|spared)\.bin|opt-outs\.bin|batch-\d{{5,}}\.json|contacts\.csv|row_numbers\.bin|{LISTS.pattern}"
    rf"|(manifest|part|merged|gone|brakes)\.json(\.part)?|{PART_FILES.pattern}"
)
# What a file system takes; and what is kept of a longer name, for people to read.
_LONGEST_NAME = 255
_KEPT_OF_NAME = 160
# What an object store's file holds in memory, twice while it sends: s3fs's own 50 MB are too much. S3 takes
# ten thousand such parts, 80 GB.
_PART_BYTES = 8 << 20


def batch_name(number: int) -> str:
    """Name the file of a batch; names sort in the order of the batches."""
    return f"batch-{number:05d}.json"


def run_folder(run_id: str) -> str:
    """Make a folder's name of a run id, which may hold anything; two different ones never get the same."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", run_id)
    digest = hashlib.sha256(run_id.encode()).hexdigest()
    folder = name if name == run_id else f"{name}-{digest[:8]}"
    # A run id may have 250 characters; what fits keeps its name, because a stage is found by it.
    return folder if len(folder) <= _LONGEST_NAME else f"{name[:_KEPT_OF_NAME]}-{digest[:32]}"


class Stage:
    """A folder made ready for one preparation.

    :param path: the folder; made when it is not there.
    :param source: what is prepared; it must not be one of the files that are removed.
    :raises StageError: when the path is a file, the folder cannot be made, or the source is in the way.
    """

    def __init__(self, path: AnyPath, *, source: object) -> None:
        self._path = path
        local = local_path(path)
        if path.exists() and not path.is_dir():
            raise StageError(f"The stage {path} is a file. Give a folder, or a path that is not there yet.")
        try:
            (local or path).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StageError(f"The stage {path} cannot be made: {error.strerror or error}.") from error
        self._remove_leftovers(source)

    def _remove_leftovers(self, source: object) -> None:
        """Remove what an earlier try left, its manifest first: without one nothing here counts as done."""
        # An object store has no folder before it has a file.
        entries = self._path.iterdir() if self._path.is_dir() else ()
        # Whether the run was approved stays: that was about what was prepared then, and not about this.
        ours = [entry for entry in entries if _OURS.fullmatch(entry.name) and entry.name != BRAKES]
        taken = {str(source), *(str(file.path) for file in getattr(source, "files", ()))}
        if not taken.isdisjoint(map(str, ours)):
            raise StageError(
                f"The source {source} is in the stage under a name that the stage uses "
                "itself. Give another stage."
            )
        for entry in sorted(ours, key=lambda entry: (not entry.name.startswith(_COMPLETE), entry.name)):
            entry.unlink()

    def uri(self, name: str) -> str:
        """Return the URI of a file in the stage."""
        return str(self._path / name)

    def path(self, name: str) -> AnyPath:
        """Return the path of a file in the stage."""
        return cast("AnyPath", self._path / name)

    def create(self, name: str) -> BinaryIO:
        """Open a new file for writing bytes."""
        return create_private(self.path(name))


@contextmanager
def lack_of_room_named(stage: AnyPath) -> Iterator[None]:
    """Say that a file could not be written completely because the disk is full.

    :param stage: the folder that is filled.
    :raises StageError: in place of the ``OSError`` that says so.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise StageError(
            f"There is not enough disk space: {error.strerror}. Free space in the stage {stage} and in the "
            "folder for temporary files (TMPDIR), and prepare again. Nothing in the stage counts without a "
            "manifest."
        ) from error


def create_private(path: AnyPath) -> BinaryIO:
    """Open a file for writing bytes; on a local disk only its owner may read it."""
    local = local_path(path)
    if local is None:
        return cast("BinaryIO", cast("Any", path).open("wb", block_size=_PART_BYTES))
    return open(local, "wb", opener=_owner_only)  # Path.open takes no opener


def write_whole(path: AnyPath, content: bytes) -> None:
    """Write a small file so that it is there in whole or not at all.

    An object store shows an object only once it is complete; on a local disk a rename does the same, of a
    file that has reached the disk before, so that not even a power cut leaves half of it.
    """
    local = local_path(path)
    if local is None:
        with create_private(path) as file:
            file.write(content)
        return
    part = local.with_name(local.name + ".part")
    with create_private(cast("AnyPath", part)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(local)


def _owner_only(path: str | Path, flags: int) -> int:
    return os.open(path, flags, 0o600)
