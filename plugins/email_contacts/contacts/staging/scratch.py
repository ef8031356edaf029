"""Files between the two halves of a preparation.

Knows names and bytes. They hold personal data: on this machine they have no name and are gone when they are
closed or the process dies; between tasks on several machines they lie in the stage.
"""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import BinaryIO, Protocol, cast

from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.staging.stage import create_private

_BUFFERED = 1 << 15


class Scratch(Protocol):
    """Where such files are."""

    def create(self, name: str) -> BinaryIO:
        """Open a new file for writing."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a file that was written, and closed where it has a name."""
        ...

    def close(self) -> None:
        """Give the files up."""
        ...


class NamelessFiles:
    """Files of this process alone."""

    def __init__(self) -> None:
        self._files: dict[str, BinaryIO] = {}

    def create(self, name: str) -> BinaryIO:
        """Open a new file."""
        file = TemporaryFile(buffering=_BUFFERED, prefix="email-contacts-")  # noqa: SIM115  # see close
        self._files[name] = cast("BinaryIO", file)
        return self._files[name]

    def open(self, name: str) -> BinaryIO:
        """Turn a file from writing to reading, from its start."""
        file = self._files[name]
        file.seek(0)
        return file

    def close(self) -> None:
        """Let all files go."""
        for file in self._files.values():
            file.close()


class StagedFiles:
    """Files in a folder of the stage, for another task to read.

    :param folder: the folder.
    """

    def __init__(self, folder: AnyPath) -> None:
        self._folder = folder
        self._open: list[BinaryIO] = []

    def create(self, name: str) -> BinaryIO:
        """Open a new file."""
        file = create_private(cast("AnyPath", self._folder / name))
        self._open.append(file)
        return file

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading."""
        file = cast("BinaryIO", (self._folder / name).open("rb"))
        self._open.append(file)
        return file

    def close(self) -> None:
        """Close what is open; an object store keeps an object only then."""
        for file in self._open:
            file.close()
