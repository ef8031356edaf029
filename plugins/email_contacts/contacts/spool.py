"""Valid contacts between the two passes: on local disk, in a file without a name.

Knows lines of JSON. Line n belongs to row n and is empty when the row was rejected, so no row number need be
kept. The file has no name and is its owner's alone, and it is gone when it is closed or the process dies.
"""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryFile

from email_contacts.contacts.errors import RowTooLong

_BUFFERED = 1 << 20


class Spool:
    """A temporary file of contacts in the order of their rows.

    :param longest: bytes that a contact may have.
    """

    def __init__(self, *, longest: int) -> None:
        self._longest = longest
        self._lines = 0
        self._file = TemporaryFile(buffering=0, prefix="email-contacts-")  # noqa: SIM115  # closed in __exit__
        # One bytearray: a list of small results of orjson would hold about 4 KB for each.
        self._buffer = bytearray()

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._file.close()

    def add(self, row: int, body: bytes) -> None:
        """Keep a row's contact.

        :param row: greater than every row before.
        :param body: JSON without newlines.
        :raises RowTooLong: when it is longer than a batch may be.
        """
        if len(body) > self._longest:
            raise RowTooLong(
                f"The contact of row {row} has {len(body):,} bytes as JSON, more than one request may carry "
                "(api-contract §2.1). Shorten its values; if they are many lines, look for an unclosed quote."
            )
        buffer = self._buffer
        self._lines += 1
        if row != self._lines:
            buffer += b"\n" * (row - self._lines)
            self._lines = row
        buffer += body
        buffer += b"\n"
        if len(buffer) > _BUFFERED:
            self._flush()

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """Walk the numbers and contacts of the rows that have one."""
        self._flush()
        self._file.seek(0)
        with open(self._file.fileno(), "rb", buffering=_BUFFERED, closefd=False) as lines:
            for row, line in enumerate(lines, start=1):
                if line != b"\n":
                    yield row, line[:-1]

    def _flush(self) -> None:
        self._file.write(self._buffer)
        self._buffer.clear()
