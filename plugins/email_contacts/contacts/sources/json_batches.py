"""Records of a JSON text, many at once, as its readers give them.

Knows what they are, and not how they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from email_contacts.contacts.sources.rows import Frame, Row, RowFault


class Values(NamedTuple):
    """Values that follow one another.

    :param values: as ``orjson`` gives them, or faults.
    :param has_objects_within: whether one of them may hold an object.
    :param has_nulls: whether a ``null`` may be in them.
    """

    values: list[Any]
    has_objects_within: bool
    has_nulls: bool


class Batch(NamedTuple):
    """Records that follow one another, each with its line, or its number in an array."""

    records: Sequence[dict[str, Any] | RowFault]
    lines: Sequence[int]
    is_nested: bool
    has_nulls: bool


class Read(NamedTuple):
    """Objects that were read as a frame.

    :param frame: all of them; those that are set apart are odd, and empty.
    :param places: where those are.
    :param texts: those, to be read one by one.
    """

    frame: Frame
    places: Sequence[int] = ()
    texts: Sequence[bytes] = ()

    def records(self, read: Callable[[Iterable[tuple[int, bytes]]], Iterable[Batch]]) -> Frame | Mixed:
        """Give the frame, with those that are set apart.

        :param read: reads these, each with its place.
        """
        if not self.places:
            return self.frame
        return Mixed(self.frame, self.places, [*read(zip(self.places, self.texts, strict=True))])


class Mixed(NamedTuple):
    """Records most of which a frame has.

    :param frame: all of them; those that are apart are empty in it.
    :param places: where those are.
    :param apart: what they say.
    """

    frame: Frame
    places: Sequence[int]
    apart: Sequence[Batch]

    def completed(self, rows: Iterable[Row | RowFault]) -> Frame:
        """Give the frame with the rows that are apart.

        :param rows: what ``apart`` comes to.
        """
        apart = dict(zip(self.places, rows, strict=True))
        return replace(
            self.frame,
            faults={place: row for place, row in apart.items() if isinstance(row, RowFault)},
            own={place: row for place, row in apart.items() if not isinstance(row, RowFault)},
        )
