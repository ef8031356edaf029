"""Valid contacts as they are sent, many at once.

Knows bytes, lengths and row numbers; nothing of what is in them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias

import numpy as np

Bytes: TypeAlias = "bytes | memoryview"
Numbers = Any  # numpy.ndarray
_FEW = 2


@dataclass(frozen=True)
class Contacts:
    """Some contacts, in the order of their rows.

    :param pieces: what is sent for them, one after the other, each with its separator; cut anywhere.
    :param lengths: bytes of each.
    :param rows: the number of each one's row.
    """

    pieces: Sequence[Bytes]
    lengths: Numbers
    rows: Numbers

    @property
    def data(self) -> Bytes:
        """The same in one piece."""
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)

    def merged(self, others: Contacts) -> Contacts:
        """Put others among these, in the order of their rows.

        :param others: of other rows, and few: each costs a cut.
        """
        places = np.searchsorted(self.rows, others.rows)
        ends = np.concatenate(([0], np.cumsum(self.lengths, dtype=np.int64)))
        cuts = ends[places].tolist()
        data, between = memoryview(self.data), memoryview(others.data)
        pieces: list[Bytes] = []
        at, first = 0, 0
        for cut, length in zip(cuts, others.lengths.tolist(), strict=True):
            pieces += (data[at:cut], between[first : first + length])
            at, first = cut, first + length
        return Contacts(
            [b"".join([*pieces, data[at:]])],
            np.insert(self.lengths, places, others.lengths),
            np.insert(self.rows, places, others.rows),
        )

    def only(self, kept: Any) -> Chosen:
        """Choose some of them.

        :param kept: for each whether it is chosen.
        """
        ends = np.cumsum(self.lengths, dtype=np.int64)
        places = np.flatnonzero(kept)
        return Chosen(memoryview(self.data), ends - self.lengths, ends, places, self.rows[places])


@dataclass(frozen=True)
class Chosen:
    """Some of some contacts; nothing is copied.

    :param data: of all of them.
    :param starts: where each of all begins.
    :param ends: where each of all ends.
    :param places: which are chosen.
    :param rows: the rows of those.
    """

    data: memoryview
    starts: Numbers
    ends: Numbers
    places: Numbers
    rows: Numbers

    def __len__(self) -> int:
        """Count those that are chosen."""
        return len(self.places)

    def only(self, kept: Any) -> Chosen:
        """Choose some of those that are chosen.

        :param kept: for each of them whether it is.
        """
        return Chosen(self.data, self.starts, self.ends, self.places[kept], self.rows[kept])

    @property
    def sizes(self) -> Numbers:
        """Bytes of each that is chosen."""
        return (self.ends - self.starts)[self.places]

    def each(self) -> Iterator[memoryview]:
        """Yield the bytes of each that is chosen, with its separator."""
        starts, ends = self.starts[self.places].tolist(), self.ends[self.places].tolist()
        return (self.data[start:end] for start, end in zip(starts, ends, strict=True))

    def pieces(self, first: int, stop: int) -> Iterator[Bytes]:
        """Yield the bytes of some, by their order among those that are chosen; neighbours are one piece.

        Few of many are copied: a piece of ``data`` keeps all of it in memory, until a body is full.
        """
        places = self.places[first:stop]
        breaks = np.flatnonzero(np.diff(places) != 1)
        starts = self.starts[places[np.concatenate(([0], breaks + 1))]]
        ends = self.ends[places[np.concatenate((breaks, [len(places) - 1]))]]
        pieces = (self.data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True))
        if int((ends - starts).sum()) * _FEW < len(self.data):
            yield b"".join(pieces)
        else:
            yield from pieces


class Window:
    """The bytes of a file, from its start to its end, some at a time.

    A file on this machine is looked at where the kernel has it; any other is read.

    :param file: opened for reading, at its start.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0
        try:
            self._descriptor: int | None = file.fileno()
            file.flush()
        except (AttributeError, OSError):
            self._descriptor = None

    def next(self, size: int) -> Bytes:
        """Return the next bytes."""
        if self._descriptor is None or not size:
            return self._file.read(size)
        skipped = self._at % mmap.ALLOCATIONGRANULARITY
        mapped = mmap.mmap(
            self._descriptor, size + skipped, offset=self._at - skipped, access=mmap.ACCESS_READ
        )
        self._at += size
        return memoryview(mapped)[skipped:]
