"""Values of databases and Parquet as cells: the JSON that says the same.

Knows single values of Python, and frames of them; not what the columns mean. CSV brings text and NDJSON
brings JSON. What a typed source brings becomes JSON here, once, so that the same data gives the same cells.

===========================  ==============================================================================
value                        cell
===========================  ==============================================================================
None                         ``""``, an empty cell
str, bool, int, float        itself (of a float of 32 bits, the shortest decimal that is one); NaN and the
                             infinities too, but the schema sees ``null`` in their place and refuses it
Decimal                      an int when it is whole and below 2**53; a float when it has at most 15
                             significant digits, which a float keeps; else its digits as text
date                         ``YYYY-MM-DD``, as a ``Day``; so is a datetime
datetime, time               ISO 8601 with ``T``, as a ``Day``; the offset stays, nothing is converted
UUID, an IP address          its usual text
list, tuple                  a list of cells; None in it stays None, as NDJSON's ``null`` does
dict                         an object of cells, as NDJSON's objects are; no attribute takes one
anything else                ``Strange``: the row is rejected where it is sent, with the type's name
===========================  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from email_contacts.contacts.sources.rows import EMPTY, Day, Frame, RefusedRow, Row, RowFault, Strange

if TYPE_CHECKING:
    import polars as pl

_WHOLE_BELOW = 1 << 53
_DIGITS_OF_A_FLOAT = 15
_ADDRESSES = (IPv4Address, IPv6Address, IPv4Interface, IPv6Interface, IPv4Network, IPv6Network)


class NoCell(Exception):
    """JSON has nothing of a value's kind; ``str()`` is the name of its type, and the value is not kept."""


def plain(value: Any) -> Any:
    """Turn a value into a cell.

    :param value: what a driver or a frame gives.
    :return: what JSON has, or ``""`` for an empty cell.
    :raises NoCell: when JSON has nothing of the kind.
    """
    return _CELL_OF.get(type(value), _of_a_subclass)(value)


def plain_rows(values: Sequence[Sequence[Any]]) -> list[Row | RowFault]:
    """Turn rows of values into rows of cells.

    :param values: as ``fetchmany`` gives them.
    """
    return list(map(list, zip(*map(_cells, zip(*values, strict=True)), strict=True)))


def _cells(values: Sequence[Any]) -> Sequence[Any]:
    """Turn the values of one column into cells: a column at a time costs a third of a value at a time."""
    kinds = set(map(type, values))
    if kinds <= _UNCHANGED:
        return values
    if kinds <= _UNCHANGED | {type(None)}:
        return [EMPTY if value is None else value for value in values]
    try:
        return [_CELL_OF.get(type(value), _of_a_subclass)(value) for value in values]
    except NoCell:
        return list(map(_cell, values))


def _cell(value: Any) -> Any:
    try:
        return plain(value)
    except NoCell as kind:
        return Strange(str(kind))


def rows_at(frame: Frame, places: Sequence[int]) -> Iterator[Row | RowFault]:
    """Turn some rows of a frame into rows of cells.

    :param places: which, in any order.
    """
    apart = frame.apart
    cells = iter(frame_rows(frame.cells[[place for place in places if place not in apart]]))
    for place in places:
        if place in apart:
            yield apart[place]
            continue
        row, fault = next(cells), frame.faults.get(place)
        if isinstance(fault, RefusedRow):
            yield fault if isinstance(row, RowFault) else replace(fault, cells=row)
        else:
            yield row


def frame_rows(frame: pl.DataFrame) -> list[Row | RowFault]:
    """Turn a frame into rows of cells: the same as ``plain_rows`` of its values.

    Goes by columns: of most types only the nulls are touched.
    """
    return list(map(list, zip(*map(_cells_of, frame.iter_columns()), strict=True)))


def _cells_of(column: pl.Series) -> list[Any]:
    import polars as pl

    from email_contacts.contacts.sources.row_frames import BYTES, DAYS, LISTS_OF_BYTES, NUMERALS, STRANGE

    kind = column.dtype
    if kind == pl.Date:
        return _days(column.cast(pl.String))
    if isinstance(kind, pl.Datetime):
        return _days(column.to_frame().select(iso_text(pl.col(column.name), kind)).to_series())
    if kind == DAYS:
        return _days(column.struct.field("day"))
    if kind == NUMERALS:
        return _numbers(column.struct.field("numeral"))
    if kind == STRANGE:
        return [EMPTY if one is None else Strange(one) for one in column.struct.field("kind").to_list()]
    if kind == BYTES:
        return list(map(_decoded, column.struct.field("bytes").to_list()))
    if kind == LISTS_OF_BYTES:
        return list(map(_decoded_list, column.struct.field("bytes").to_list()))
    cells: list[Any] = values_of(column)
    if kind in (pl.String, pl.Boolean, pl.Float32, pl.Float64) or kind.is_integer():
        return [EMPTY if cell is None else cell for cell in cells] if column.null_count() else cells
    return list(map(_cell, cells))


