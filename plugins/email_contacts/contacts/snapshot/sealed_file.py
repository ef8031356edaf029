"""Files of records that say what they are, and whether they are whole.

::

    {"format": "email-contacts snapshot", "version": 1, …}       the header, JSON in one line
    records, sorted by their first number
    32 bytes: SHA-256 of everything before

Knows bytes; a file of today is read by every later version (``tests/contacts/snapshot/golden``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO

import numpy as np

from email_contacts.contacts.paths import AnyPath, local_path
from email_contacts.contacts.snapshot.errors import SnapshotDamaged, SnapshotMissing
from email_contacts.contacts.snapshot.records import Records
from email_contacts.contacts.staging.stage import create_private

VERSION = 1
_SEAL_BYTES = 32
_LONGEST_HEADER = 1 << 16
_RECORDS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Format:
    """What such a file holds.

    :param name: as the header says it.
    :param dtype: of its records.
    """

    name: str
    dtype: np.dtype[Any]


class SealedWriter:
    """Writes such a file. It counts only once it is sealed; where writing fails it never is.

    :param path: the file.
    :param header: what the header says in addition to the format.
    """

    def __init__(self, path: AnyPath, kind: Format, header: Mapping[str, Any]) -> None:
        self._file = create_private(path)
        self._digest = sha256()
        line = json.dumps({"format": kind.name, "version": VERSION, **header}, ensure_ascii=False)
        self._write(line.encode() + b"\n")

    def add(self, some: Records) -> None:
        """Append records; they must come sorted."""
        self._write(some.tobytes())

    def seal(self) -> str:
        """Complete the file.

        :return: what it is sealed with, in hex.
        """
        self._file.write(self._digest.digest())
        self._file.close()
        return self._digest.hexdigest()

    def close(self) -> None:
        """Let the file go, also where it is not complete."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


class SealedReader:
    """Reads such a file, from its start to its end.

    :param path: the file.
    :raises SnapshotMissing: when it is not there.
    :raises SnapshotDamaged: when it is not such a file, or of a later version. That it is cut off or changed
        shows only at the end of ``blocks``.
    """

    def __init__(self, path: AnyPath, kind: Format) -> None:
        self._path, self._kind = path, kind
        try:
            self._file: BinaryIO = (local_path(path) or path).open("rb")
        except FileNotFoundError as error:
            raise SnapshotMissing(f"{path} is not there") from error
        self._digest = sha256()
        try:
            self.header = self._header()
        except BaseException:
            self._file.close()
            raise

    def blocks(self) -> Iterator[Records]:
        """Walk the records, some at a time; then the file is closed.

        :raises SnapshotDamaged: at the latest at the end.
        """
        size = self._kind.dtype.itemsize
        ahead = b""  # the seal is behind the last record
        with closing(self._file):
            while data := self._file.read(_RECORDS_AT_ONCE * size):
                data = ahead + data
                whole = max(len(data) - _SEAL_BYTES, 0) // size * size
                ahead = data[whole:]
                self._digest.update(data[:whole])
                if whole:
                    yield np.frombuffer(data[:whole], self._kind.dtype)
        if ahead != self._digest.digest():
            raise SnapshotDamaged(f"{self._path} is cut off, or its content is not what was written")

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def _header(self) -> dict[str, Any]:
        line = self._file.readline(_LONGEST_HEADER)
        self._digest.update(line)
        try:
            header = json.loads(line)
        except ValueError:
            header = None
        if not isinstance(header, dict) or header.get("format") != self._kind.name:
            raise SnapshotDamaged(f"{self._path} is not of the format {self._kind.name!r}")
        if header.get("version") != VERSION:
            raise SnapshotDamaged(
                f"{self._path} is of version {header.get('version')}, which this release cannot read"
            )
        return header
