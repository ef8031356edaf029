"""Records of digests, and how so many are sorted that memory does not hold them.

Knows numbers and files. Records are spread over files by the first bits of a digest, so that the files one
after the other, each sorted separately, are all of them sorted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.snapshot.digests import DIGEST, LAST_BIT, Digests

# A confirmed contact: what was sent for it, and who it is. The last bit of ``key_low`` says that the platform
# rejected it. One whose row is in the source and was not sent has its key in place of what was sent.
CONTACT = np.dtype([("high", "<u8"), ("low", "<u4"), ("key", "<u8"), ("key_low", "<u4")])
# A contact that is to be sent, and its row.
SENT = np.dtype([*CONTACT.descr, ("row", "<u4")])
# A contact of today, and its row.
TODAY = np.dtype([*DIGEST.descr, ("row", "<u4")])
REJECTED = LAST_BIT
Records = Any  # numpy.ndarray of one of these

# Each is an open file; of ten million records one has 300,000.
BUCKETS = 32


def _shift(buckets: int) -> int:
    """Return how many bits of a digest's first number do not say in which bucket it is."""
    return 64 - buckets.bit_length() + 1


def _bucket_ends(buckets: int) -> Iterator[int]:
    """Yield the first digest that is past each bucket."""
    for bucket in range(1, buckets + 1):
        yield bucket << _shift(buckets)


def records(dtype: np.dtype[Any], **columns: Any) -> Records:
    """Put records together of columns."""
    made = np.empty(len(next(iter(columns.values()))), dtype)
    for name, values in columns.items():
        made[name] = values
    return made


def taken(some: Records, places: Any) -> Records:
    """Take records as lines of plain numbers, which is much quicker than one by one.

    :param some: of a type whose size is a multiple of four bytes.
    :param places: which.
    """
    lines = np.ascontiguousarray(some).view("<u4").reshape(len(some), some.itemsize // 4)
    return np.take(lines, places, axis=0).reshape(-1).view(some.dtype)


def in_order(some: Records) -> Records:
    """Sort records by ``high``; those that have it in common stay as they came.

    NumPy sorts several times faster where it need not keep that order; it is restored for the few.
    """
    order = np.argsort(np.ascontiguousarray(some["high"]))
    made = taken(some, order)
    is_same = made["high"][1:] == made["high"][:-1]
    if is_same.any():
        places = np.flatnonzero(np.append(is_same, False) | np.insert(is_same, 0, False))
        mixed = made[places]
        made[places] = mixed[np.lexsort((order[places], mixed["high"]))]
    return made


def in_buckets(blocks: Iterator[Records], dtype: np.dtype[Any]) -> Iterator[Records]:
    """Cut sorted records that come some at a time into buckets."""
    return map(np.concatenate, blocks_in_buckets(blocks, dtype))


def blocks_in_buckets(
    blocks: Iterator[Records], dtype: np.dtype[Any], buckets: int = BUCKETS
) -> Iterator[list[Records]]:
    """Cut sorted records that come some at a time into buckets, each in one block or more.

    :param buckets: how many; a power of two.
    """
    at_hand = next(blocks, np.empty(0, dtype))
    for end in _bucket_ends(buckets):
        parts = []
        while len(at_hand) and int(at_hand["high"][-1]) < end:
            parts.append(at_hand)
            at_hand = next(blocks, at_hand[:0])
        place = int(np.searchsorted(at_hand["high"], np.uint64(end))) if len(at_hand) else 0
        yield [*parts, at_hand[:place]]
        at_hand = at_hand[place:]
    for _ in blocks:  # what is read tells only at its end whether it is whole
        pass


def key_digests(contacts: Records) -> Digests:
    """Return the digests of who contacts are, without what else is said in them."""
    return records(DIGEST, high=contacts["key"], low=contacts["key_low"] & ~REJECTED)


def found_in(some: Digests, known: Digests) -> tuple[Any, Any]:
    """Look digests up among others, which are sorted by ``high``.

    Of those that share their first 64 bits two are looked at; three among ten million are not to be expected.

    :return: where each is, and whether it is there.
    """
    if not len(known):
        return np.zeros(len(some), np.intp), np.zeros(len(some), bool)
    places = np.searchsorted(known["high"], some["high"])
    last = len(known) - 1
    first, second = np.minimum(places, last), np.minimum(places + 1, last)
    is_first = (known["high"][first] == some["high"]) & (known["low"][first] == some["low"])
    is_second = (known["high"][second] == some["high"]) & (known["low"][second] == some["low"])
    return np.where(is_first, first, second), is_first | is_second


class Buckets:
    """Records in files of this process, to be read back sorted.

    :param spool: where the files are.
    :param name: of these records.
    :param dtype: their type, whose first column is what they are spread and sorted by.
    :param buckets: over how many files they are spread, of which memory holds one; a power of two.
    """

    def __init__(self, spool: NamelessFiles, name: str, dtype: np.dtype[Any], buckets: int = BUCKETS) -> None:
        self._spool, self._name, self._dtype, self._buckets = spool, name, dtype, buckets
        # Opened when first written to: few records are in few files.
        self._files: dict[int, BinaryIO] = {}
        self.count = 0

    def add(self, some: Records, by: Any = None) -> None:
        """Keep records.

        :param by: numbers of 64 bits by which they are spread in place of their first column.
        """
        self.count += len(some)
        by = some["high"] if by is None else by
        ways = (by >> np.uint64(_shift(self._buckets))).astype(np.uint8)
        order = np.argsort(ways, kind="stable")
        some = taken(some, order)
        ends = np.cumsum(np.bincount(ways, minlength=self._buckets)).tolist()
        for way, (start, end) in enumerate(zip((0, *ends), ends, strict=False)):
            if start < end:
                self._file(way).write(some[start:end].tobytes())

    def sorted(self) -> Iterator[Records]:
        """Walk the records of each bucket, sorted."""
        return map(in_order, self.unsorted())

    def unsorted(self) -> Iterator[Records]:
        """Walk the records of each bucket as they came."""
        for way in range(self._buckets):
            data = self._spool.open(self._name_of(way)).read() if way in self._files else b""
            yield np.frombuffer(data, self._dtype)

    def _file(self, way: int) -> BinaryIO:
        if way not in self._files:
            self._files[way] = self._spool.create(self._name_of(way))
        return self._files[way]

    def _name_of(self, way: int) -> str:
        return f"{self._name}-{way}"
