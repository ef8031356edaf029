"""What an import does to the contacts: some thousand rows at a time, each batch of rows in one transaction.

Rows take effect in the order of the source. A batch's effect, its rejects and the count of rows done are
committed together, so an import that was interrupted continues exactly where it stopped.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection

from email_contacts.sandbox import clock, contact_rows, places, values
from email_contacts.sandbox.drafts import Batch, Candidate, Draft, Reject
from email_contacts.sandbox.identity import (
    BY_ATTRIBUTE,
    EMAIL,
    EXT_ID,
    IDENTIFIERS,
    Identifier,
    Resolution,
    phone_only_address,
    resolved,
    without_phone_only_address,
)
from email_contacts.sandbox.knobs import Knobs
from email_contacts.sandbox.process_rows import ImportOrder
from email_contacts.sandbox.rows import SourceRow
from email_contacts.sandbox.values import Reader

logger = logging.getLogger(__name__)

BATCH = 5000
_LONGEST_REJECT = 200


def sifted(rows: Iterable[SourceRow], readers: Mapping[str, Reader]) -> tuple[list[Candidate], list[Reject]]:
    """Part rows with a valid identifier from rows without; needs no database and may run while others write.

    :param rows: rows of a source; their identifiers are taken out of them.
    :param readers: what reads each attribute of the account; other attributes are dropped silently.
    """
    candidates: list[Candidate] = []
    rejects: list[Reject] = []
    for number, fields in rows:
        given: dict[Identifier, str] = {}
        wrong_email = ""
        for name in BY_ATTRIBUTE.keys() & fields.keys():
            value = fields.pop(name)
            if values.is_empty(value):
                continue
            identifier = BY_ATTRIBUTE[name]
            read = identifier.read(value)
            if read is not None:
                given[identifier] = read
            elif identifier is EMAIL:
                wrong_email = str(value)
        given = without_phone_only_address(given)
        if wrong_email or not given:
            sample = wrong_email[:_LONGEST_REJECT].encode(errors="replace").decode()
            rejects.append(Reject(number, "invalid_emails", sample))
            continue
        candidates.append(Candidate(number, given, values.read_attributes(fields, readers)))
    return candidates, rejects


def apply(
    connection: Connection,
    process_id: int,
    order: ImportOrder,
    candidates: Sequence[Candidate],
    rejects: Sequence[Reject],
    *,
    rows_done: int,
    knobs: Knobs,
) -> None:
    """Write the effect of one batch, inside the caller's transaction.

    :param rows_done: number of rows of the source that are done after this batch.
    """
    batch = _worked_out(connection, process_id, order, candidates, knobs)
    _write(connection, process_id, order, batch)
    connection.executemany(
        "INSERT OR REPLACE INTO rejects VALUES (?, ?, ?, ?)",
        [(process_id, each.reason, each.number, each.value) for each in (*rejects, *batch.rejects)],
    )
    connection.execute(
        "UPDATE processes SET rows_done = ?, added = added + ?, updated = updated + ? WHERE id = ?",
        (rows_done, len(batch.new), len(batch.changed), process_id),
    )
    if batch.deleted:
        logger.warning("import %d merged contacts and deleted %d", process_id, len(batch.deleted))


def _worked_out(
    connection: Connection,
    process_id: int,
    order: ImportOrder,
    candidates: Sequence[Candidate],
    knobs: Knobs,
) -> Batch:
    false_overwrites = knobs.false_overwrites or order.form == "csv"
    holders = _present_holders(connection, candidates)
    (last_id,) = connection.execute(
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'contacts'"
    ).fetchone()
    batch = Batch()
    for row in candidates:
        taken = {item[0]: holders[item] for item in row.given.items() if item in holders}
        found = resolved(row.given, taken)
        if refused := _refused(row, taken, found, merges=knobs.linking_rows == "merge"):
            batch.rejects.append(refused)
            continue
        meant = found.meant
        if meant is None:
            last_id += 1
            unreachable = knobs.phone_only_address and phone_only_address(row.given) is not None
            meant = Draft(
                last_id,
                {},
                {},
                order.email_blacklist or unreachable,
                order.sms_blacklist,
                process_id,
                is_new=True,
            )
            batch.new[meant.id] = meant
            meant.take(row, order, false_overwrites=True)
        else:
            if meant.imported_by == process_id:
                found_by = next(each for each in IDENTIFIERS if each in taken)
                batch.rejects.append(Reject(row.number, found_by.reason, row.given[found_by]))
            if order.update_existing:
                for other in found.linked:
                    batch.delete(other)
                    for item in other.identifiers.items():
                        holders.pop(item, None)  # of those that rows of this batch name
                before = dict(meant.identifiers)
                meant.take(row, order, false_overwrites=false_overwrites)
                for item in before.items() - meant.identifiers.items():
                    holders.pop(item, None)
                meant.imported_by = process_id
                if not meant.is_new:
                    batch.changed[meant.id] = meant
        holders.update(dict.fromkeys(meant.identifiers.items(), meant))
        batch.members[meant.id] = None
    return batch


def _refused(
    row: Candidate, taken: Mapping[Identifier, Draft], found: Resolution[Draft], *, merges: bool
) -> Reject | None:
    """Return why a row is left out although it has a valid identifier.

    A number in common with somebody of another address does not justify renaming that contact; an EXT_ID is,
    for it ranks above the address.
    """
    refused = [] if merges else list(found.clashes)
    if found.is_rename and not (merges and EXT_ID in taken):
        refused.extend(each for each in taken if each not in refused)
    return Reject(row.number, refused[0].reason, row.given[refused[0]]) if refused else None


def _present_holders(
    connection: Connection, candidates: Sequence[Candidate]
) -> dict[tuple[Identifier, str], Draft]:
    """Return who holds the identifiers of these rows now; the same person is the same object."""
    drafts: dict[int, Draft] = {}
    holders: dict[tuple[Identifier, str], Draft] = {}
    for identifier in IDENTIFIERS:
        wanted = [row.given[identifier] for row in candidates if identifier in row.given]
        if not wanted:
            continue
        for stored in connection.execute(
            "SELECT contacts.* FROM json_each(?) AS wanted "  # noqa: S608
            f"CROSS JOIN contacts ON contacts.{identifier.column} = wanted.value",
            (json.dumps(wanted),),
        ):
            draft = drafts.setdefault(stored["id"], Draft.read(stored))
            holders[identifier, stored[identifier.column]] = draft
    return holders


def _write(connection: Connection, process_id: int, order: ImportOrder, batch: Batch) -> None:
    now = clock.now_ms()
    if not order.update_existing:
        _touch_joiners(connection, order, batch, now=now)
    # Identifiers are written only where they changed: it costs five indices. What a contact gives up is free
    # for others: so deletions come first, and all changes give up old identifiers before any takes new ones.
    connection.executemany("DELETE FROM contacts WHERE id = ?", [(each,) for each in batch.deleted])
    connection.executemany(
        "UPDATE contacts SET ext_id = NULL, email = NULL, sms = NULL, whatsapp = NULL, landline = NULL"
        " WHERE id = ?",
        [(draft.id,) for draft in batch.changed.values() if draft.is_renamed],
    )
    connection.executemany(
        "UPDATE contacts SET ext_id = ?, email = ?, sms = ?, whatsapp = ?, landline = ? WHERE id = ?",
        [(*_identifiers(draft), draft.id) for draft in batch.changed.values() if draft.is_renamed],
    )
    connection.executemany(
        "UPDATE contacts SET email_blacklisted = ?, sms_blacklisted = ?, attributes = ?, modified_ms = ?,"
        " imported_by = ? WHERE id = ?",
        [(*_data(draft), now, process_id, draft.id) for draft in batch.changed.values()],
    )
    connection.executemany(
        "INSERT INTO contacts (ext_id, email, sms, whatsapp, landline, email_blacklisted, sms_blacklisted,"
        " attributes, created_ms, modified_ms, imported_by, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (*_identifiers(draft), *_data(draft), now, now, process_id, draft.id)
            for draft in batch.new.values()
        ],
    )
    contact_rows.count_in(connection, len(batch.new))
    places.add_members(connection, order.list_ids, batch.members)


def _identifiers(draft: Draft) -> Iterable[str | None]:
    return map(draft.identifiers.get, IDENTIFIERS)


def _data(draft: Draft) -> tuple[bool, bool, str]:
    return draft.email_blacklisted, draft.sms_blacklisted, values.dumps(draft.attributes)


def _touch_joiners(connection: Connection, order: ImportOrder, batch: Batch, *, now: int) -> None:
    """Note the change of those existing contacts that only join a list."""
    connection.execute(
        "UPDATE contacts SET modified_ms = ? WHERE id IN (SELECT value FROM json_each(?)) AND EXISTS ("
        " SELECT 1 FROM json_each(?) AS target WHERE NOT EXISTS ("
        "  SELECT 1 FROM members WHERE list_id = target.value AND contact_id = contacts.id))",
        (now, json.dumps(list(batch.members)), json.dumps(order.list_ids)),
    )
