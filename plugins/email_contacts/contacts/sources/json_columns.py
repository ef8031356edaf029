"""JSON columns of a query as columns of their own, named by their path: ``address.city``.

Knows the rows of a query and their objects. A column is JSON where the driver gives objects (``json`` and
``jsonb`` of PostgreSQL), or where a mapping names a path in it: then text is read as JSON too, as SQLite and
MySQL keep it. Any other text stays text, regardless of what it looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import orjson

from email_contacts.contacts.column_names import canonical
from email_contacts.contacts.errors import UnknownColumns
from email_contacts.contacts.header_names import shown_column, shown_name
from email_contacts.contacts.sources.json_keys import has_repeated_key, key_in, repeated
from email_contacts.contacts.sources.nested import ATTRIBUTES, TwoValues, flat
from email_contacts.contacts.sources.opt_outs import flag_of, flag_within
from email_contacts.contacts.sources.rows import EMPTY, Block, Row, RowFault, Rows
from email_contacts.contacts.sources.sql_rows import SqlRows

_SELECT_IT = "Select it as a column of its own: it says who opted out."
_DROPPED = -1  # the place of a path that has none


def with_json_columns(rows: SqlRows, *, expected: Iterable[str], drop_late_columns: bool) -> Rows:
    """Make columns of the objects in columns.

    :param rows: those of a query.
    :param expected: columns that a mapping names; those that are paths may come up at any row.
    :param drop_late_columns: whether other paths that first come up after the first block are dropped; else
        they are an error.
    :return: the rows themselves where no column is JSON.
    """
    if len(set(rows.columns)) < len(rows.columns):  # reported where the columns are checked
        return rows
    first = rows.first_block()
    paths = [path for path in expected if path not in rows.columns]
    nested = {
        name
        for place, name in enumerate(rows.columns)
        if any(_is_within(path, name) for path in paths) or _holds_objects(first, place)
    }
    watched = [
        place
        for place, name in enumerate(rows.columns)
        if name not in nested and _may_hold_objects(first, place)
    ]
    if not nested:
        return _WatchedRows(rows, watched) if watched else rows
    # What is under "attributes" keeps its own names; so a path below it is no column.
    wanted = [path for path in paths if any(_is_within(path, name) for name in nested - {ATTRIBUTES})]
    return _UnfoldedRows(_WatchedRows(rows, watched), first, nested, wanted, drop_late=drop_late_columns)


class _WatchedRows:
    """Rows whose columns are none of JSON by their first rows, and may hold objects in later ones.

    :param watched: places of the columns that have to be looked at: what opts somebody out is not overlooked.
    """

    text_only = False
    likely_header: int | None = None
    late_columns: tuple[str, ...] = ()

    def __init__(self, rows: SqlRows, watched: Sequence[int]) -> None:
        self._rows = rows
        self._watched = watched
        self.columns, self.reads_ahead, self.notes = rows.columns, rows.reads_ahead, rows.notes
        self.narrow_columns = rows.narrow_columns

    def blocks(self) -> Iterator[Block]:
        count = 0
        for block in self._rows.blocks():
            rows = cast("list[Row | RowFault]", block)
            for place in self._watched:
                for number, row in enumerate(rows, start=count + 1):
                    if isinstance(row, list) and type(row[place]) is dict:
                        self._check(row[place], place, number)
            count += len(rows)
            yield block

    def place(self, row: int) -> str:
        return self._rows.place(row)

    def close(self) -> None:
        self._rows.close()

    def _check(self, cell: dict[str, Any], place: int, number: int) -> None:
        if (flag := flag_within(cell)) is not None:
            column = shown_column(self.columns[place], self.columns)
            raise UnknownColumns(
                f"Row {number:,} of the query has {flag} in an object, in the column {column}, which is "
                f"not read as objects because its first rows have none or other values too. {_SELECT_IT}",
                [self.columns[place]],
            )


class _UnfoldedRows:
    """Rows whose objects are columns."""

    text_only = False
    likely_header: int | None = None

    def __init__(
        self,
        rows: _WatchedRows,
        first: Sequence[Row | RowFault],
        nested: set[str],
        expected: Iterable[str],
        *,
        drop_late: bool,
    ) -> None:
        self._rows = rows
        self._nested = nested
        self._whole = frozenset(rows.columns) - nested
        self._drop_late = drop_late
        self._late: dict[str, None] = {}
        self.reads_ahead, self.notes = rows.reads_ahead, rows.notes
        self.narrow_columns = rows.narrow_columns
        names = dict.fromkeys(name for name in rows.columns if name not in nested)
        names |= dict.fromkeys(
            path for row in map(self._flat, first) if isinstance(row, dict) for path in row
        )
        known = set(map(canonical, names))
        names |= dict.fromkeys(path for path in expected if canonical(path) not in known)
        self.columns = tuple(names)
        self._places = {canonical(name): place for place, name in enumerate(names)}

    @property
    def late_columns(self) -> tuple[str, ...]:
        return tuple(self._late)

    def blocks(self) -> Iterator[Block]:
        count = 0
        for block in self._rows.blocks():
            rows = cast("list[Row | RowFault]", block)
            yield [self._row(self._flat(row), at) for at, row in enumerate(rows, start=count + 1)]
            count += len(rows)

    def place(self, row: int) -> str:
        return self._rows.place(row)

    def close(self) -> None:
        self._rows.close()

    def _flat(self, row: Row | RowFault) -> dict[str, Any] | RowFault:
        if isinstance(row, RowFault):
            return row
        record: dict[str, Any] = {}
        for name, cell in zip(self._rows.columns, row, strict=True):
            if name in self._nested:
                cell = _object_in(cell)
                if isinstance(cell, RowFault):
                    return cell
                if cell is None:
                    named = shown_column(name, self._rows.columns)
                    return RowFault("json", f"The column {named} is neither empty nor a JSON object.")
            record[name] = cell
        try:
            return flat(record, whole=self._whole)
        except TwoValues as path:
            return repeated(str(path))

    def _row(self, record: dict[str, Any] | RowFault, number: int) -> Row | RowFault:
        if isinstance(record, RowFault):
            return record
        cells: Row = [EMPTY] * len(self.columns)
        for path, cell in record.items():
            place = self._places.get(canonical(path))
            if place is None:
                place = self._place_late(path, number)
            if place != _DROPPED and cell is not None:
                cells[place] = cell
        return cells

    def _place_late(self, path: str, number: int) -> int:
        # Never dropped: it says who must not be written to.
        is_flag = flag_of(path) is not None
        if is_flag or not self._drop_late:
            advice = _SELECT_IT if is_flag else "Name it in a mapping, or drop unknown columns."
            raise UnknownColumns(
                f'Row {number:,} of the query has the field "{shown_name(path)}", which none of the first '
                f"rows has. {advice}",
                [path],
            )
        self._late[shown_name(path)] = None
        self._places[canonical(path)] = _DROPPED
        return _DROPPED


def _is_within(path: str, column: str) -> bool:
    return canonical(path).startswith(f"{canonical(column)}.")


def _holds_objects(rows: Sequence[Row | RowFault], place: int) -> bool:
    """Say whether a column has objects, and nothing else but empty cells."""
    cells = (row[place] for row in rows if not isinstance(row, RowFault))
    return {type(cell) for cell in cells if cell != EMPTY} == {dict}


def _may_hold_objects(rows: Sequence[Row | RowFault], place: int) -> bool:
    """Say whether a column that is not read as JSON may hold objects in later rows."""
    cells = (row[place] for row in rows if not isinstance(row, RowFault))
    kinds = {type(cell) for cell in cells if cell != EMPTY}
    return not kinds or not kinds.isdisjoint((dict, list))


def _object_in(cell: Any) -> dict[str, Any] | RowFault | None:
    """Give the object that a cell is, or is the text of; an empty one for an empty cell."""
    if type(cell) is str:
        if not cell.strip():
            return {}
        text = cell.encode(errors="replace")
        try:
            cell = orjson.loads(cell)
        except orjson.JSONDecodeError:
            return None
        if has_repeated_key(text, cell):
            return repeated(key_in(text))
        if cell is None:  # JSON's own null
            return {}
    return cell if type(cell) is dict else None
