"""Some rows of a source, by their numbers: those that an earlier import rejected.

Knows numbers and blocks; opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from email_contacts.contacts.errors import SourceChanged
from email_contacts.contacts.sources.rows import Block, Frame


class RowSelection:
    """The rows that are read; the others are passed over, and not counted as read.

    :param numbers: as ``rejects.csv`` has them: from 1, over all files of the source; at least one.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = np.unique(np.fromiter(numbers, np.int64))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._numbers)

    @property
    def last(self) -> int:
        """The highest number."""
        return int(self._numbers[-1])

    def within(self, first: int, count: int) -> Any:
        """Return the numbers of the rows that are wanted of a block, as an array.

        :param first: the number of the block's first row.
        """
        begin, end = np.searchsorted(self._numbers, (first, first + count))
        return self._numbers[begin:end]

    def check(self, found: int, *, source: str) -> None:
        """Check that all rows were found.

        :raises SourceChanged: when the source ends before the last of them.
        """
        if found != len(self):
            raise SourceChanged(
                f"{source} ends before row {self.last:,}, so it is not the file whose rows were rejected, or "
                "not as it was. Import the whole source again, or give a file with the corrected rows only."
            )


def numbered(
    blocks: Iterable[Block],
    selection: RowSelection | None = None,
    look_at: Callable[[Block, int, Any], None] | None = None,
) -> Iterator[tuple[Block, Any]]:
    """Walk blocks with the numbers of their rows.

    :param selection: the rows that are wanted; None: all.
    :param look_at: called with each whole block, the number of its first row and the numbers that are wanted,
        up to the end of the source; None: nothing is read behind the last row that is wanted.
    """
    first = 1
    for block in blocks:
        count = len(block)
        if selection is None:
            yield block, np.arange(first, first + count)
        else:
            numbers = selection.within(first, count)
            if look_at is not None:
                look_at(block, first, numbers)
            if len(numbers):
                yield chosen(block, numbers - first), numbers
        first += count
        if selection is not None and look_at is None and first > selection.last:
            return


def chosen(block: Block, places: Any) -> Block:
    """Return the rows of a block at these places."""
    if not isinstance(block, Frame):
        return [block[place] for place in places.tolist()]
    moved = {old: new for new, old in enumerate(places.tolist())}
    return replace(
        block,
        cells=block.cells[places],
        faults={moved[place]: fault for place, fault in block.faults.items() if place in moved},
        own={moved[place]: cells for place, cells in block.own.items() if place in moved},
        is_odd=None if block.is_odd is None else block.is_odd[places],
    )
