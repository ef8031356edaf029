"""The second half of a preparation: of the valid contacts of all parts, those that count become bodies.

Knows the order of things: duplicates, conflicts, what is held back, what did not change, bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from typing import Any

import numpy as np

from email_contacts.contacts.batches.bodies import Batches, Bodies, WholeFile
from email_contacts.contacts.batches.contact_bytes import Chosen
from email_contacts.contacts.batches.duplicates import (
    Pairs,
    find_conflicts,
    find_duplicates,
    find_repeated,
)
from email_contacts.contacts.batches.forms import SEPARATORS, TAILS
from email_contacts.contacts.batches.identity import IdentityFiles
from email_contacts.contacts.batches.parts import Part, check_rows, read_contacts, read_rows
from email_contacts.contacts.batches.rejected import RejectedRows
from email_contacts.contacts.batches.spool import Spool
from email_contacts.contacts.choices import FAIL, FILE_URL, REJECT
from email_contacts.contacts.column_names import IDENTIFIERS
from email_contacts.contacts.errors import ConflictsFound, DuplicatesFound, SourceChanged
from email_contacts.contacts.gone.in_source import (
    PRESENT_FILE,
    UNSENT_FILE,
    identities_of,
    write_identifiers,
)
from email_contacts.contacts.guards.holding_back import HeldBack, hold_back
from email_contacts.contacts.guards.in_source import opted_out, without_consent
from email_contacts.contacts.guards.settings import Guards
from email_contacts.contacts.mirror.account_contacts import identity_key
from email_contacts.contacts.snapshot.changes import Changes, ChangesSince
from email_contacts.contacts.snapshot.comparison import Comparison
from email_contacts.contacts.snapshot.contact_keys import key_of
from email_contacts.contacts.staging.manifest import Batch
from email_contacts.contacts.staging.rejects import Reject, RejectsFile, write_pairs
from email_contacts.contacts.staging.stage import CONFLICTS, DUPLICATES, ROW_NUMBERS, Stage

_FIRST_ROWS_SHOWN = 5


@dataclass(frozen=True)
class BuiltBatches:
    """What packing came to.

    :param batches: the bodies.
    :param duplicates: rows in whose place another one counts.
    :param conflicts: rows that share an identifier with another contact's row.
    :param held_back: rows that a guard does not let through.
    :param unchanged: rows whose contacts are as they were confirmed, and are not sent.
    :param changes: what the comparison with the snapshot came to; None where there was none.
    """

    batches: tuple[Batch, ...]
    duplicates: int
    conflicts: int
    held_back: HeldBack
    unchanged: int = 0
    changes: Changes | None = None


class BatchBuilder:
    """Packs the contacts of all parts.

    :param parts: in the order of their rows, each with its files.
    :param stage: where bodies and lists go.
    :param rejects: where rows go that are rejected only now.
    :param limit: bytes that a body may have.
    """

    def __init__(
        self, parts: Sequence[tuple[Part, Spool]], stage: Stage, rejects: RejectsFile, *, limit: int
    ) -> None:
        self._parts = parts
        self._stage = stage
        self._rejects = rejects
        self._limit = limit
        # A part without rows may not say what its columns are: it has no head, and fits any other.
        self._first = next((part for part, _ in parts if part.head), parts[0][0])
        self._rows = sum(part.rows for part, _ in parts)
        self._read = sum(part.read for part, _ in parts)
        check_rows(self._rows)
        for part, _ in parts:
            if part.head not in ("", self._first.head) or part.body != self._first.body:
                raise SourceChanged(
                    f"{part.name} was prepared with other columns, or in another form, than "
                    f"{self._first.name}. Prepare all partitions with one mapping that names each column."
                )

    def pack(
        self,
        *,
        duplicates: str,
        conflicts: str,
        guards: Guards | None = None,
        since: ChangesSince | None = None,
        tell: Callable[[int], None],
    ) -> BuiltBatches:
        """Find duplicates, conflicts and rows to hold back, list them, and write the bodies.

        :param duplicates: ``"last"``, ``"first"`` or ``"fail"``.
        :param conflicts: ``"flag"``, ``"reject"`` or ``"fail"``.
        :param guards: which rows are held back; None: none.
        :param since: the snapshot that contacts are compared with; None: all are sent.
        :param tell: called with the number of bodies written.
        :raises DuplicatesFound: when there are some and that is to fail.
        :raises ConflictsFound: when there are some and that is to fail.
        :raises MirrorUnusable: when the guards' mirror cannot be looked at.
        """
        identities = self._identities()
        repeated = find_repeated(identities)
        said_no = without_consent(self._whole, repeated, rows=self._rows)
        opted = opted_out(self._whole, repeated, identities, rows=self._rows)
        others = self._known_alone(opted.rejected)
        if others.any():
            repeated = [some.only(~others[some.rows]) for some in repeated]
        twice = find_duplicates(repeated, policy=duplicates)
        self._list(DUPLICATES, ("row", "superseded_by"), twice.rows, twice.others)
        if len(twice) and duplicates == FAIL:
            uri = self._stage.uri(DUPLICATES)
            raise DuplicatesFound(_found(twice, "another row is about the same contact", uri))
        is_out = twice.marked(self._rows)
        shared = find_conflicts(repeated, is_out)
        self._list(CONFLICTS, ("row", "field", "other_row"), shared.rows, shared.attributes, shared.others)
        if len(shared) and conflicts == FAIL:
            uri = self._stage.uri(CONFLICTS)
            raise ConflictsFound(_found(shared, "another contact has one of its identifiers", uri))
        if conflicts == REJECT:
            self._reject(shared)
            is_out |= shared.marked(self._rows)
        held_back = hold_back(
            guards,
            lambda: self._counting(is_out),
            lambda: self._superseded(twice, is_out),
            self._stage,
            body=self._first.body,
            head=self._first.head.encode(),
            identifiers={name for part, _ in self._parts for name in part.identifiers},
            said_no=said_no,
            opted_out=opted.others,
        )
        found = len(twice), len(np.unique(shared.rows)), held_back
        is_out |= held_back.marks
        if since is None:
            return BuiltBatches(self._write(is_out, tell), *found)
        return self._pack_changes(since, is_out, tell, found)

    def _pack_changes(
        self,
        since: ChangesSince,
        is_out: Any,
        tell: Callable[[int], None],
        found: tuple[int, int, HeldBack],
    ) -> BuiltBatches:
        """Write the contacts that changed since a snapshot."""
        rejected = RejectedRows(
            [(part.rejected, spool if part.names_rejects else None) for part, spool in self._parts]
        )
        with closing(
            Comparison(
                since,
                body=self._first.body,
                head=self._first.head.encode(),
                mapping="+".join(sorted({part.mapping for part, _ in self._parts if part.mapping})),
            )
        ) as comparison:
            is_unchanged = comparison.unchanged(lambda: self._counting(is_out), rows=self._rows)
            for contacts in self._counting(~is_out) if is_out.any() else ():
                comparison.keep(contacts)
            for keys in rejected.keys(key_of):
                comparison.keep_keys(keys)
            batches = self._write(is_out | is_unchanged, tell, comparison.note)
            changes = comparison.finish(self._stage, rejected=rejected, read=self._read)
        if changes.to_settle:
            self._write_identifiers(is_out, rejected, since.name)
        return BuiltBatches(batches, *found, int(np.count_nonzero(is_unchanged)), changes)

    def _write_identifiers(self, is_out: Any, rejected: RejectedRows, name: str) -> None:
        """Write who is in the source under whichever identifier.

        :param is_out: for each row whether it is in no snapshot.
        :param name: of the snapshot.
        """
        form: dict[str, Any] = {"body": self._first.body, "head": self._first.head.encode()}
        present = identities_of(self._counting(is_out), **form)
        unsent = identities_of(self._counting(~is_out), **form)
        write_identifiers(PRESENT_FILE, present, self._stage, name)
        write_identifiers(UNSENT_FILE, chain(unsent, rejected.keys(identity_key)), self._stage, name)

    def _known_alone(self, rejected: Any) -> Any:
        """Mark the rows that are no contacts, and known for their people's other rows alone.

        :param rejected: those that were rejected as opted out.
        """
        if not any(part.last_row for part, _ in self._parts):
            return rejected
        marks = np.ones(self._rows + 1, bool)
        for _, spool, before in self._whole:
            marks[read_rows(spool, rows_before=before)] = False
        return marks

    def _identities(self) -> list[IdentityFiles]:
        placed = {name: self._placed(having=name) for name in IDENTIFIERS}
        return [IdentityFiles(name, parts) for name, parts in placed.items() if parts]

    @property
    def _whole(self) -> list[tuple[Part, Spool, int]]:
        """The parts with their files and the number of rows before each."""
        befores = accumulate((part.rows for part, _ in self._parts), initial=0)
        return [(*part, before) for part, before in zip(self._parts, befores, strict=False)]

    def _placed(self, *, having: str | None = None) -> list[tuple[Spool, int]]:
        """Return the parts' files with the number of rows before each.

        :param having: only of parts whose rows have this identifier: in NDJSON, some may not.
        """
        return [
            (spool, before)
            for part, spool, before in self._whole
            if having is None or having in part.identifiers
        ]

    def _list(self, name: str, header: tuple[str, ...], *columns: Any) -> None:
        write_pairs(self._stage.create(name), header, *columns)

    def _reject(self, shared: Pairs) -> None:
        """Reject each row once, under the first identifier that it shares."""
        last = None
        for row, other, field in zip(
            shared.rows.tolist(), shared.others.tolist(), shared.attributes, strict=True
        ):
            if row != last:
                message = f"Row {other} has the same {field}, but is about another contact."
                self._rejects.add(Reject(row, "", field, "conflict", message))
            last = row

    def _write(
        self, is_out: Any, tell: Callable[[int], None], note: Callable[[Chosen], None] | None = None
    ) -> tuple[Batch, ...]:
        """Write the contacts that are sent.

        :param is_out: for each row whether it is not.
        :param note: called for each that is.
        """
        with self._stage.create(ROW_NUMBERS) as numbers, closing(self._bodies()) as bodies:
            for contacts in self._counting(is_out):
                numbers.write(contacts.rows.astype("<u4").tobytes())
                bodies.add(contacts)
                if note is not None:
                    note(contacts)
                tell(bodies.count)
            return bodies.finish()

    def _counting(self, is_out: Any) -> Iterator[Chosen]:
        for spool, before in self._placed():
            for contacts in read_contacts(spool, rows_before=before):
                yield contacts.only(~is_out[contacts.rows])

    def _superseded(self, twice: Pairs, is_out: Any) -> Iterator[Chosen]:
        """Walk the rows in whose place others count, under the numbers of those."""
        for contacts in self._counting(~twice.marked(self._rows)) if len(twice) else ():
            winners = twice.others[np.searchsorted(twice.rows, contacts.rows)]
            kept = ~is_out[winners]
            yield replace(contacts.only(kept), rows=winners[kept])

    def _bodies(self) -> Bodies:
        head = self._first.head.encode()
        if self._first.body == FILE_URL:
            return WholeFile(self._stage, head=head)
        return Batches(
            self._stage,
            head=head,
            tail=TAILS[self._first.body],
            separator=SEPARATORS[self._first.body],
            limit=self._limit,
        )


def _found(pairs: Pairs, what: str, uri: str) -> str:
    count = len(np.unique(pairs.rows))
    first = ", ".join(map(str, np.unique(pairs.rows)[:_FIRST_ROWS_SHOWN].tolist()))
    return (
        f"Of {count:,} rows {what}; nothing is prepared. The first are {first}. Each is listed in {uri}. "
        "Fix the source, or choose another policy than fail."
    )
