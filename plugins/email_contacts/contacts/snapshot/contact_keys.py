"""Who a contact is, read back from what is sent for it.

Knows the forms of ``batches.forms``. A contact is known by its first identifier in the order of
``IDENTIFIERS``, as in ``batches.identity``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson

from email_contacts.contacts.batches.forms import SEPARATORS
from email_contacts.contacts.choices import FILE_BODY, JSON_BODY
from email_contacts.contacts.column_names import EMAIL, IDENTIFIERS

_IN_ATTRIBUTES = tuple(name for name in IDENTIFIERS if name != EMAIL)
Pieces = Iterable["bytes | memoryview"]


def key_of(attribute: str, value: str) -> bytes:
    """Write an identifier as it is digested."""
    return f"{attribute}\0{value}".encode()


def key_reader(body: str, head: bytes) -> Callable[[Pieces], Iterator[bytes]]:
    """Return the function that reads who contacts are.

    :param body: the form that they are written in.
    :param head: what a body begins with: in a CSV the header.
    """
    if body == JSON_BODY:
        return _keys_in_json
    values_of = _csv_reader(body, head)
    return lambda pieces: map(_key, values_of(pieces))


def identifier_reader(body: str, head: bytes) -> Callable[[Pieces], Iterator[dict[str, str]]]:
    """Return the function that reads all identifiers of contacts: attribute → value.

    :param body: the form that they are written in.
    :param head: what a body begins with: in a CSV the header.
    """
    if body == JSON_BODY:
        return _identifiers_in_json
    values_of = _csv_reader(body, head)

    def identifiers(pieces: Pieces) -> Iterator[dict[str, str]]:
        for values in values_of(pieces):
            yield {name: values[name] for name in IDENTIFIERS if values.get(name)}

    return identifiers


def csv_header(body: str, head: bytes) -> list[str]:
    """Return the attributes of a CSV, in the order of its cells.

    :param body: the form that it is written in.
    :param head: what a body begins with.
    """
    return _cells(_text(body, head[1:] if body == FILE_BODY else head, body_end=len(SEPARATORS[body])))


def _csv_reader(body: str, head: bytes) -> Callable[[Pieces], Iterator[dict[str, str]]]:
    end, header = len(SEPARATORS[body]), csv_header(body, head)

    def values(pieces: Pieces) -> Iterator[dict[str, str]]:
        for piece in pieces:
            yield dict(zip(header, _cells(_text(body, bytes(piece), body_end=end)), strict=False))

    return values


def _identifiers_in_json(pieces: Pieces) -> Iterator[dict[str, str]]:
    for piece in pieces:
        contact = orjson.loads(piece[:-1])
        values = contact["attributes"]
        given = {name: values[name] for name in _IN_ATTRIBUTES if name in values}
        yield {EMAIL: contact["email"], **given} if "email" in contact else given


def _keys_in_json(pieces: Pieces) -> Iterator[bytes]:
    for piece in pieces:
        contact = orjson.loads(piece[:-1])
        yield key_of(EMAIL, contact["email"]) if "email" in contact else _key(contact["attributes"])


def _key(values: Mapping[str, Any]) -> bytes:
    attribute = next(name for name in IDENTIFIERS if values.get(name))
    return key_of(attribute, values[attribute])


def _text(body: str, line: bytes, *, body_end: int) -> str:
    """Return a line of a CSV without its end."""
    bare = line[:-body_end]
    return str(orjson.loads(b'"' + bare + b'"')) if body == FILE_BODY else bare.decode()


def _cells(line: str) -> list[str]:
    return next(csv.reader(io.StringIO(line, newline=""), delimiter=";"))
