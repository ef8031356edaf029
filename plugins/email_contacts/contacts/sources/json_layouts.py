"""A table that was written as one JSON object: column by column, or its cells apart from its names.

Knows the layouts of pandas' ``to_json``: ``orient="columns"``, its default, ``"index"`` and ``"split"``; and
an array for each column, as other tools write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from email_contacts.contacts.header_names import says_who

ADVICE = (
    "is one JSON object that holds a whole table, by its columns or by its row numbers. Write an object for "
    'each row; pandas does so with df.to_json(path, orient="records", lines=True).'
)


def is_a_table(record: Mapping[str, Any]) -> bool:
    """Return whether the only object of a text is certainly a table and not a row."""
    return _is_split(record) or _is_by_columns(record) or _is_by_row_numbers(record)


def _is_split(record: Mapping[str, Any]) -> bool:
    names, rows = record.get("columns"), record.get("data")
    return (
        isinstance(names, list)
        and isinstance(rows, list)
        and all(isinstance(row, list) and len(row) == len(names) for row in rows)
    )


def _is_by_columns(record: Mapping[str, Any]) -> bool:
    """Say whether each value is a column, and one of them is of people's identifiers."""
    if not any(map(says_who, record)):
        return False
    if all(isinstance(column, list) for column in record.values()):
        (length, *others) = {len(column) for column in record.values()}
        return not others and (length > 1 or len(record) > 1)
    return _have_same_keys(record) and all(map(str.isdecimal, next(iter(record.values()))))


def _is_by_row_numbers(record: Mapping[str, Any]) -> bool:
    """Say whether each value is a row, and its key the row's number."""
    return bool(record) and all(map(str.isdecimal, record)) and _have_same_keys(record)


def _have_same_keys(record: Mapping[str, Any]) -> bool:
    values = list(record.values())
    return all(isinstance(value, dict) for value in values) and len({frozenset(one) for one in values}) == 1