def _decoded(value: bytes | None) -> Any:
    try:
        return EMPTY if value is None else value.decode()
    except UnicodeDecodeError:
        return Strange("bytes")


def _decoded_list(values: list[bytes | None] | None) -> Any:
    try:
        return EMPTY if values is None else [None if value is None else value.decode() for value in values]
    except UnicodeDecodeError:
        return Strange("bytes")


def texts_of(values: pl.Series) -> pl.Series:
    """Read bytes as UTF-8; null where they are none."""
    import polars as pl

    decoded = map(_decoded, values.to_list())
    return pl.Series(values.name, [cell if type(cell) is str else None for cell in decoded], pl.String)


def _numbers(numerals: pl.Series) -> list[Any]:
    cells = orjson.loads(f"[{','.join(numerals.fill_null('null'))}]")
    return [EMPTY if cell is None else cell for cell in cells]


def values_of(column: pl.Series) -> list[Any]:
    """Give the values of a column, floats of any width as Python has them."""
    import polars as pl

    if column.dtype == pl.Float32:
        column = column.to_frame().select(as_double(pl.col(column.name), column.dtype)).to_series()
    return column.to_list()


def as_double(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Give floats as Python has them; of 32 bits, the decimal that is written for them: 0.1 stays 0.1."""
    import polars as pl

    exact = cell.cast(pl.Float64)
    if dtype != pl.Float32:
        return exact
    return pl.when(exact == exact.floor()).then(exact).otherwise(cell.cast(pl.String).cast(pl.Float64))


def iso_text(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Write date-times as ``datetime.isoformat`` does, also those of years that Python does not have."""
    import polars as pl

    moment = cell.dt.cast_time_unit("us")
    zone = "%:z" if getattr(dtype, "time_zone", None) else ""
    whole, parts = (moment.dt.to_string(f"%Y-%m-%dT%H:%M:%S{fraction}{zone}") for fraction in ("", "%.6f"))
    return pl.when(moment.dt.microsecond() == 0).then(whole).otherwise(parts)


def _days(texts: pl.Series) -> list[str]:
    return [EMPTY if text is None else Day(text) for text in texts.to_list()]


def _decimal(value: Decimal) -> int | float | str:
    if not value.is_finite():
        return float("nan") if value.is_nan() else float(value)
    number = float(value)
    # Sixteen characters hold at most fifteen digits, or are a whole number that is not below this.
    if -1e15 < number < 1e15 and len(str(value)) <= 16:
        return int(number) if number.is_integer() else number
    if value == value.to_integral_value():
        return int(value) if abs(value) < _WHOLE_BELOW else f"{value:f}"
    digits = len(value.normalize().as_tuple().digits)
    return number if digits <= _DIGITS_OF_A_FLOAT else f"{value:f}"


def _inside(value: Any) -> Any:
    if value is None:
        return None
    cell = plain(value)
    return str(cell) if type(cell) is Day else cell


def _list(value: Iterable[Any]) -> list[Any]:
    return list(map(_inside, value))


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    if not all(type(key) is str for key in value):
        raise NoCell("dict")
    return {key: _inside(inner) for key, inner in value.items()}


def _itself(value: Any) -> Any:
    return value


_CELL_OF: dict[type, Callable[[Any], Any]] = {
    type(None): lambda _: EMPTY,
    str: _itself,
    bool: _itself,
    int: _itself,
    float: _itself,
    Decimal: _decimal,
    datetime: lambda value: Day(value.isoformat()),  # before date, whose subclass it is
    date: lambda value: Day(value.isoformat()),
    time: lambda value: Day(value.isoformat()),
    UUID: str,
    **dict.fromkeys(_ADDRESSES, str),  # psycopg's for inet and cidr, of which psycopg2 makes text
    list: _list,
    tuple: _list,
    dict: _object,
}
_UNCHANGED = {kind for kind, cell_of in _CELL_OF.items() if cell_of is _itself}
_BARE: dict[type, Callable[[Any], Any]] = {str: str.__str__, int: int, float: float}


def _of_a_subclass(value: Any) -> Any:
    """Take a subclass for what it is a kind of: enumerations, named tuples, drivers' own dates."""
    for kind, cell_of in (_CELL_OF | _BARE).items():
        if isinstance(value, kind):
            return cell_of(value)
    raise NoCell(type(value).__name__)
