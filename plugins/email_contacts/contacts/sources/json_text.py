"""JSON cut into its values: an array of any size, an object with one under a key, values one after another.

Knows text and brackets; not what the values mean. Brackets outside texts are counted for a block at once, so
memory holds one block and one value, however large the array is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from email_contacts.contacts.errors import RowTooLong, SourceUndecodable, SourceUnreadable
from email_contacts.contacts.header_names import says_who, shown_name
from email_contacts.contacts.sources.json_batches import Batch, Mixed, Read, Values
from email_contacts.contacts.sources.json_keys import has_repeated_key, parsed
from email_contacts.contacts.sources.json_shape import BLANKS, Shape
from email_contacts.contacts.sources.json_value import parse
from email_contacts.contacts.sources.rows import Frame, RowFault

if TYPE_CHECKING:
    from email_contacts.contacts.sources.json_frames import JsonFrames

BLOCK_BYTES, _BYTES_IN_A_FRAME = 1 << 18, 1 << 21
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_OPENING, _CLOSING = b"{[", b"}]"
_STEPS = np.zeros(256, np.int8)
_STEPS[list(_OPENING)], _STEPS[list(_CLOSING)] = 1, -1
# How many objects from the end are tried as the last one of a block, before brackets are counted; and how
# many brackets are looked at for that, as most may be of objects within.
_LAST_ONES_TRIED, _BRACKETS_LOOKED_AT = 3, 64


class JsonValues:
    """The values of a JSON text, in blocks.

    :param read: reads on, so many bytes.
    :param head: what was read already.
    :param shape: where the rows are.
    :param longest: bytes that a value may have.
    :param name: the file's name, for messages.
    """

    def __init__(
        self, read: Callable[[int], bytes], head: bytes, shape: Shape, *, longest: int, name: str
    ) -> None:
        self._read = read
        self._pending = head[shape.start :]
        self._shape = shape
        self._longest = longest
        self._name = name
        self._count = 0
        self._closed = False
        self.frames: JsonFrames | None = None

    def batches(self) -> Iterator[Batch | Frame | Mixed]:
        """Give records, many at once; as frames where ``frames`` can.

        :raises SourceUnreadable: as ``blocks`` does.
        :raises RowTooLong: as ``blocks`` does.
        """
        count = 0
        for block in self.blocks():
            if isinstance(block, Read):
                yield block.records(partial(_one_by_one, count + 1))
                count += len(block.frame)
                continue
            rows = range(count + 1, count + 1 + len(block.values))  # counts objects here
            count = rows[-1]
            records = [
                one
                if isinstance(one, (dict, RowFault))
                else RowFault("json", f"Row {row} is JSON, but not an object.")
                for one, row in zip(block.values, rows, strict=True)
            ]
            yield Batch(records, rows, block.has_objects_within, block.has_nulls)

    def blocks(self) -> Iterator[Values | Read]:
        """Give values, many at once; as frames where ``frames`` can.

        :raises SourceUnreadable: when the text ends too early, or is no JSON between its values.
        :raises RowTooLong: when a value is too long.
        """
        is_last = False
        while not self._closed:
            starts, ends = (), ()
            values = self._up_to_the_last()
            if values is None:
                starts, ends = self._whole_values()
            if values is not None:
                yield values
            elif len(starts):
                yield self._parsed(starts, ends)
            elif len(self._pending) > self._longest:
                raise RowTooLong(
                    f"{self._name}: its row {self._count + 1:,} is longer than {self._longest:,} bytes, more "
                    "than one request may carry (api-contract §2.1). Perhaps a quote is never closed."
                )
            if not self._closed:
                if is_last:
                    self._check_end()
                    return
                block = self._read(BLOCK_BYTES if self.frames is None else _BYTES_IN_A_FRAME)
                is_last = not block
                self._pending += block
        self._check_tail()

    def _up_to_the_last(self) -> Values | Read | None:
        """Parse an array's objects up to the last one but a few, if that is all there is to see.

        What is JSON with a bracket put behind an object ends with that object, for any content of its texts.
        """
        if not self._shape.depth:
            return None
        data = self._pending
        first = len(data) - len(data.lstrip(BLANKS))
        if self._count:
            if data[first : first + 1] != b",":
                return None
            first += 1
        end = len(data)
        tried = 0
        for _ in range(_BRACKETS_LOOKED_AT):
            end = data.rfind(b"{", first, end)
            if end < 0 or tried == _LAST_ONES_TRIED:
                return None
            before = data[first:end].rstrip(BLANKS)
            if not before.endswith(b","):
                continue
            tried += 1
            text = before[:-1]
            if self.frames and (found := self.frames.of_elements(text)):
                self._pending = data[first + len(text) :]
                self._count += len(found.frame)
                return found
            try:
                values: list[Any] = orjson.loads(b"[" + text + b"]")
            except orjson.JSONDecodeError:
                continue
            if set(map(type, values)) != {dict} or has_repeated_key(text, values):
                return None
            self._pending = data[first + len(text) :]
            self._count += len(values)
            return Values(values, text.count(b"{") > len(values), b"null" in text)
        return None

    def _whole_values(self) -> tuple[Any, Any]:
        """Find where the values begin and end that are pending as a whole."""
        data = self._pending
        masked = _ESCAPE.sub(b"__", data) if b"\\" in data else data
        text = np.frombuffer(masked, np.uint8)
        quotes = np.flatnonzero(text == ord('"'))
        brackets = np.flatnonzero(_STEPS[text])
        brackets = brackets[np.searchsorted(quotes, brackets) % 2 == 0]
        steps = _STEPS[text[brackets]]
        levels = np.cumsum(steps, dtype=np.int64)
        below = np.flatnonzero(levels < 0)
        if len(below):
            levels, steps, brackets = levels[: below[0]], steps[: below[0]], brackets[: below[0]]
            self._closed = True
        ends = brackets[(levels == 0) & (steps < 0)] + 1
        starts = brackets[(levels == 1) & (steps > 0)][: len(ends)]
        return starts, ends

    def _parsed(self, starts: Any, ends: Any) -> Values:
        data, first, last = self._pending, int(starts[0]), int(ends[-1])
        self._pending = data[last:]
        between = data[:first].strip(BLANKS)
        if between not in self._separators(self._count):
            raise self._not_rows()
        spans = list(zip(starts.tolist(), ends.tolist(), strict=True))
        text = data[first:last]
        if not self._shape.depth:
            self._check_between(data, spans)
            text = b",".join(data[start:end] for start, end in spans)
        try:
            values: list[Any] = parse(b"[" + text + b"]")
        except orjson.JSONDecodeError:
            values = []
        if len(values) != len(spans) or has_repeated_key(text, values):
            self._check_between(data, spans)
            values = [self._one(data[start:end], place) for place, (start, end) in enumerate(spans)]
        self._count += len(values)
        return Values(values, text.count(b"{") > len(values), b"null" in text)

    def _check_between(self, data: bytes, spans: Sequence[tuple[int, int]]) -> None:
        allowed = self._separators(len(spans))
        for place, ((_, end), (start, _)) in enumerate(pairwise(spans), 1):
            if data[end:start].strip(BLANKS) not in allowed:
                raise self._not_rows(place)

    def _separators(self, before: int) -> tuple[bytes, ...]:
        """Return what may stand before a value, behind so many others; an array's have a comma between."""
        if not before:
            return (b"",)
        return (b",",) if self._shape.depth else (b"", b",")

    def _one(self, text: bytes, place: int) -> Any:
        try:
            return parsed(text)
        except orjson.JSONDecodeError as error:
            try:
                text.decode()
            except UnicodeDecodeError:
                raise SourceUndecodable(
                    f"{self._name} is not UTF-8 in its row {self._count + place + 1:,}. "
                    "Convert it to UTF-8 first."
                ) from None
            return RowFault("json", f"Object {self._count + place + 1:,} is not JSON: {error.msg}.")

    def _check_end(self) -> None:
        if self._shape.depth or self._pending.strip(BLANKS) not in self._trailing:
            raise SourceUnreadable(
                f"{self._name} ends too early, in or behind its row {self._count:,}: a bracket is never "
                "closed. Copy it again, or export it again."
            )

    def _check_tail(self) -> None:
        """See that nothing follows that might be rows."""
        tail = self._pending
        while len(tail) <= self._longest and (block := self._read(BLOCK_BYTES)):
            tail += block
        before, _, behind = (part.strip(BLANKS) for part in tail.partition(b"]"))
        if before not in self._trailing:
            raise self._not_rows()
        if self._shape.depth > 1:
            if _has_further_rows(behind, within=self._shape.depth - 1):
                raise SourceUnreadable(
                    f'{self._name} has more than the rows under "{shown_name(self._shape.key)}": further '
                    "arrays of objects, or a second document. Write the rows that are meant into a file of "
                    "their own."
                )
        elif behind:
            raise SourceUnreadable(f"{self._name} continues after the array of its rows. Export it again.")

    @property
    def _trailing(self) -> tuple[bytes, ...]:
        """What may stand behind the last value: a comma, which some programs write there."""
        return (b"", b",") if self._count else (b"",)

    def _not_rows(self, place: int = 0) -> SourceUnreadable:
        return SourceUnreadable(
            f"{self._name} is not made of JSON objects with commas between them, at its row "
            f"{self._count + place + 1:,}. "
            "Write an array of objects, or one object per line."
        )


def _has_further_rows(behind: bytes, *, within: int) -> bool:
    """Say whether what follows the rows may be rows as well, or is no JSON.

    :param behind: the text behind the array of the rows.
    :param within: how many objects are open around it.
    """
    try:
        level = orjson.loads(b'{"_":' * (within - 1) + b'{"_":0' + behind)
    except orjson.JSONDecodeError:
        return True
    while isinstance(level, dict):
        inner = level.pop("_", 0)
        if any(_are_objects(value) or _holds_people(value) for value in level.values()):
            return True
        level = inner
    return False


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _holds_people(value: Any) -> bool:
    """Say whether an array somewhere in a value has objects with keys that say who somebody is."""
    if _are_objects(value) and any(map(says_who, value[0])):
        return True
    return isinstance(value, dict) and any(map(_holds_people, value.values()))


def _one_by_one(first: int, objects: Iterable[tuple[int, bytes]]) -> Iterator[Batch]:
    for place, text in objects:
        yield Batch([parsed(text)], (first + place,), text.find(b"{", 1) >= 0, has_nulls=True)
