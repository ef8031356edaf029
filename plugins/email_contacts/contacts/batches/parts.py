"""What the first half of a preparation leaves for the second: valid contacts, written, and who they are.

Knows bytes, lengths, row numbers and digests; nothing of cells. A part is a whole source, or one of its
partitions.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

import numpy as np

from email_contacts.contacts.batches.contact_bytes import Contacts, Window
from email_contacts.contacts.batches.identity import MOST_ROWS, IdentityFile, Records, canary
from email_contacts.contacts.batches.rejected import REJECTED, written
from email_contacts.contacts.batches.spool import Spool
from email_contacts.contacts.errors import PreparationError, RowTooLong

if TYPE_CHECKING:
    from email_contacts.contacts.checks.rejected_identifiers import Identifiers

BODIES, LENGTHS, ROWS, NO_CONSENT = "bodies", "lengths", "rows", "no_consent"
_OPTED_OUT = "opted_out_"
_CONTACTS_AT_ONCE = 1 << 14
_BYTES_AT_ONCE = 1 << 22
# JSON has lists; a part of the last release has no notes.
_TUPLES = ("dropped", "identifiers", "notes", "opted_out")
Numbers = Any  # numpy.ndarray of uint32


@dataclass(frozen=True)
class Part:
    """What the first half came to.

    :param source: where the rows came from.
    :param read: rows read.
    :param accepted: rows that are valid.
    :param rejected: rows that are not.
    :param reasons: rule -> rows rejected by it.
    :param dropped: columns that were dropped, by choice.
    :param identifiers: which identifiers the rows have.
    :param head: what a body begins with.
    :param body: the form.
    :param notes: what was found out about the source, for the log.
    :param mapping: a digest of what columns become.
    :param rules: a digest of what the mapping says; empty in a part of a release that did not keep it.
    :param digest: how identifiers are made digests (``identity.canary``).
    :param no_consent: rows whose consent column says no.
    :param opted_out: of what people have opted out whose rows were rejected for that.
    :param names_rejects: whether the identifiers of rejected rows were kept.
    :param index: which partition of the source it is, from 0.
    :param count: how many partitions the source has.
    :param cut: which cut of the source into partitions it is of; empty where that was not said.
    :param version: what tells the source from one that was written again (``sources.version``).
    :param read_as: how the source was read, as far as that was said.
    :param last_row: the highest row number where only some rows were read; 0: rows are numbered to ``read``.
        Of the others those are known, too, that say who has opted out.
    :param made_by: which try made it; no other one says the same.
    """

    source: str
    read: int
    accepted: int
    rejected: int
    reasons: Mapping[str, int]
    dropped: tuple[str, ...]
    identifiers: tuple[str, ...]
    head: str
    body: str
    notes: tuple[str, ...] = ()
    mapping: str = ""
    rules: str = ""
    digest: str = field(default_factory=canary)
    no_consent: int = 0
    opted_out: tuple[str, ...] = ()
    names_rejects: bool = False
    index: int = 0
    count: int = 1
    cut: str = ""
    version: str = ""
    read_as: Mapping[str, Any] = field(default_factory=dict)
    last_row: int = 0
    made_by: str = field(default_factory=lambda: uuid4().hex)

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.source if self.count == 1 else f"partition {self.index + 1} of {self.source}"

    @property
    def rows(self) -> int:
        """Up to which number its rows are numbered."""
        return max(self.read, self.last_row)

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that belong to it."""
        optional = {NO_CONSENT: self.no_consent, REJECTED: self.names_rejects}
        opted_out = (f"{_OPTED_OUT}{what}" for what in self.opted_out)
        given = (name for name, said in optional.items() if said)
        return (BODIES, LENGTHS, ROWS, *self.identifiers, *given, *opted_out)

    def to_bytes(self) -> bytes:
        """Return the document, for another task."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, document: bytes) -> Part:
        """Read what ``to_bytes`` made.

        :raises PreparationError: when it was made by a release that says something else of a part, or where
            identifiers become other digests.
        """
        said = json.loads(document)
        try:
            part = cls(**said | {name: tuple(said[name]) for name in _TUPLES if name in said})
        except TypeError as error:
            raise PreparationError(
                "A partition was prepared by another release of this package, which this one cannot read. "
                "Install the same one on all workers, and prepare all partitions again."
            ) from error
        if part.digest != canary():
            raise PreparationError(
                f"{part.name} was prepared with another version of Polars, so duplicates "
                "cannot be found across partitions. Install the same version on all workers."
            )
        return part


class PartWriter:
    """Keeps contacts in the order of their rows.

    :param spool: where the files are.
    :param identifiers: which ones the rows have.
    :param longest: bytes that a contact may have.
    :param names_rejects: whether to keep the identifiers of rejected rows.
    """

    def __init__(
        self, spool: Spool, identifiers: tuple[str, ...], *, longest: int, names_rejects: bool = False
    ) -> None:
        self._longest, self._spool = longest, spool
        self._bodies, self._lengths, self._rows = (spool.create(name) for name in (BODIES, LENGTHS, ROWS))
        self._identities = {name: IdentityFile(spool, name) for name in identifiers}
        self._rejected = spool.create(REJECTED) if names_rejects else None
        self._opted_out: dict[str, BinaryIO] = {}
        self.accepted = 0

    @property
    def names_rejects(self) -> bool:
        """Whether it keeps the identifiers of rejected rows."""
        return self._rejected is not None

    @property
    def opted_out(self) -> tuple[str, ...]:
        """Of what people have opted out."""
        return tuple(self._opted_out)

    def add(self, contacts: Contacts) -> None:
        """Keep some contacts.

        :raises RowTooLong: when one is longer than a request may carry.
        """
        if not len(contacts.rows):
            return
        self._check(contacts)
        for piece in contacts.pieces:
            self._bodies.write(piece)
        self._lengths.write(contacts.lengths.astype("<u4").tobytes())
        self._rows.write(contacts.rows.astype("<u4").tobytes())
        self.accepted += len(contacts.rows)

    def know(self, records: Iterable[tuple[str, Records]]) -> None:
        """Keep who contacts are, in any order.

        :param records: of each identifier, as ``identity.records_of`` gives them.
        """
        for attribute, some in records:
            self._identities[attribute].add(some)

    def reject(self, identifiers: Iterable[Identifiers]) -> None:
        """Keep the identifiers of rejected rows.

        :param identifiers: of each row.
        """
        if self._rejected is not None:
            self._rejected.write(written(identifiers))

    def opt_out(self, what: str, rows: Collection[int]) -> None:
        """Keep which rejected rows are of people who have opted out; ``know`` keeps who they are.

        :param what: they have opted out of: ``EMAIL``, ``SMS`` or ``WHATSAPP``.
        :param rows: their numbers.
        """
        if what not in self._opted_out:
            self._opted_out[what] = self._spool.create(f"{_OPTED_OUT}{what}")
        self._opted_out[what].write(np.asarray(rows, "<u4").tobytes())

    def without_consent(self, rows: Collection[int]) -> int:
        """Keep which rows say no; gives how many.

        :param rows: their numbers.
        """
        if rows:
            self._spool.create(NO_CONSENT).write(np.asarray(rows, "<u4").tobytes())
        return len(rows)

    def _check(self, contacts: Contacts) -> None:
        place = int(np.argmax(contacts.lengths))
        length, row = int(contacts.lengths[place]), int(contacts.rows[place])
        if length > self._longest:
            raise RowTooLong(
                f"The contact of row {row} has {length:,} bytes as it is sent, more than one request may "
                "carry (api-contract §2.1). Shorten its values; if they are many lines, look for an unclosed "
                "quote."
            )
        check_rows(row)


def check_rows(rows: int) -> None:
    """Check that the rows of a source can be numbered.

    :raises PreparationError: when there are too many.
    """
    if rows > MOST_ROWS:
        raise PreparationError(f"The source has more than {MOST_ROWS:,} rows. Prepare it in several runs.")


def read_contacts(spool: Spool, *, rows_before: int) -> Iterator[Contacts]:
    """Walk the contacts of a part; then its files are let go.

    :param rows_before: rows of the parts before it.
    """
    bodies, lengths, rows = (spool.open(name) for name in (BODIES, LENGTHS, ROWS))
    window = Window(bodies)
    while len(some := _numbers(lengths)):
        numbers = _numbers(rows) + np.uint32(rows_before)
        windows = min(len(some), -(-int(some.sum()) // _BYTES_AT_ONCE))
        width = -(-len(some) // windows)
        for first in range(0, len(some), width):
            few = some[first : first + width]
            yield Contacts([window.next(int(few.sum()))], few, numbers[first : first + width])
    spool.release(bodies, lengths, rows)


def read_rows(spool: Spool, *, rows_before: int) -> Numbers:
    """Read which rows of a part are contacts.

    :param rows_before: rows of the parts before it.
    """
    return _all_numbers(spool, ROWS) + np.uint32(rows_before)


def read_without_consent(part: Part, spool: Spool, *, rows_before: int) -> Numbers:
    """Read which rows of a part say no.

    :param rows_before: rows of the parts before it.
    """
    if not part.no_consent:
        return np.empty(0, "<u4")
    rows = _all_numbers(spool, NO_CONSENT)
    # Where reading broke off, as at too many rejects, the source was read ahead of the last row.
    return rows[rows <= part.rows] + np.uint32(rows_before)


def read_opted_out(part: Part, spool: Spool, what: str, *, rows_before: int) -> Numbers:
    """Read which rejected rows of a part are of people who have opted out.

    :param what: of it: ``EMAIL``, ``SMS`` or ``WHATSAPP``.
    :param rows_before: rows of the parts before it.
    """
    if what not in part.opted_out:
        return np.empty(0, "<u4")
    return _all_numbers(spool, f"{_OPTED_OUT}{what}") + np.uint32(rows_before)


def _all_numbers(spool: Spool, name: str) -> Numbers:
    file = spool.open(name)
    rows = np.frombuffer(file.read(), "<u4")
    spool.release(file)
    return rows


def _numbers(file: BinaryIO) -> Numbers:
    return np.frombuffer(file.read(_CONTACTS_AT_ONCE * 4), "<u4")
