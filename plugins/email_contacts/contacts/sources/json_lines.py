"""Lines of JSON, parsed many at once where each is an object by itself, else one by one.

Knows lines; not what the columns mean.
"""

from __future__ import annotations

import secrets
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from email_contacts.contacts.errors import RowTooLong, SourceUndecodable
from email_contacts.contacts.sources.json_batches import Batch, Mixed, Values
from email_contacts.contacts.sources.json_keys import has_repeated_key, parsed
from email_contacts.contacts.sources.rows import Frame, RowFault

if TYPE_CHECKING:
    from email_contacts.contacts.sources.json_frames import JsonFrames

_BLOCK_BYTES = 1 << 18
_BYTES_IN_A_FRAME = 1 << 21
# Nobody who writes a file can know it.
_SENTINEL = secrets.token_hex()
_BETWEEN = f',"{_SENTINEL}",'.encode()


class JsonLines:
    """The lines of a JSON text, in batches.

    :param read: reads on, so many bytes.
    :param head: what was read already.
    :param longest: bytes that a line may have.
    :param name: the file's name, for messages.
    """

    def __init__(self, read: Callable[[int], bytes], head: bytes, *, longest: int, name: str) -> None:
        self._read = read
        self._head = head
        self._longest_row = longest
        self._name = name
        self._line = 0
        self.frames: JsonFrames | None = None

    def batches(self) -> Iterator[Batch | Frame | Mixed]:
        """Give records, many at once; as frames where ``frames`` can.

        :raises RowTooLong: when a line is too long.
        :raises SourceUndecodable: when a line is not UTF-8.
        """
        for line, text in self._texts():
            if self.frames and (found := self.frames.of_lines(text, longest=self._longest_row)):
                yield found.records(partial(self._one_by_one, line))
                continue
            lines = text.removesuffix(b"\n").split(b"\n")
            if max(map(len, lines)) <= self._longest_row and (values := _values_of(lines)):
                numbers = range(line, line + len(lines))
                yield Batch(values.values, numbers, values.has_objects_within, values.has_nulls)
            else:
                yield from self._one_by_one(line, enumerate(lines))

    def _texts(self) -> Iterator[tuple[int, bytes]]:
        """Cut blocks behind lines; object stores' files differ in how they do it themselves."""
        pending, line = self._head, 1
        while True:
            end = pending.rfind(b"\n") + 1
            text, pending = pending[:end], pending[end:]
            if text:
                yield line, text
            line += text.count(b"\n")
            if len(pending) > self._longest_row:
                raise self._too_long(line)
            block = self._read(_BLOCK_BYTES if self.frames is None else _BYTES_IN_A_FRAME)
            if not block:
                if pending:
                    yield line, pending + b"\n"
                return
            pending += block

    def _one_by_one(self, first: int, lines: Iterable[tuple[int, bytes]]) -> Iterator[Batch]:
        for place, line_of_file in lines:
            number = first + place
            text = line_of_file.removeprefix(BOM_UTF8)  # where files with one were joined
            if not text or text.isspace():
                continue
            self._line = number
            yield Batch([self._parsed(text)], (number,), text.find(b"{", 1) >= 0, has_nulls=True)

    def _parsed(self, line: bytes) -> dict[str, Any] | RowFault:
        if len(line) > self._longest_row:
            raise self._too_long(self._line)
        try:
            record = parsed(line)
        except orjson.JSONDecodeError as error:
            return self._fault(line, error)
        if isinstance(record, (dict, RowFault)):
            return record
        return RowFault("json", f"Line {self._line} is JSON, but not an object.")

    def _fault(self, line: bytes, error: orjson.JSONDecodeError) -> RowFault:
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as undecodable:
            raise SourceUndecodable(
                f"{self._name} is not UTF-8: line {self._line} holds the byte "
                f"0x{line[undecodable.start]:02X} at its position {undecodable.start + 1}. "
                "Convert it to UTF-8 first."
            ) from None
        if line.rstrip().endswith(b","):
            return RowFault("json", f"Line {self._line} ends with a comma, which is not JSON: remove it.")
        return RowFault("json", f"Line {self._line} is not JSON: {error.msg} at its position {error.colno}.")

    def _too_long(self, line: int) -> RowTooLong:
        return RowTooLong(
            f"{self._name}, line {line} is longer than {self._longest_row:,} bytes, more than one "
            "request may carry (api-contract §2.1). NDJSON needs one object per line."
        )


def _values_of(lines: list[bytes]) -> Values | None:
    """Parse many lines at once.

    A text that no line holds goes between them as a value of its own: a line that is not a whole value cannot
    be completed by the next one without it being missed.

    :return: None where not every line is an object by itself, and each has to be looked at.
    """
    text = _BETWEEN.join(lines)
    try:
        values: list[Any] = orjson.loads(b"[" + text + b"]")
    except orjson.JSONDecodeError:
        return None
    objects, between = values[::2], values[1::2]
    if between != [_SENTINEL] * (len(lines) - 1) or set(map(type, objects)) != {dict}:
        return None
    if has_repeated_key(text, objects):
        return None
    return Values(objects, text.count(b"{") > len(objects), b"null" in text)
