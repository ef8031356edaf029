"""The rows of an import's source, one at a time: a JSON array or a CSV, read as a stream.

Memory does not grow with the file. Knows nothing of the database.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import orjson

_CHUNK = 1 << 20
_LONGEST_ITEM = 16 << 20
_DELIMITERS = (";", ",", "\t")
_BLANKS = " \t\r\n"


class BadSource(ValueError):
    """The source cannot be read as what it claims to be; the message repeats none of it."""


class SourceRow(NamedTuple):
    """One row: its number from 1, and its fields by upper-case name, EMAIL among them."""

    number: int
    fields: dict[str, Any]


def read(path: Path, form: str) -> Iterator[SourceRow]:
    """Read the rows of a source.

    :param path: a file.
    :param form: ``json`` (an array of ``{"email", "attributes"}``), ``ndjson`` (such an object in each line,
        as :func:`write_lines` leaves them) or ``csv`` (a header line, then rows).
    :raises BadSource: when it is malformed, at the row where that shows.
    """
    if form == "ndjson":
        yield from _json_rows(_lines(path))
        return
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="" if form == "csv" else None) as text:
        try:
            yield from _json_rows(_items(text)) if form == "json" else _csv_rows(text)
        except UnicodeDecodeError as error:
            raise BadSource("the bytes are neither UTF-8 nor Windows-1252") from error


def write_lines(items: Iterable[Any], path: Path) -> None:
    """Keep the items of a ``jsonBody`` for later, in the form that reads back fastest."""
    with path.open("wb") as file:
        file.writelines(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in items)


def _lines(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        yield from map(orjson.loads, file)


def _encoding(path: Path) -> str:
    """Return UTF-8 (a byte order mark is dropped) where the bytes allow it, otherwise Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        try:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _json_rows(items: Iterable[Any]) -> Iterator[SourceRow]:
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise BadSource(f"item {number} is not an object")
        attributes = item.get("attributes")
        fields: dict[str, Any] = {}
        if isinstance(attributes, dict):
            fields = {name.upper(): value for name, value in attributes.items()}
        if "email" in item:
            fields["EMAIL"] = item["email"]
        yield SourceRow(number, fields)


def _items(text: TextIO) -> Iterator[Any]:
    """Yield the items of a JSON array without ever holding all of it."""
    decode = json.JSONDecoder().raw_decode
    buffer = text.read(_CHUNK).lstrip(_BLANKS)
    if not buffer.startswith("["):
        raise BadSource("the JSON is not an array")
    position, ended, first = 1, False, True
    while True:
        position = _past(buffer, position, _BLANKS)
        if position < len(buffer) and buffer[position] == "]":
            if buffer[position + 1 :].strip(_BLANKS) or text.read().strip(_BLANKS):
                raise BadSource("there is something after the JSON array")
            return
        try:
            start = position if first else _past_comma(buffer, position)
            item, end = decode(buffer, start)
        except (json.JSONDecodeError, IndexError) as error:
            more = "" if ended else text.read(_CHUNK)
            ended = not more
            if ended or len(buffer) - position > _LONGEST_ITEM:
                raise BadSource("the JSON is malformed or ends too early") from error
            buffer, position = buffer[position:] + more, 0
            continue
        except RecursionError as error:
            raise BadSource("the JSON is nested too deeply") from error
        position, first = end, False
        yield item


def _past_comma(buffer: str, position: int) -> int:
    if buffer[position] != ",":
        raise BadSource("the JSON lacks a comma between two items")
    return _past(buffer, position + 1, _BLANKS)


def _past(buffer: str, position: int, blanks: str) -> int:
    while position < len(buffer) and buffer[position] in blanks:
        position += 1
    return position


def _csv_rows(text: TextIO) -> Iterator[SourceRow]:
    head = text.readline()
    if not head.strip():
        raise BadSource("the CSV has no header line")
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        names = next(csv.reader(io.StringIO(head), delimiter=delimiter))
        header = [name.strip().upper() for name in names]
        number = 0
        for cells in csv.reader(text, delimiter=delimiter):
            if cells:
                number += 1
                yield SourceRow(number, dict(zip(header, map(str.strip, cells), strict=False)))
    except csv.Error as error:
        raise BadSource(
            "the CSV is malformed: a quote, a header of several lines or an oversize cell"
        ) from error
