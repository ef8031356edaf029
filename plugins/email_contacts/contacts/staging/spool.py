"""Valid contacts between the two passes: on local disk, in a file without a name.

Knows lines of JSON. Line n, counted from 0, belongs to row n and is empty when that row was rejected, so no
row number need be kept. The file has no name and is its owner's alone, and it is gone when it
is closed or the process dies.
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
        self._row = 0
        self._file = TemporaryFile(buffering=_BUFFERED, prefix="email-contacts-")  # noqa: SIM115  # see __exit__

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
        self._file.write(b"\n" * (row - self._row) + body)
        self._row = row

    def bodies(self) -> Iterator[tuple[int, bytes]]:
        """Walk the numbers and contacts of the rows that have one."""
        self._file.seek(0)
        for row, line in enumerate(self._file):
            if line != b"\n":
                yield row, line.rstrip(b"\n")
