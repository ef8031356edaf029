"""Contacts and opt-outs as columns of a Parquet file.

Knows which type a column has and how a value gets it; importing it costs pyarrow. What has no column of its
own, or does not fit the type of its column, is kept as JSON in the column ``otherFields``: no value is lost,
and none is guessed at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from email_contacts.api import timestamps
from email_contacts.contacts.mapping.attributes import AccountAttribute
from email_contacts.exports.documents import to_json

OTHER = "otherFields"
_ROWS_IN_A_GROUP = 50_000
_INSTANT = pa.timestamp("us", tz="UTC")
_IDS = pa.list_(pa.int64())
# Identifiers that the platform shows among the attributes (api-contract §3).
_IDENTIFIERS = ("EXT_ID", "SMS", "WHATSAPP", "LANDLINE_NUMBER")
_TYPES = {
    "text": pa.string(),
    "number": pa.float64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "multiple_choice": pa.list_(pa.string()),
}
_FIELDS = {
    "id": pa.int64(),
    "email": pa.string(),
    "emailBlacklisted": pa.bool_(),
    "smsBlacklisted": pa.bool_(),
    "whatsappBlacklisted": pa.bool_(),
    "createdAt": _INSTANT,
    "modifiedAt": _INSTANT,
    "listIds": _IDS,
    "listUnsubscribed": _IDS,
}


class Columns(Protocol):
    """What makes a batch of records."""

    schema: pa.Schema

    def batch(self, rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
        """Make a batch."""


class ParquetTable:
    """A Parquet file, written a row group at a time; until then rows are kept as columns, which are small.

    :param file: to write to.
    """

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        self._columns = columns
        self._writer = pq.ParquetWriter(file, columns.schema, compression="zstd")
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Append rows."""
        if not rows:
            return
        self._batches.append(self._columns.batch(rows))
        self._rows += len(rows)
        if self._rows >= _ROWS_IN_A_GROUP:
            self._flush()

    def close(self) -> None:
        """Write the last row group and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._batches:
            group = pa.Table.from_batches(self._batches, self._columns.schema)
            self._writer.write_table(group, row_group_size=len(group))
        self._batches, self._rows = [], 0


class _OptOutColumns:
    schema = pa.schema(
        {
            "email": pa.string(),
            "ext_id": pa.string(),
            "list": pa.int64(),
            "opted_out_at": _INSTANT,
            "how": pa.string(),
            "contact_id": pa.int64(),
        }
    )

    def batch(self, rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
        return pa.RecordBatch.from_pylist(rows, self.schema)


class _ContactColumns:
    """Columns of contacts; the attributes are one struct, under their own names."""

    def __init__(self, attributes: dict[str, pa.DataType]) -> None:
        self._attributes = attributes
        self._struct = pa.struct(list(attributes.items()))
        self.schema = pa.schema({**_FIELDS, "attributes": self._struct, OTHER: pa.string()})

    def batch(self, rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
        others = [_without(row, _FIELDS.keys() | {"attributes"}) for row in rows]
        arrays = [
            _column([row.get(name) for row in rows], kind, _noting(others, name))
            for name, kind in _FIELDS.items()
        ]
        arrays += [self._attributes_of(rows, others), pa.array(map(_json, others), pa.string())]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _attributes_of(self, rows: Sequence[dict[str, Any]], others: list[dict[str, Any]]) -> pa.Array:
        found: list[dict[str, Any]] = []
        for row, other in zip(rows, others, strict=True):
            attributes = row.get("attributes")
            found.append(attributes if isinstance(attributes, dict) else {})
            if unknown := _without(found[-1], self._attributes.keys()):
                other["attributes"] = unknown
        arrays = [
            _column([one.get(name) for one in found], kind, _noting(others, name, within="attributes"))
            for name, kind in self._attributes.items()
        ]
        return pa.StructArray.from_arrays(arrays, fields=list(self._struct))


def contact_columns(attributes: Iterable[AccountAttribute]) -> Columns:
    """Make the columns of contacts.

    :param attributes: of the account, each with its type.
    """
    kinds = {name: pa.string() for name in _IDENTIFIERS}
    kinds |= {one.name: _TYPES[one.type] for one in attributes if not one.undocumented}
    return _ContactColumns(kinds)


def opt_out_columns() -> Columns:
    """Make the columns of opt-outs."""
    return _OptOutColumns()


def _column(values: list[Any], kind: pa.DataType, misfit: Callable[[int, Any], None]) -> pa.Array:
    """Make an array of a type; a value that does not fit is noted, and null here."""
    # Arrow would take a text for a list of letters, and true for 1.
    types = set(map(type, values)) - {type(None)}
    with suppress(pa.ArrowInvalid, pa.ArrowTypeError, TypeError, OverflowError):
        if types <= _TAKEN.get(kind, {list}):
            return pa.array(values, kind)
        if kind in _WRITTEN and types == {str}:
            texts = pa.array(values, pa.string())
            # Arrow would also take what is not written in full.
            if pc.all(pc.match_substring_regex(texts, _WRITTEN[kind])).as_py():
                return texts.cast(kind)
    read = _READERS.get(kind) or partial(_exactly, kind)
    fitting: list[Any] = []
    for place, value in enumerate(values):
        try:
            fitting.append(None if value is None else read(value))
        except (ValueError, TypeError, OverflowError, pa.ArrowInvalid):  # noqa: PERF203
            fitting.append(None)
            misfit(place, value)
    return pa.array(fitting, kind)


def _noting(
    others: list[dict[str, Any]], name: str, *, within: str | None = None
) -> Callable[[int, Any], None]:
    def note(place: int, value: Any) -> None:
        other = others[place] if within is None else others[place].setdefault(within, {})
        other[name] = value

    return note


def _exactly(kind: pa.DataType, value: Any) -> Any:
    if type(value) not in _TAKEN.get(kind, {list}):
        raise TypeError
    return pa.scalar(value, kind).as_py()


def _instant(value: Any) -> Any:
    return timestamps.parse(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return to_json(value).decode()
    raise TypeError


def _day(value: Any) -> date:
    return date.fromisoformat(value)


#: What the values of a column are where all of them fit; lists elsewhere.
_TAKEN: dict[pa.DataType, set[type]] = {
    pa.string(): {str},
    pa.int64(): {int},
    pa.float64(): {int, float},
    pa.bool_(): {bool},
    pa.date32(): set(),
    _INSTANT: set(),
}
#: How the texts of a column are written that Arrow reads as ``_READERS`` do; all others are read one by one.
_WRITTEN: dict[pa.DataType, str] = {
    pa.date32(): r"^[12]\d{3}-\d\d-\d\d$",
    _INSTANT: r"^[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$",
}
#: How a single value is read, where that is not exactly.
_READERS: dict[pa.DataType, Callable[[Any], Any]] = {
    _INSTANT: _instant,
    pa.date32(): _day,
    pa.string(): _text,
}


def _without(row: dict[str, Any], names: Set[str]) -> dict[str, Any]:
    if row.keys() <= names:
        return {}
    return {name: value for name, value in row.items() if name not in names}


def _json(other: dict[str, Any]) -> str | None:
    return to_json(other).decode() if other else None
