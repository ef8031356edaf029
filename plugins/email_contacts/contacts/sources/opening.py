"""Opening a source: what kind it is, and the reader for it.

Knows the kinds and how to tell them; the readers know the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from email_contacts.contacts.errors import InvalidOption, SourceEmpty, SourceIsDirectory, SourceMissing
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.csv_rows import CsvRows
from email_contacts.contacts.sources.encoding import HEAD_BYTES, open_bytes
from email_contacts.contacts.sources.ndjson_rows import NdjsonRows
from email_contacts.contacts.sources.rows import Rows

CSV, NDJSON = "csv", "ndjson"
FORMATS = (CSV, NDJSON)
_SUFFIXES = {"csv": CSV, "tsv": CSV, "txt": CSV, "ndjson": NDJSON, "jsonl": NDJSON}


def open_rows(
    source: AnyPath,
    *,
    source_format: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    longest_row: int,
    expected: Iterable[str] = (),
    drop_late_columns: bool = False,
) -> Rows:
    """Open a source of any kind.

    :param source: the file.
    :param source_format: ``"csv"`` or ``"ndjson"``; None: the name's ending says it, else the first byte.
    :param delimiter: of a CSV; None: its header says it.
    :param encoding: None: the byte order mark says it, else it is UTF-8.
    :param longest_row: most characters that a row may have.
    :param expected: columns that NDJSON may bring at any row.
    :param drop_late_columns: what NDJSON does with other keys that come up late.
    :raises SourceMissing: when nothing is there.
    :raises SourceIsDirectory: when it is a folder.
    :raises SourceEmpty: when it holds nothing.
    :raises PreparationError: as the readers do.
    """
    if source_format not in (None, *FORMATS):
        raise InvalidOption(f'source_format="{source_format}" is not one of {", ".join(FORMATS)}.')
    _check_place(source)
    kind = source_format or _kind_of(source)
    if kind == NDJSON:
        if delimiter is not None:
            raise InvalidOption("A delimiter is for CSV; NDJSON has none. Leave it out.")
        return NdjsonRows(
            source,
            encoding=encoding,
            longest_row=longest_row,
            expected=expected,
            drop_late_columns=drop_late_columns,
        )
    return CsvRows(source, delimiter=delimiter, encoding=encoding, longest_row=longest_row)


def _check_place(source: AnyPath) -> None:
    if source.is_dir():
        raise SourceIsDirectory(f"The source {source} is a folder. Give one file of it.")
    if not source.exists():
        raise SourceMissing(f"The source {source} does not exist. Check the path and who may read it.")


def _kind_of(source: AnyPath) -> str:
    with open_bytes(source) as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise SourceEmpty(f"{source.name} is empty. A source needs a header line and rows below it.")
    suffix = source.name.rpartition(".")[2].lower()
    return _SUFFIXES.get(suffix) or (NDJSON if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else CSV)
