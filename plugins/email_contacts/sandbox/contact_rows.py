"""Contacts in the database: finding, paging, showing, inserting and changing them one at a time.

Imports, which do this by the thousand, have a room of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Connection, Row
from typing import Any

import orjson

from email_contacts.sandbox import clock, values
from email_contacts.sandbox.identity import EMAIL, IDENTIFIERS, PHONES, Identifier, phone_only_address
from email_contacts.sandbox.knobs import Knobs
from email_contacts.sandbox.paging import PageRequest


@dataclass(frozen=True)
class Holder:
    """A contact that holds an identifier."""

    id: int
    email: str | None


def count(connection: Connection) -> int:
    """Return how many contacts the account has."""
    (total,) = connection.execute("SELECT value FROM counters WHERE name = 'contacts'").fetchone()
    return int(total)


def count_in(connection: Connection, number: int) -> None:
    """Note that contacts were inserted."""
    connection.execute("UPDATE counters SET value = value + ? WHERE name = 'contacts'", (number,))


def page_of_all(
    connection: Connection, asked: PageRequest, *, modified_since: int, created_since: int
) -> list[int]:
    """Return the ids of one page of all contacts."""
    # Without a filter, a page far behind is found in less than half the time.
    since = {"modified_ms": modified_since, "created_ms": created_since}
    conditions = " AND ".join(f"{name} >= {moment:d}" for name, moment in since.items() if moment)
    where = f"WHERE {conditions}" if conditions else ""
    rows = connection.execute(
        f"SELECT id FROM contacts INDEXED BY contacts_in_order {where} "  # noqa: S608
        f"ORDER BY id {asked.order} LIMIT ? OFFSET ?",
        (asked.limit, asked.offset),
    )
    return [row["id"] for row in rows]


def page_of_list(
    connection: Connection, list_id: int, asked: PageRequest, *, modified_since: int
) -> list[int]:
    """Return the ids of one page of a list's contacts."""
    members, bound = "SELECT contact_id FROM members WHERE list_id = ?", [list_id]
    if modified_since:
        members = (
            "SELECT contact_id FROM members CROSS JOIN contacts ON contacts.id = contact_id "
            "WHERE list_id = ? AND modified_ms >= ?"
        )
        bound.append(modified_since)
    rows = connection.execute(
        f"{members} ORDER BY contact_id {asked.order} LIMIT ? OFFSET ?", (*bound, asked.limit, asked.offset)
    )
    return [row["contact_id"] for row in rows]


def shown(connection: Connection, ids: Sequence[int], knobs: Knobs) -> list[dict[str, Any]]:
    """Return contacts as the API shows them, in the order of `ids`."""
    wanted = json.dumps(list(ids))
    rows = connection.execute(
        "SELECT * FROM contacts WHERE id IN (SELECT value FROM json_each(?))", (wanted,)
    )
    by_id = {row["id"]: row for row in rows}
    lists: dict[int, list[int]] = {contact_id: [] for contact_id in by_id}
    for contact_id, list_id in connection.execute(
        "SELECT contact_id, list_id FROM json_each(?) CROSS JOIN members ON contact_id = value "
        "ORDER BY contact_id, list_id",
        (wanted,),
    ):
        lists.setdefault(contact_id, []).append(list_id)
    return [_shown(by_id[each], lists[each], knobs) for each in ids if each in by_id]


def _shown(row: Row, list_ids: list[int], knobs: Knobs) -> dict[str, Any]:
    address = row["email"]
    if address is None and knobs.phone_only_address:
        address = phone_only_address({each: row[each.column] for each in PHONES})
    contact: dict[str, Any] = {} if address is None else {"email": address}
    attributes = orjson.loads(row["attributes"])
    for each in IDENTIFIERS:
        if each is not EMAIL and row[each.column] is not None:
            attributes[each.attribute] = row[each.column]
    contact.update(
        id=row["id"],
        emailBlacklisted=bool(row["email_blacklisted"]),
        smsBlacklisted=bool(row["sms_blacklisted"]),
        createdAt=clock.written(row["created_ms"], knobs.timestamps),
        modifiedAt=clock.written(row["modified_ms"], knobs.timestamps),
        listIds=list_ids,
        listUnsubscribed=[],
        attributes=attributes,
    )
    return contact


def holder(connection: Connection, identifier: Identifier, value: str) -> Holder | None:
    """Return the contact that holds an identifier."""
    row = connection.execute(
        f"SELECT id, email FROM contacts WHERE {identifier.column} = ?",  # noqa: S608
        (value,),
    ).fetchone()
    return Holder(row["id"], row["email"]) if row else None


def holders(connection: Connection, given: Mapping[Identifier, str]) -> dict[Identifier, Holder]:
    """Return the present holder of each given identifier that is taken, in the order of IDENTIFIERS."""
    found: dict[Identifier, Holder] = {}
    for identifier in IDENTIFIERS:
        if identifier in given and (contact := holder(connection, identifier, given[identifier])):
            found[identifier] = contact
    return found


def insert(
    connection: Connection,
    *,
    identifiers: Mapping[Identifier, str],
    attributes: Mapping[str, Any],
    email_blacklisted: bool = False,
    sms_blacklisted: bool = False,
) -> int:
    """Add a contact and return its id; empty attributes are left out."""
    now = clock.now_ms()
    kept = {name: value for name, value in attributes.items() if value is not None}
    cursor = connection.execute(
        "INSERT INTO contacts (ext_id, email, sms, whatsapp, landline, email_blacklisted, sms_blacklisted,"
        " attributes, created_ms, modified_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(identifiers.get(each) for each in IDENTIFIERS),
            email_blacklisted,
            sms_blacklisted,
            values.dumps(kept),
            now,
            now,
        ),
    )
    count_in(connection, 1)
    return int(cursor.lastrowid or 0)


def change(
    connection: Connection,
    contact_id: int,
    *,
    identifiers: Mapping[Identifier, str | None],
    attributes: Mapping[str, Any],
    email_blacklisted: bool | None = None,
    sms_blacklisted: bool | None = None,
) -> None:
    """Change what is given of a contact and leave the rest; an attribute that is None is erased."""
    (stored,) = connection.execute("SELECT attributes FROM contacts WHERE id = ?", (contact_id,)).fetchone()
    merged = {**orjson.loads(stored), **attributes}
    changes: dict[str, Any] = {each.column: value for each, value in identifiers.items()}
    changes["attributes"] = values.dumps({k: v for k, v in merged.items() if v is not None})
    changes["modified_ms"] = clock.now_ms()
    if email_blacklisted is not None:
        changes["email_blacklisted"] = email_blacklisted
    if sms_blacklisted is not None:
        changes["sms_blacklisted"] = sms_blacklisted
    columns = ", ".join(f"{column} = ?" for column in changes)
    connection.execute(
        f"UPDATE contacts SET {columns} WHERE id = ?",  # noqa: S608
        (*changes.values(), contact_id),
    )


def touch(connection: Connection, ids: Iterable[int]) -> None:
    """Note a change of list membership: it counts as a modification (api-contract §3)."""
    connection.execute(
        "UPDATE contacts SET modified_ms = ? WHERE id IN (SELECT value FROM json_each(?))",
        (clock.now_ms(), json.dumps(list(ids))),
    )


def delete(connection: Connection, contact_id: int) -> None:
    """Delete a contact and its memberships."""
    connection.execute("DELETE FROM contacts WHERE id = ?", (contact_id,))
