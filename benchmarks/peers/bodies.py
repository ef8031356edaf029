"""The files that a peer leaves: request bodies, and the rows that are not sent."""

from __future__ import annotations

import csv
from pathlib import Path

MAX_BODY_BYTES = 8_000_000


class Bodies:
    """JSON arrays in files of at most 8,000,000 bytes.

    :param folder: where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = 0
        self._contacts: list[bytes] = []
        self._bytes = 2

    def add(self, contact: bytes) -> None:
        """Add one contact's JSON."""
        if self._bytes + len(contact) + 1 > MAX_BODY_BYTES:
            self.close()
        self._contacts.append(contact)
        self._bytes += len(contact) + 1

    def close(self) -> None:
        """Write what is left."""
        if self._contacts:
            self.write(b"[" + b",".join(self._contacts) + b"]")
        self._contacts = []
        self._bytes = 2

    def write(self, body: bytes) -> None:
        """Write a body that is whole already.

        :raises ValueError: when it is too long for a request.
        """
        if len(body) > MAX_BODY_BYTES:
            raise ValueError(f"a body of {len(body):,} bytes is more than a request may carry")
        self._files += 1
        (self._folder / f"batch-{self._files:05}.json").write_bytes(body)


class Rejects:
    """rejects.csv: the number of each row that is not sent, and the column that is wrong.

    :param folder: where the file goes.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / "rejects.csv").open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(("row", "field"))
        self.add = self._writer.writerow

    def close(self) -> None:
        """Complete the file."""
        self._file.close()
