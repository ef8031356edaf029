"""Opening a source: what kind it is, and the reader for it.

Knows the kinds and how to recognise them; the readers know the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from email_contacts.contacts.choices import AUTO, CSV, IMPORT, JSON, NDJSON, PARQUET, XLSX
from email_contacts.contacts.errors import InvalidOption, SourceEmpty, SourceUnreadable
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.chained import ChainedRows
from email_contacts.contacts.sources.compression import (
    compression_of,
    open_bytes,
    open_raw,
    uncompressed_name,
)
from email_contacts.contacts.sources.csv_rows import CsvRows
from email_contacts.contacts.sources.encoding import HEAD_BYTES, utf_16_of_json
from email_contacts.contacts.sources.files import FoundFiles, SomeFiles, SourceFile, find_files
from email_contacts.contacts.sources.json_columns import with_json_columns
from email_contacts.contacts.sources.json_rows import JsonRows
from email_contacts.contacts.sources.opt_outs import FindNumbers, numbers_by_name, without_opted_out
from email_contacts.contacts.sources.other_kinds import WORKBOOK, other_kind_of
from email_contacts.contacts.sources.reading_options import ReadingOptions
from email_contacts.contacts.sources.rows import Rows
from email_contacts.contacts.sources.serial_days import NONE, SerialColumns
from email_contacts.contacts.sources.sql_rows import Query, SqlRows

Source: TypeAlias = "AnyPath | Query | SomeFiles"

_SUFFIXES = {
    "csv": CSV,
    "tsv": CSV,
    "tab": CSV,
    "txt": CSV,
    "ndjson": NDJSON,
    "jsonl": NDJSON,
    "json": NDJSON,  # the reader tells lines from an array
    "xlsx": XLSX,
    "xlsm": XLSX,
    "parquet": PARQUET,
    "parq": PARQUET,
    "pq": PARQUET,
}
_FOR = {
    "source_format": "files",
    "delimiter": "CSV",
    "encoding": "files of text",
    "header_row": "CSV and workbooks",
    "skip_rows": "CSV and workbooks",
    "sheet": "workbooks",
}
# What each kind is called in messages, and the options that it does not have.
_REFUSED = {
    CSV: ("CSV", "sheet"),
    NDJSON: ("JSON", "delimiter", "header_row", "skip_rows", "sheet"),
    PARQUET: ("Parquet", "delimiter", "encoding", "header_row", "skip_rows", "sheet"),
    XLSX: ("A workbook", "delimiter", "encoding"),
}
_TAB_SUFFIXES = ("tsv", "tab")
_PARQUET_MAGIC = b"PAR1"
AS_THE_SOURCE_SAYS = ReadingOptions()


def open_rows(
    source: Source,
    options: ReadingOptions = AS_THE_SOURCE_SAYS,
    *,
    longest_row: int,
    expected: Iterable[str] = (),
    drop_late_columns: bool = False,
    keep: Iterable[str] = (),
    consent: str | None = None,
    find_numbers: FindNumbers = numbers_by_name,
    serial_columns: SerialColumns = NONE,
) -> Rows:
    """Open a source of any kind.

    :param source: a file, a folder, a pattern or some files (see ``files``), or a query. Files may be
        compressed with gzip or Zstandard.
    :param options: how it is read.
    :param longest_row: most characters that a row of text may have.
    :param expected: columns that NDJSON, or the JSON of a query, may bring at any row.
    :param drop_late_columns: what these do with other keys that come up late.
    :param keep: columns that a mapping names.
    :param consent: the column that says who may be written to, where one does.
    :param find_numbers: finds the columns that become phone numbers.
    :param serial_columns: columns that a mapping says to hold serial days, with their words for nothing.
    :raises SourceMissing: when nothing is there.
    :raises SourceEmpty: when it holds nothing.
    :raises SourceChanged: when its files do not fit together.
    :raises SourceUnreadable: when its files are of several kinds.
    :raises InvalidOption: when an option is for another kind.
    :raises PreparationError: as the readers do.
    """
    rows = _opened(
        source,
        options,
        longest_row,
        tuple(expected),
        drop_late_columns=drop_late_columns,
        serial_columns=serial_columns,
    )
    try:
        take_all = options.opted_out == IMPORT
        return without_opted_out(
            rows, keep=keep, take_all=take_all, consent=consent, find_numbers=find_numbers
        )
    except BaseException:
        rows.close()
        raise


def _opened(
    source: Source,
    options: ReadingOptions,
    longest_row: int,
    expected: Sequence[str],
    *,
    drop_late_columns: bool,
    serial_columns: SerialColumns,
) -> Rows:
    given = None if options.source_format == AUTO else options.source_format
    delimiter, encoding, skip = options.delimiter, options.encoding, options.lines_above
    if isinstance(source, Query):
        _refuse("A query", options, *_FOR)
        queried = SqlRows(source)
        try:
            return with_json_columns(queried, expected=expected, drop_late_columns=drop_late_columns)
        except BaseException:
            queried.close()
            raise
    first = source.first if isinstance(source, SomeFiles) else None
    found = FoundFiles(tuple(source.found())) if isinstance(source, SomeFiles) else find_files(source)
    files = found.files
    kind = given or _kind_of([first or files[0], *files])
    kind = NDJSON if kind == JSON else kind
    what, *lacking = _REFUSED[kind]
    _refuse(what, options, *lacking)

    def open_file(file: SourceFile, columns: Sequence[str]) -> Rows:
        if kind == PARQUET:
            from email_contacts.contacts.sources.parquet_rows import ParquetRows

            return ParquetRows(file.path)
        if kind == NDJSON:
            return JsonRows(
                file.path,
                encoding=encoding,
                longest_row=longest_row,
                expected=(*columns, *expected),
                drop_late_columns=drop_late_columns,
            )
        if kind == XLSX:
            from email_contacts.contacts.sources.workbook_rows import WorkbookRows

            return WorkbookRows(file.path, sheet=options.sheet, skip_rows=skip, serial_columns=serial_columns)
        cut_by = _tab_of_a_tsv(file) if delimiter is None else delimiter
        return CsvRows(
            file.path, delimiter=cut_by, encoding=encoding, longest_row=longest_row, skip_rows=skip
        )

    if first is None and len(files) == 1 and not found.left_out:
        return open_file(files[0], ())
    return ChainedRows(files, open_file, first=first, rows_name_columns=kind == NDJSON, notes=found.notes)


def _refuse(kind: str, options: ReadingOptions, *names: str) -> None:
    for name in names:
        if getattr(options, name) not in (None, AUTO):
            article = "An" if name == "encoding" else "A"
            raise InvalidOption(f"{article} {name} is for {_FOR[name]}; {kind} has none. Leave it out.")


def _kind_of(files: Sequence[SourceFile]) -> str:
    kinds: dict[str, str] = {}
    for file in files:
        kinds.setdefault(_kind_of_file(file), file.name)
    if len(kinds) > 1:
        found = ", ".join(f"{kind} ({name})" for kind, name in kinds.items())
        raise SourceUnreadable(
            f"The files of the source are of several kinds: {found}. Name those that are meant with a "
            "pattern such as *.csv, or move the others away."
        )
    return next(iter(kinds))


def _kind_of_file(file: SourceFile) -> str:
    """Recognise the kind by the name, else by the first bytes."""
    by_name = _SUFFIXES.get(_suffix(file))
    if by_name is not None:
        return by_name
    with open_raw(file.path) as raw:
        is_packed = compression_of(raw) is not None
    with open_bytes(file.path) as unpacked:
        head = unpacked.read(HEAD_BYTES)
    if not head:
        raise SourceEmpty(f"{file.name} is empty. A source needs a header line and rows below it.")
    if head.startswith(_PARQUET_MAGIC):
        if is_packed:
            raise SourceUnreadable(
                f"{file.name} is a Parquet file that was compressed as a whole. Unpack it: Parquet "
                "compresses its own columns."
            )
        return PARQUET
    kind = other_kind_of(head)
    if kind is not None and kind.name == WORKBOOK:
        return XLSX
    if codec := utf_16_of_json(head):
        head = head.decode(codec, "replace").encode()
    return NDJSON if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else CSV


def _suffix(file: SourceFile) -> str:
    return uncompressed_name(file.path.name).rpartition(".")[2].lower()


def _tab_of_a_tsv(file: SourceFile) -> str | None:
    """Take the name's word that tabs cut a file, when its header has any."""
    if _suffix(file) not in _TAB_SUFFIXES:
        return None
    with open_bytes(file.path) as text:
        header = text.read(HEAD_BYTES).lstrip(b"\xef\xbb\xbf\r\n").partition(b"\n")[0]
    if header.lower().lstrip(b'"').startswith(b"sep="):
        return None  # the line says it
    return "\t" if b"\t" in header else None
