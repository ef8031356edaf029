"""A table being written, in one of two formats, some rows at a time.

Knows how rows become a file; importing it costs orjson, and Parquet only where it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

from email_contacts.contacts.mapping.attributes import AccountAttribute
from email_contacts.exports.documents import to_json

NDJSON = "ndjson"
PARQUET = "parquet"
FORMATS = (NDJSON, PARQUET)

Record = dict[str, Any]


class Table(Protocol):
    """Where rows go; complete once it is closed, which may happen twice."""

    def add(self, rows: Sequence[Record]) -> None:
        """Append rows."""

    def close(self) -> None:
        """Write what is still to be written; the file itself stays open."""


class NdjsonTable:
    """One JSON document a line, as the platform gave it.

    :param file: to write to.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, rows: Sequence[Record]) -> None:
        """Append rows."""
        self._file.write(b"".join(to_json(row) + b"\n" for row in rows))

    def close(self) -> None:
        """Nothing is kept back."""


def contacts_table(file: BinaryIO, file_format: str, attributes: Sequence[AccountAttribute]) -> Table:
    """Make the table of contacts.

    :param attributes: of the account, which become columns of a Parquet file.
    """
    if file_format == NDJSON:
        return NdjsonTable(file)
    from email_contacts.exports.parquet import ParquetTable, contact_columns

    return ParquetTable(file, contact_columns(attributes))


def opt_outs_table(file: BinaryIO, file_format: str) -> Table:
    """Make the table of opt-outs."""
    if file_format == NDJSON:
        return NdjsonTable(file)
    from email_contacts.exports.parquet import ParquetTable, opt_out_columns

    return ParquetTable(file, opt_out_columns())
