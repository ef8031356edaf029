"""Rows of a JSON file: one object per line (NDJSON), an array of objects, or an object with such an array.

Knows lines and keys; not what the columns mean. The columns are the keys of the first rows, in order of
appearance, and those that the caller expects. Keys that come up later are unknown columns. Objects within
objects are columns named by their path (``nested``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from typing import Any, BinaryIO, TypeGuard, cast

from email_contacts.contacts.column_names import canonical
from email_contacts.contacts.errors import (
    HeaderError,
    InvalidOption,
    NoRows,
    SourceUnreadable,
    UnknownColumns,
)
from email_contacts.contacts.header_names import shown_name
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.compression import open_bytes
from email_contacts.contacts.sources.encoding import (
    HEAD_BYTES,
    AsUtf8,
    encoding_of,
    undecodable_bytes_named,
    utf_16_of_json,
)
from email_contacts.contacts.sources.json_batches import Batch, Mixed
from email_contacts.contacts.sources.json_keys import RepeatedKey, repeated
from email_contacts.contacts.sources.json_layouts import ADVICE as TABLE_ADVICE
from email_contacts.contacts.sources.json_layouts import is_a_table
from email_contacts.contacts.sources.json_lines import JsonLines
from email_contacts.contacts.sources.json_shape import Shape, shape_of
from email_contacts.contacts.sources.json_text import JsonValues
from email_contacts.contacts.sources.nested import TwoValues, flat
from email_contacts.contacts.sources.opt_outs import flag_of, refuse_flags
from email_contacts.contacts.sources.rows import EMPTY, Block, Frame, Row, RowFault, in_blocks

ROWS_LOOKED_AT = 1000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_8, _UTF_16 = ("utf-8", "utf-8-sig", "ascii"), ("utf-16", "utf-16-le", "utf-16-be")


class JsonRows:
    """An opened JSON file, read in blocks.

    :param source: the file.
    :param encoding: None for what its first bytes say: UTF-16, else UTF-8; or one of these.
    :param longest_row: bytes that a line may have.
    :param expected: columns that may come up at any row.
    :param drop_late_columns: whether keys that first come up after the first rows are dropped; else they are
        an error.
    :raises NoRows: when there is no row.
    :raises SourceUnreadable: when none of the first rows is a JSON object, or the only one is a whole table.
    """

    text_only = False
    narrow_columns: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    likely_header: int | None = None

    def __init__(
        self,
        source: AnyPath,
        *,
        encoding: str | None,
        longest_row: int,
        expected: Iterable[str] = (),
        drop_late_columns: bool = False,
    ) -> None:
        self._source = source
        self._longest_row = longest_row
        self._line = 0
        self._drop_late_columns = drop_late_columns
        self._late: dict[str, None] = {}
        self._whole: frozenset[str] = frozenset()  # known when the first rows are read
        self._file: BinaryIO | AsUtf8 = open_bytes(source)
        self._encoding = "utf-8"
        try:
            head = self._checked_head(encoding)
            shape = shape_of(head, is_whole=len(head) < HEAD_BYTES - len(_BYTE_ORDER_MARK))
            self._text = self._opened(head, shape)
            self._batches = self._text.batches()
            self._first = self._first_batches()
            first = list(islice(chain.from_iterable(batch.records for batch in self._first), ROWS_LOOKED_AT))
            if not first:
                raise NoRows(f"{source.name} has no rows: there is no JSON object in it.")
            self._check_keys(first)
            if not any(isinstance(record, dict) for record in first):
                raise SourceUnreadable(
                    f"{source.name} is not JSON with an object in each row: none of the first rows is one. "
                    'Write one object per line, or an array of objects; or give source_format="csv".'
                )
            if len(first) == 1 and isinstance(first[0], dict) and is_a_table(first[0]):
                raise SourceUnreadable(f"{source.name} {TABLE_ADVICE}")
            expected = tuple(expected)
            wanted = set(map(canonical, expected))
            self._whole = frozenset(
                key
                for key, value in _cells_of(first)
                if not isinstance(value, dict) or canonical(key) in wanted
            )
            self._mixed = [key for key in self._whole if canonical(key) not in wanted]
            # An object in a column of other values costs its row; elsewhere it is columns of its own.
            self._places = self._placed(self._flat_ones(first), expected)
            # Keys that are expected and have not come leave empty cells behind those that have.
            self._usual = tuple(self._places)
            from email_contacts.contacts.sources.json_frames import JsonFrames

            self._text.frames = JsonFrames.of(
                first, places=self._places, width=len(self._columns), whole=self._whole
            )
        except BaseException:
            self.close()
            raise

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names: keys of the first rows, then those that are expected."""
        return tuple(self._columns)

    @property
    def late_columns(self) -> tuple[str, ...]:
        """Keys that came up later and were dropped."""
        return tuple(self._late)

    @property
    def reads_ahead(self) -> bool:
        """Whether Arrow reads; where Python itself does, the stages would wait for each other."""
        return self._text.frames is not None

    def blocks(self) -> Iterator[Block]:
        """Walk the rows in blocks, once.

        :raises UnknownColumns: when a key comes up late and such keys are not dropped.
        :raises RowTooLong: when a line is too long.
        :raises SourceUndecodable: when bytes are not in the encoding.
        """
        batches, self._first = chain(self._first, self._batches), []
        for is_read, some in groupby(batches, key=lambda batch: not isinstance(batch, Batch)):
            if not is_read:
                yield from in_blocks(self._rows(cast("Iterator[Batch]", some)))
                continue
            for one in cast("Iterator[Frame | Mixed]", some):
                yield one.completed(self._rows(one.apart)) if isinstance(one, Mixed) else one

    def place(self, row: int) -> str:
        """Say nothing: a file of its own needs no more than the row's number."""
        return ""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _rows(self, batches: Iterable[Batch]) -> Iterator[Row | RowFault]:
        usual, lacking = self._usual, [EMPTY] * (len(self._columns) - len(self._usual))
        for batch in batches:
            records = batch.records
            if batch.is_nested:
                records = [self._flat(one) if isinstance(one, dict) else one for one in records]
            if _have_keys(records, usual):
                rows: Iterable[Row] = ([*record.values(), *lacking] for record in records)
                if batch.has_nulls:
                    rows = ([EMPTY if cell is None else cell for cell in row] for row in rows)
                yield from rows
            else:
                yield from map(self._row, records, batch.lines)

    def _row(self, record: dict[str, Any] | RowFault, line: int) -> Row | RowFault:
        if isinstance(record, RowFault):
            return record
        self._line = line
        cells: Row = [EMPTY] * len(self._columns)
        for key, value in record.items():
            place = self._places.get(key)
            if place is None:
                place = self._place_late(key)
            if place >= 0 and value is not None:
                cells[place] = value
        return cells

    def _first_batches(self) -> list[Batch]:
        found: list[Batch] = []
        count = 0
        while count < ROWS_LOOKED_AT and (batch := next(self._batches, None)):
            found.append(cast("Batch", batch))  # no frames before it is known what the columns are
            count += len(found[-1].records)
        return found

    def _checked_head(self, encoding: str | None) -> bytes:
        head = self._file.read(HEAD_BYTES)
        given = encoding or utf_16_of_json(head)
        self._encoding = encoding_of(head, given=given, name=self._source.name)
        if self._encoding in _UTF_16:
            self.notes = (f"encoding: {self._encoding}",)
            self._file = AsUtf8(cast("BinaryIO", self._file), head, encoding=self._encoding)
            return self._read(HEAD_BYTES)
        if self._encoding not in _UTF_8:
            raise InvalidOption(
                f"{self._source.name} is {self._encoding}, but JSON is UTF-8, or UTF-16 where it says so. "
                "Convert it first."
            )
        return head.removeprefix(_BYTE_ORDER_MARK)

    def _read(self, size: int) -> bytes:
        with undecodable_bytes_named(self._source, self._encoding):
            return self._file.read(size)

    def _opened(self, head: bytes, shape: Shape | None) -> JsonLines | JsonValues:
        name, longest = self._source.name, self._longest_row
        if shape is None:
            return JsonLines(self._read, head, longest=longest, name=name)
        if shape.key:
            self.notes = (
                *self.notes,
                f'the rows are under the key "{shown_name(shape.key)}"',
            )
        return JsonValues(self._read, head, shape, longest=longest, name=name)

    def _flat(self, record: dict[str, Any]) -> dict[str, Any] | RowFault:
        refuse_flags(record, self._mixed, source=self._source.name)
        try:
            return flat(record, whole=self._whole)
        except TwoValues as path:
            return repeated(str(path))

    def _flat_ones(self, first: Iterable[Any]) -> Iterable[dict[str, Any]]:
        found = list(map(self._flat, filter(_is_object, first)))
        self._check_keys(found)
        return filter(_is_object, found)

    def _check_keys(self, first: Sequence[Any]) -> None:
        """See that some row has each key once: else it is not the rows that are wrong, but the file."""
        if set(map(type, first)) == {RepeatedKey}:
            raise SourceUnreadable(f"In each of the first rows of {self._source.name}: {first[0].message}")

    def _placed(self, first: Iterable[dict[str, Any]], expected: Iterable[str]) -> dict[str, int]:
        names = dict.fromkeys(chain.from_iterable(first))
        self._columns = list(names)
        known = {canonical(name) for name in names}
        self._expected = {}
        self._spellings = set(known)
        for name in expected:
            if canonical(name) not in known:
                known.add(canonical(name))
                self._expected[canonical(name)] = len(self._columns)
                self._columns.append(name)
        return {name: place for place, name in enumerate(names)}

    def _place_late(self, key: str) -> int:
        """Find the place of a key that the first rows did not have."""
        name = canonical(key)
        place = self._expected.pop(name, None)
        if place is None and name in self._spellings:
            raise HeaderError(
                f'{self._source.name}, line {self._line}: "{shown_name(key)}" is a second spelling of a key. '
                "Spell each key one way."
            )
        if place is None and flag_of(key) is not None:  # never dropped: it says who must not be written to
            raise UnknownColumns(
                f'{self._source.name}, line {self._line}: "{key}" is a key that none of the first '
                f"{ROWS_LOOKED_AT:,} rows has. Write it in each row: it says who opted out.",
                [key],
            )
        if place is None and not self._drop_late_columns:
            raise UnknownColumns(
                f'{self._source.name}, line {self._line}: "{shown_name(key)}" is a key that none of the '
                f"first {ROWS_LOOKED_AT:,} rows has. Name it in a mapping, or drop unknown columns.",
                [key],
            )
        if place is None:
            self._late[shown_name(key)] = None
            place = _DROPPED
        self._spellings.add(name)
        self._places[key] = place
        return place


_DROPPED = -1  # the place of a key that has none


def _is_object(record: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(record, dict)


def _have_keys(records: Sequence[Any], keys: tuple[str, ...]) -> TypeGuard[Sequence[dict[str, Any]]]:
    """Say whether all are objects with these keys in this order, as nearly all are in most files."""
    return set(map(type, records)) == {dict} and set(map(tuple, records)) == {keys}


def _cells_of(records: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Walk keys and values, but for nulls."""
    for record in records:
        if isinstance(record, dict):
            yield from ((key, value) for key, value in record.items() if value is not None)
