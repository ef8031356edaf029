"""Who the rejected rows of a preparation are about, for the comparison with a snapshot.

Knows identifiers; the first half of a preparation writes them. A rejected row is in the source as every
other one, so its contact is not gone. The file holds personal data, as those of the contacts do, and
goes with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import orjson

from email_contacts.contacts.batches.spool import Spool

if TYPE_CHECKING:
    from email_contacts.contacts.checks.rejected_identifiers import Identifiers

REJECTED = "rejected"
_ROWS_AT_ONCE = 5_000


def written(rows: Iterable[Identifiers]) -> bytes:
    """Write the identifiers of rejected rows, a line each."""
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


class RejectedRows:
    """The rejected rows of all parts.

    :param parts: of each how many it has, and its files; None where their identifiers were not kept.
    """

    def __init__(self, parts: Sequence[tuple[int, Spool | None]]) -> None:
        self._spools = [spool for _, spool in parts if spool is not None]
        self.unidentified = sum(rows for rows, spool in parts if spool is None)
        """Rows without an identifier that can be read."""
        self._unclear: set[tuple[str, ...]] = set()
        for rows in self._blocks():
            self._count(rows)

    @property
    def known_only_by(self) -> tuple[tuple[str, ...], ...]:
        """Which identifiers can be read of rows of which others cannot."""
        return tuple(sorted(self._unclear))

    def keys(self, key_of: Callable[[str, str], bytes]) -> Iterator[list[bytes]]:
        """Walk the identifiers that can be read, some at a time.

        :param key_of: how an identifier is written: attribute and value.
        """
        for rows in self._blocks():
            yield [key_of(name, value) for row in rows for name, value in row.items() if value is not None]

    def _count(self, rows: Iterable[Identifiers]) -> None:
        for row in rows:
            names = _readable(row)
            if not names:
                self.unidentified += 1
            elif len(names) < len(row):
                self._unclear.add(names)

    def _blocks(self) -> Iterator[list[Identifiers]]:
        for spool in self._spools:
            file = spool.open(REJECTED)
            while lines := list(islice(file, _ROWS_AT_ONCE)):
                yield [orjson.loads(line) for line in lines]
            spool.release(file)


def _readable(row: Mapping[str, str | None]) -> tuple[str, ...]:
    return tuple(sorted(name for name, value in row.items() if value is not None))
