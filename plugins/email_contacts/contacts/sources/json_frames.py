"""JSON objects made columns many at once, where it is certain that Python would read the same.

Knows the keys and types that the first objects have. Arrow is asked for exactly those: it refuses a key that
is new, one that comes twice in an object, and a value of another type. What it reads but Python would not,
or would otherwise, is looked for here. Whatever is not certain is left to be read object by object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, cast

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.json

from email_contacts.contacts.sources.byte_positions import Positions
from email_contacts.contacts.sources.json_batches import Read
from email_contacts.contacts.sources.json_fields import NotUniform, Path, fields_of, keys_of, leaves_of
from email_contacts.contacts.sources.json_numbers import (
    POINT_BEHIND_A_DIGIT,
    are_decimals,
    have_points,
    may_have_whole_decimals,
    numerals,
)
from email_contacts.contacts.sources.json_odd_objects import elements, set_apart
from email_contacts.contacts.sources.json_value import parse
from email_contacts.contacts.sources.nested import path_of
from email_contacts.contacts.sources.rows import Frame

_OPENING, _CLOSING, _NEWLINE, _RETURN = b"{}\n\r"
_ROWS = "rows"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Arrow's own pool keeps tens of megabytes of what blocks have freed.
_POOL = pa.system_memory_pool()
# After blocks that Arrow could not read, at most so many are not tried.
_LONGEST_PAUSE = 64


class JsonFrames:
    """Reads objects as frames.

    :param fields: the keys of the first objects, with their types.
    :param places: where each column is, by its name.
    :param width: how many columns there are; those that no key leads to are empty.
    """

    def __init__(self, fields: Sequence[pa.Field], places: Mapping[str, int], width: int) -> None:
        self._fields = list(fields)
        self._leaves = [(path, places[name]) for name, path in leaves_of(fields)]
        self._keys_have_points = any(re.search(POINT_BEHIND_A_DIGIT, key) for key in keys_of(fields))
        self._places = places
        self._width = width
        self._pause = self._failed = 0
        self._had_odd_ones = False

    @classmethod
    def of(
        cls, first: Iterable[Any], *, places: Mapping[str, int], width: int, whole: Collection[str]
    ) -> JsonFrames | None:
        """Give the reader for objects such as these.

        :param first: the first objects, and faults.
        :param whole: keys whose values are cells, whatever they are.
        :return: None where each object has to be looked at.
        """
        try:
            fields = fields_of([one for one in first if isinstance(one, dict)], whole)
            names = [name for name, _ in leaves_of(fields)]
        except NotUniform:
            return None
        return cls(fields, places, width) if len(names) == len(set(names)) else None

    def of_lines(self, text: bytes, *, longest: int) -> Read | None:
        """Read lines each of which is an object.

        :param text: whole lines.
        :param longest: bytes that a line may have.
        :return: None where each line has to be looked at.
        """
        if self._is_paused():
            return None
        data = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(data == _NEWLINE)
        last = ends - 1 - (data[ends - 1] == _RETURN)
        # No value of JSON goes on behind a bracket that closes with one that opens: so no object has two
        # lines, and when there are as many objects as lines each line is one.
        is_clear = data[0] == _OPENING and (data[last] == _CLOSING).all()
        is_clear = is_clear and (data[ends[:-1] + 1] == _OPENING).all()
        is_clear = is_clear and np.diff(ends, prepend=-1).max() <= longest
        if not is_clear:
            return self._counted(None)
        starts = np.concatenate(([0], ends[:-1] + 1))
        return self._counted(self._read(text, lambda: (starts, ends), partial(self._lines, count=len(ends))))

    def of_elements(self, text: bytes) -> Read | None:
        """Read what stands between the brackets of an array of objects.

        :return: None where each object has to be looked at.
        """
        if self._is_paused():
            return None
        found = self._read(text, lambda: elements(text), self._elements)
        # What looks like an object within a text is none by itself: its quotes are escaped.
        is_clear = found is not None and all(map(_is_object, found.texts))
        return self._counted(found if is_clear else None)

    def _read(
        self,
        text: bytes,
        spans: Callable[[], tuple[Positions, Positions]],
        read: Callable[[bytes], Frame | None],
    ) -> Read | None:
        """Read objects; where that fails, or did for those before, without the odd ones.

        :param spans: gives where they begin and end.
        """
        frame = None if self._had_odd_ones else read(text)
        if frame is not None:
            return Read(frame)
        starts, ends = spans()
        apart = set_apart(text, starts, ends)
        had_some, self._had_odd_ones = self._had_odd_ones, apart is not None
        if apart is None:
            frame = read(text) if had_some else None
            return None if frame is None else Read(frame)
        frame = read(apart.text)
        if frame is None or len(frame) != len(ends):
            return None
        is_odd = np.zeros(len(frame), bool)
        is_odd[apart.places] = True
        return Read(replace(frame, is_odd=is_odd), apart.places, apart.texts)

    def _lines(self, text: bytes, *, count: int) -> Frame | None:
        # Arrow parses the halves at the same time; it finds the line that ends the first one.
        return self._frame(text, self._fields, count, block_bytes=len(text) // 2 + 1)

    def _elements(self, text: bytes) -> Frame | None:
        rows = [pa.field(_ROWS, pa.list_(pa.struct(self._fields)))]
        text = b'{"%b":[%b]}\n' % (_ROWS.encode(), text)
        return self._frame(text, rows, None, block_bytes=len(text) + 1)

    def _frame(
        self, text: bytes, fields: Sequence[pa.Field], count: int | None, *, block_bytes: int
    ) -> Frame | None:
        try:
            text.decode()
            table = pyarrow.json.read_json(
                pa.BufferReader(text),
                read_options=pyarrow.json.ReadOptions(block_size=block_bytes),
                parse_options=pyarrow.json.ParseOptions(
                    explicit_schema=pa.schema(fields), unexpected_field_behavior="error"
                ),
                memory_pool=_POOL,
            ).combine_chunks(memory_pool=_POOL)
        except (UnicodeDecodeError, pa.ArrowInvalid):
            return None
        if table.num_rows != (1 if count is None else count):
            return None
        columns = {name: table.column(name).chunk(0) for name in table.column_names}
        if count is None:
            objects = columns[_ROWS].values
            if objects.null_count:
                return None
            count = len(objects)
            columns = dict(zip((field.name for field in self._fields), objects.flatten(), strict=True))
        may_have_nulls = cache(lambda: b"null" in text)  # asked rarely, and takes a tenth of what Arrow does
        cells: list[pl.Series] = [pl.repeat(None, count, dtype=pl.String, eager=True)] * self._width
        for path, place in self._leaves:
            column = self._within(columns, path, may_have_nulls=may_have_nulls)
            if column is None:
                return None
            if not pa.types.is_null(column.type):
                cells[place] = cast("pl.Series", pl.from_arrow(_without_contents(column)))
        if not self._have_numbers_as_written(text, cells):
            return None
        named = {str(place): some for place, some in enumerate(cells)}
        lacks = "".join(one for one in ";\\'" if one.encode() not in text)
        return Frame(pl.DataFrame(named), is_unescaped=b"\\" not in text, lacks=lacks)

    def _have_numbers_as_written(self, text: bytes, cells: list[pl.Series]) -> bool:
        """Put numerals in the place of floats some of which were whole numbers; False where none can say."""
        places = [
            place
            for place, column in enumerate(cells)
            if column.dtype.is_float() and not are_decimals(column)
        ]
        if not places or (not self._keys_have_points and have_points(text, cells)):
            return True
        if may_have_whole_decimals(text):
            return False
        for place in places:
            as_written = numerals(cells[place])
            if as_written is None:
                return False
            cells[place] = as_written
        return True

    def _within(self, columns: Mapping[str, Any], path: Path, *, may_have_nulls: Callable[[], bool]) -> Any:
        """Give the column at a path; None where an object on the way may be ``null``, a cell of its own."""
        column, name = columns[path[0]], path[0]
        for key in path[1:]:
            if column.null_count and name not in self._places and may_have_nulls():
                return None
            # Unlike field(), it takes the nulls of the object itself along.
            column = column.flatten()[column.type.get_field_index(key)]
            name = path_of(name, key, taken=())
        return column

    def _is_paused(self) -> bool:
        """Say whether not to try: where objects were not uniform, the next ones rarely are."""
        self._pause -= self._pause > 0
        return self._pause > 0

    def _counted(self, found: Read | None) -> Read | None:
        self._failed = 0 if found is not None else self._failed + 1
        self._pause = min(2**self._failed, _LONGEST_PAUSE) if found is None else 0
        return found


def _is_object(text: bytes) -> bool:
    try:
        return type(parse(text)) is dict
    except orjson.JSONDecodeError:
        return False


def _without_contents(column: Any) -> Any:
    """Empty the objects in lists: no contact takes any, and they may be most of a file."""
    if not pa.types.is_list(column.type) or not pa.types.is_struct(column.type.value_type):
        return column
    values = column.values
    objects = pa.StructArray.from_arrays([pa.nulls(len(values))], names=[""], mask=values.is_null())
    own = column.buffers()[:2]  # which lists are null, and where each begins
    kind = pa.list_(objects.type)
    return pa.Array.from_buffers(kind, len(column), own, column.null_count, column.offset, [objects])
