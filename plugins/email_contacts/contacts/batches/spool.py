"""Files between the two halves of a preparation.

Knows names and bytes. They hold personal data: on this machine they have no name and are gone when they are
closed or the process dies, and short ones stay in memory; between tasks on several machines they lie in the
stage.
"""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Protocol, cast

from email_contacts.contacts.paths import AnyPath, local_path
from email_contacts.contacts.staging.stage import create_private

_BUFFERED = 1 << 14
_PREFIX = "part-"


class Spool(Protocol):
    """Where such files are."""

    @property
    def ways(self) -> int:
        """Over how many files what is to be sorted may be spread."""
        ...

    def create(self, name: str) -> BinaryIO:
        """Open a new file for writing."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a file that was written, and closed where it has a name."""
        ...

    def release(self, *files: BinaryIO) -> None:
        """Let go what was read; of many partitions not all files can be open at a time."""
        ...

    def close(self) -> None:
        """Give the files up."""
        ...


class NamelessFiles:
    """Files of this process alone."""

    ways = 64

    def __init__(self) -> None:
        self._files: dict[str, BinaryIO] = {}

    def create(self, name: str) -> BinaryIO:
        """Open a new file."""
        # Of a small source most are short or empty. On the disk hundreds of them take longer than its rows.
        file = SpooledTemporaryFile(_BUFFERED, buffering=_BUFFERED, prefix="email-contacts-")  # noqa: SIM115  # see close
        self._files[name] = cast("BinaryIO", file)
        return self._files[name]

    def open(self, name: str) -> BinaryIO:
        """Turn a file from writing to reading, from its start."""
        file = self._files[name]
        file.seek(0)
        return file

    def release(self, *files: BinaryIO) -> None:
        """Do nothing: a file without a name would be gone."""

    def close(self) -> None:
        """Let all files go."""
        for file in self._files.values():
            file.close()


class StagedFiles:
    """Files in a folder of the stage, for another task to read; their names begin with ``part-``.

    :param folder: the folder.
    """

    ways = 1  # an object store has its price for each

    def __init__(self, folder: AnyPath) -> None:
        self._folder = folder
        self._open: list[BinaryIO] = []

    def create(self, name: str) -> BinaryIO:
        """Open a new file."""
        file = create_private(self.path(name))
        self._open.append(file)
        return file

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading."""
        path = self.path(name)
        file = cast("BinaryIO", (local_path(path) or path).open("rb"))
        self._open.append(file)
        return file

    def path(self, name: str) -> AnyPath:
        """Return where a file is."""
        return cast("AnyPath", self._folder / f"{_PREFIX}{name}")

    def release(self, *files: BinaryIO) -> None:
        """Close files; they can be opened again."""
        for file in files:
            file.close()
            self._open.remove(file)

    def close(self) -> None:
        """Close what is open; an object store keeps an object only then."""
        while self._open:
            self._open.pop().close()
