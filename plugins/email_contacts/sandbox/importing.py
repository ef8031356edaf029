"""What an import does to the contacts: some thousand rows at a time, each batch of rows in one transaction.

Rows take effect in the order of the source. A batch's effect, its rejects and the count of rows done are
committed together, so an import that was interrupted goes on exactly where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from sqlite3 import Connection, Row
from typing import Any, NamedTuple

import orjson

from email_contacts.sandbox import clock, contact_rows, places, values
from email_contacts.sandbox.identity import BY_ATTRIBUTE, EMAIL, IDENTIFIERS, Identifier, resolved
from email_contacts.sandbox.process_rows import ImportOrder
from email_contacts.sandbox.rows import SourceRow
from email_contacts.sandbox.values import Reader

BATCH = 5000
_LONGEST_REJECT = 200


class Candidate(NamedTuple):
    """A row that has a valid identifier, with the attributes that the account keeps of it."""

    number: int
    given: dict[Identifier, str]
    attributes: dict[str, Any]


class Reject(NamedTuple):
    """A row that the platform leaves out."""

    number: int
    reason: str
    value: str


@dataclass(slots=True)
class Draft:
    """A contact as it will stand after the batch."""

    id: int
    identifiers: dict[Identifier, str]
    attributes: dict[str, Any]
    email_blacklisted: bool
    sms_blacklisted: bool
    imported_by: int | None
    is_new: bool
    is_renamed: bool = False

    @property
    def email(self) -> str | None:
        """Its address."""
        return self.identifiers.get(EMAIL)


@dataclass
class Batch:
    """The effect of one batch of rows, worked out before it is written."""

    new: list[Draft] = field(default_factory=list)
    changed: dict[int, Draft] = field(default_factory=dict)
    members: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def sifted(rows: Iterable[SourceRow], readers: Mapping[str, Reader]) -> tuple[list[Candidate], list[Reject]]:
    """Part rows with a valid identifier from rows without; needs no database and may run beside writers.

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
    false_overwrites: bool,
) -> None:
    """Write the effect of one batch, inside the caller's transaction.

    :param rows_done: number of rows of the source that are done after this batch.
    :param false_overwrites: whether false replaces true.
    """
    batch = _worked_out(connection, process_id, order, candidates, false_overwrites=false_overwrites)
    _write(connection, process_id, order, batch)
    connection.executemany(
        "INSERT OR REPLACE INTO rejects VALUES (?, ?, ?, ?)",
        [(process_id, each.reason, each.number, each.value) for each in (*rejects, *batch.rejects)],
    )
    connection.execute(
        "UPDATE processes SET rows_done = ?, added = added + ?, updated = updated + ? WHERE id = ?",
        (rows_done, len(batch.new), len(batch.changed), process_id),
    )


def _worked_out(
    connection: Connection,
    process_id: int,
    order: ImportOrder,
    candidates: Sequence[Candidate],
    *,
    false_overwrites: bool,
) -> Batch:
    holders = _present_holders(connection, candidates)
    (last_id,) = connection.execute(
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'contacts'"
    ).fetchone()
    batch = Batch()
    for row in candidates:
        taken = {item[0]: holders[item] for item in row.given.items() if item in holders}
        meant, clashes = resolved(row.given, taken)
        if clashes:
            batch.rejects.append(Reject(row.number, clashes[0].reason, row.given[clashes[0]]))
            continue
        if meant is None:
            last_id += 1
            meant = Draft(
                last_id, {}, {}, order.email_blacklist, order.sms_blacklist, process_id, is_new=True
            )
            batch.new.append(meant)
            _merge(meant, row, order, false_overwrites=True)
        else:
            if meant.imported_by == process_id:
                found_by = next(iter(taken))
                batch.rejects.append(Reject(row.number, found_by.reason, row.given[found_by]))
            if order.update_existing:
                _merge(meant, row, order, false_overwrites=false_overwrites)
                meant.imported_by = process_id
                if not meant.is_new:
                    batch.changed[meant.id] = meant
        holders.update(dict.fromkeys(meant.identifiers.items(), meant))
        batch.members.append(meant.id)
    return batch


def _merge(draft: Draft, row: Candidate, order: ImportOrder, *, false_overwrites: bool) -> None:
    """Put a row's values over a contact's; empty ones erase only if the order says so."""
    if not row.given.items() <= draft.identifiers.items():
        draft.identifiers.update(row.given)
        draft.is_renamed = True
    draft.email_blacklisted |= order.email_blacklist
    draft.sms_blacklisted |= order.sms_blacklist
    for name, value in row.attributes.items():
        if value is None:
            if order.empty_erases:
                draft.attributes.pop(name, None)
        elif value is not False or false_overwrites or draft.attributes.get(name) is not True:
            draft.attributes[name] = value


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
            draft = drafts.setdefault(stored["id"], _draft(stored))
            holders[identifier, stored[identifier.column]] = draft
    return holders


def _draft(stored: Row) -> Draft:
    return Draft(
        id=stored["id"],
        identifiers={each: stored[each.column] for each in IDENTIFIERS if stored[each.column] is not None},
        attributes=orjson.loads(stored["attributes"]),
        email_blacklisted=bool(stored["email_blacklisted"]),
        sms_blacklisted=bool(stored["sms_blacklisted"]),
        imported_by=stored["imported_by"],
        is_new=False,
    )


def _write(connection: Connection, process_id: int, order: ImportOrder, batch: Batch) -> None:
    now = clock.now_ms()
    if not order.update_existing:
        _touch_joiners(connection, order, batch, now=now)
    # Identifiers are written only where they changed: it costs five indices. And changes go before new
    # contacts, since an address that somebody gives up is free for them.
    connection.executemany(
        "UPDATE contacts SET email = ?, ext_id = ?, sms = ?, whatsapp = ?, landline = ? WHERE id = ?",
        [(*_identifiers(draft), draft.id) for draft in batch.changed.values() if draft.is_renamed],
    )
    connection.executemany(
        "UPDATE contacts SET email_blacklisted = ?, sms_blacklisted = ?, attributes = ?, modified_ms = ?,"
        " imported_by = ? WHERE id = ?",
        [(*_data(draft), now, process_id, draft.id) for draft in batch.changed.values()],
    )
    connection.executemany(
        "INSERT INTO contacts (email, ext_id, sms, whatsapp, landline, email_blacklisted, sms_blacklisted,"
        " attributes, created_ms, modified_ms, imported_by, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*_identifiers(draft), *_data(draft), now, now, process_id, draft.id) for draft in batch.new],
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
        (now, json.dumps(batch.members), json.dumps(order.list_ids)),
    )
