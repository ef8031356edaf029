"""Rows of a Parquet file.

Knows record batches and their types; not what the columns mean. Importing it costs pyarrow and polars.

Memory is bounded by the bytes of a batch and the read buffers, however large a row group is: columns are
read through buffers in place of whole column chunks, nothing is fetched ahead, and no second thread holds
batches of its own. Checksums of pages are verified where the file has them, and text is verified to be UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from email_contacts.contacts.errors import SourceEmpty, SourceUnreadable, UnknownColumns
from email_contacts.contacts.paths import AnyPath, local_path
from email_contacts.contacts.sources.nested import path_of
from email_contacts.contacts.sources.opt_outs import flag_of
from email_contacts.contacts.sources.parquet_days import days_within_reach, odd_offset, texts_at_offset
from email_contacts.contacts.sources.row_frames import BYTES
from email_contacts.contacts.sources.rows import Block, Frame

ROWS_IN_A_BATCH = 16_384
_TEXT = pa.string()
_BYTES_IN_A_BATCH = 1 << 24
_LOCAL_BUFFER = 1 << 18  # bytes, for each column
_REMOTE_BUFFER = 1 << 20  # a request to an object store has its price


class ParquetRows:
    """An opened Parquet file, read in blocks of typed frames.

    :param source: the file.
    :raises SourceEmpty: when it has no bytes.
    :raises SourceUnreadable: when it is not a Parquet file, or a damaged one.
    """

    text_only = False
    reads_ahead = True
    late_columns: tuple[str, ...] = ()
    narrow_columns: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    likely_header: int | None = None

    def __init__(self, source: AnyPath) -> None:
        self._source = source
        local = local_path(source)
        self._file = cast("AnyPath", local).open("rb") if local is not None else _open_remote(source)
        try:
            if not self._file.read(1):
                raise SourceEmpty(f"{source.name} is empty. A Parquet file has at least a schema.")
            self._file.seek(0)
            self._parquet = self._opened(_REMOTE_BUFFER if local is None else _LOCAL_BUFFER)
            schema = self._parquet.schema_arrow
            leaves = list(_leaves(schema))
            self.columns = tuple(name for name, _, _ in leaves)
            self.types = tuple(_kind(kind) for _, _, kind in leaves)
            # Frames need names of their own; two equal ones are reported where the columns are checked.
            is_clear = len(set(self.columns)) == len(leaves)
            self._names = self.columns if is_clear else tuple(map(str, range(len(leaves))))
            self._paths = [path for _, path, _ in leaves]
            self._plain_types = [_plain_type(kind) for _, _, kind in leaves]
        except BaseException:
            self.close()
            raise

    def blocks(self) -> Iterator[Block]:
        """Walk the rows in frames, once.

        :raises SourceUnreadable: when what is read is damaged.
        """
        batches = self._parquet.iter_batches(batch_size=self._rows_in_a_batch(), use_threads=False)
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                batch.validate(full=True)
            except (pa.ArrowException, OSError) as error:
                raise self._unreadable(error) from None
            plain = self._plain(batch)
            try:
                frame = cast("pl.DataFrame", pl.from_arrow(plain))
            except pl.exceptions.PolarsError:
                raise self._of_no_type(plain) from None
            yield Frame(frame)

    def place(self, row: int) -> str:
        """Return an empty text: in a single file the row's number is enough."""
        return ""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _plain(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        found = [_within(batch, path) for path in self._paths]
        for name, column in zip(self.columns, found, strict=True):
            if isinstance(column, pa.MapArray):
                self._refuse_flags(name, column)
        columns = list(map(self._cast, self.columns, found, self._plain_types))
        return pa.RecordBatch.from_arrays(columns, names=list(self._names))

    def _refuse_flags(self, name: str, column: pa.MapArray) -> None:
        """Refuse a map that says who opted out: it is one cell, and nobody would see it."""
        keys = column.keys.unique().to_pylist()
        if flag := next((flag for key in keys if type(key) is str and (flag := flag_of(key))), None):
            raise UnknownColumns(
                f'{self._source.name} has {flag} in the map "{name}". Write it as a column of its own: it '
                "says who opted out.",
                [name],
            )

    def _cast(self, name: str, column: pa.Array, kind: pa.DataType) -> pa.Array:
        if isinstance(column.type, pa.UuidType):
            return pa.array([None if uuid is None else str(uuid) for uuid in column.to_pylist()], kind)
        if isinstance(column.type, pa.BaseExtensionType):
            column = column.storage
        column = days_within_reach(column)
        if (offset := odd_offset(column.type)) is not None:
            return texts_at_offset(column, *offset)
        try:
            return column if column.type == kind else column.cast(kind)
        except pa.ArrowInvalid:
            kept = _plain_type(column.type, text=pa.large_binary())
            if kept != kind:  # bytes that are no text, which matter only where they are sent
                return _bytes(column, kept)
            raise SourceUnreadable(
                f'{self._source.name}: the column "{name}" holds values that do not fit into {kind}. '
                "Leave the column out, or write it as text."
            ) from None

    def _of_no_type(self, batch: pa.RecordBatch) -> SourceUnreadable:
        """Name the columns that Polars does not take, such as moments of a time zone that does not exist."""
        named = zip(self.columns, batch.columns, strict=True)
        found = ", ".join(f'"{name}" ({column.type})' for name, column in named if not _is_taken(column))
        return SourceUnreadable(
            f"{self._source.name}: columns of these types are not read: {found}. Leave them out, or write "
            "them as text, and times in UTC."
        )

    def _opened(self, buffer_size: int) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(
                self._file,
                buffer_size=buffer_size,
                pre_buffer=False,
                page_checksum_verification=True,
                # The 64 bits of nanoseconds end in 2262, and what is beyond would become another day.
                coerce_int96_timestamp_unit="us",
            )
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> Exception:
        """Distinguish what is wrong with the file from what is wrong with the disk or the network."""
        if type(error) is not OSError and not isinstance(error, pa.ArrowException):
            return error
        if isinstance(error, OSError) and error.errno is not None:
            return error
        return SourceUnreadable(
            f"{self._source.name} cannot be read as Parquet: it is another kind of file, damaged, or not "
            "complete. Copy it again, or export it again."
        )

    def _rows_in_a_batch(self) -> int:
        """Take fewer rows when they are wide, as their bytes are what memory has to hold."""
        metadata = self._parquet.metadata
        widest = max(
            (group.total_byte_size / max(group.num_rows, 1) for group in _row_groups(metadata)), default=0.0
        )
        return max(64, min(ROWS_IN_A_BATCH, int(_BYTES_IN_A_BATCH / max(widest, 1))))


def _leaves(schema: pa.Schema) -> Iterator[tuple[str, tuple[int, ...], pa.DataType]]:
    """Yield the columns with those within structs: name, places that lead to it, and type."""
    taken = set(schema.names)

    def below(name: str, path: tuple[int, ...], kind: pa.DataType) -> Iterator[Any]:
        if not pa.types.is_struct(kind) or not kind.num_fields:
            yield name, path, kind
            return
        for place, field in enumerate(kind):
            yield from below(path_of(name, field.name, taken=taken), (*path, place), field.type)

    for place, field in enumerate(schema):
        yield from below(field.name, (place,), field.type)


def _within(batch: pa.RecordBatch, path: Sequence[int]) -> pa.Array:
    """Return a column, or one within structs; what is within a null is null."""
    column = batch.column(path[0])
    for place in path[1:]:
        column = column.flatten()[place]
    return column


def _is_taken(column: pa.Array) -> bool:
    try:
        pl.from_arrow(column[:0])
    except pl.exceptions.PolarsError:
        return False
    return True


def _open_remote(source: AnyPath) -> Any:
    """Open a file of an object store without the cache that expects one reader going straight through."""
    if getattr(source, "protocol", None) is None:
        return source.open("rb")
    return cast("Any", source).open("rb", cache_type="none")


def _row_groups(metadata: pq.FileMetaData) -> Iterator[pq.RowGroupMetaData]:
    return map(metadata.row_group, range(metadata.num_row_groups))


def _bytes(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Give bytes as they are; marked where they are text, or lists of texts, but for some of them."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    column = column.cast(kind)
    if kind not in (pa.large_binary(), pa.list_(pa.large_binary())):
        return column
    name = BYTES.fields[0].name
    return pa.StructArray.from_arrays([column], names=[name], mask=column.is_null())


def _plain_type(kind: pa.DataType, text: pa.DataType = _TEXT) -> pa.DataType:
    """Return the type in which polars gets a column: no dictionaries, extensions or 256-bit decimals.

    :param text: the type of bytes that may be text.
    """
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type, text)
    if isinstance(kind, pa.UuidType):
        return pa.string()
    if isinstance(kind, pa.BaseExtensionType):
        return _plain_type(kind.storage_type, text)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return text  # Impala, Hive and old Spark write text without its mark
    if pa.types.is_decimal256(kind):
        return pa.decimal128(38, kind.scale)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain_type(kind.value_type, text))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, _plain_type(field.type, text)) for field in kind])
    return kind


def _kind(kind: pa.DataType) -> str:
    """Name a type so that types of the same cells have the same name, regardless of their width."""
    types = pa.types
    if types.is_dictionary(kind):
        return _kind(kind.value_type)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return f"list of {_kind(kind.value_type)}"
    if types.is_timestamp(kind):
        return "timestamp" if kind.tz is None else f"timestamp in {kind.tz}"
    for name, is_one in (
        (
            "text",
            lambda kind: types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind),
        ),
        ("integer", types.is_integer),
        ("number", types.is_floating),
        ("decimal", types.is_decimal),
        ("date", types.is_date),
        ("time", types.is_time),
        ("nothing", types.is_null),
    ):
        if is_one(kind):
            return name
    return str(kind)
