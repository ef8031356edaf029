"""The keys that the first objects of a JSON text have, with their types, as Arrow is asked for them.

Knows objects as Python reads them; not how their text is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from email_contacts.contacts.sources.nested import ATTRIBUTES, path_of

Path = tuple[str, ...]
_TYPES: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}
# Of this share of its values a key has the type; objects with another one are looked at.
_MOST = 0.9


class NotUniform(Exception):
    """The first objects do not say of which type a value is, or where it belongs."""


def fields_of(objects: Sequence[Mapping[str, Any]], whole: Collection[str]) -> list[pa.Field]:
    """Return the keys of objects, each with the type that most of its values have.

    :param whole: keys whose values are cells, whatever they are.
    :raises NotUniform: when one has no such type, or one that Arrow is not asked for.
    """
    values: dict[str, list[Any]] = {}
    for one in objects:
        for key, value in one.items():
            values.setdefault(key, []).append(value)
    return [pa.field(key, _type_of(some, is_whole=key in whole)) for key, some in values.items()]


def _type_of(values: Sequence[Any], *, is_whole: bool) -> pa.DataType:
    kinds = Counter(map(type, values))
    del kinds[type(None)]
    if not kinds:
        return pa.null()
    if kinds[int] and kinds[float]:
        kinds[float] += kinds.pop(int)
    (kind, count), *_ = kinds.most_common(1)
    if count < _MOST * kinds.total():
        raise NotUniform
    filled: list[Any] = [value for value in values if type(value) is kind]
    if kind is dict and not is_whole and (fields := fields_of(filled, ())):
        return pa.struct(fields)
    if kind is list:
        return pa.list_(_type_of_items([item for items in filled for item in items]))
    if kind not in _TYPES:
        raise NotUniform
    return _TYPES[kind]


def _type_of_items(items: Sequence[Any]) -> pa.DataType:
    """Give the type of what lists hold. What objects in lists say does not matter: no contact takes any."""
    kinds = set(map(type, items)) - {type(None)}
    if not kinds:
        return pa.string()
    if len(kinds) > 1 or kinds == {float}:  # to Python, 1 beside 1.5 stays a whole number
        raise NotUniform
    return _type_of(items, is_whole=False)


def keys_of(fields: Iterable[pa.Field]) -> Iterator[str]:
    """Yield all keys, those of objects within included."""
    for field in fields:
        yield field.name
        if pa.types.is_struct(field.type):
            yield from keys_of(field.type)


def leaves_of(fields: Sequence[pa.Field]) -> Iterator[tuple[str, Path]]:
    """Yield the columns that objects become, as ``nested.flat`` names them, and where they are.

    :raises NotUniform: when a name depends on what else an object has.
    """
    keys = {field.name for field in fields}
    for field in fields:
        if not pa.types.is_struct(field.type):
            yield field.name, (field.name,)
            continue
        for inner, path in leaves_of(list(field.type)):
            if field.name == ATTRIBUTES and inner in keys:
                raise NotUniform  # its name depends on what else the object has
            yield path_of(field.name, inner, taken=()), (field.name, *path)
