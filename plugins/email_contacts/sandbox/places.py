"""Folders and lists in the database: inserting, finding, showing, and who is a member."""

from __future__ import annotations

import json
from collections.abc import Iterable
from sqlite3 import Connection, Row
from typing import Any

from email_contacts.sandbox import clock
from email_contacts.sandbox.knobs import Knobs
from email_contacts.sandbox.refusals import absent

_JOINING = """
SELECT count(*), coalesce(sum(email_blacklisted), 0)
FROM json_each(?2) AS joining CROSS JOIN contacts ON contacts.id = joining.value
WHERE NOT EXISTS (SELECT 1 FROM members WHERE list_id = ?1 AND contact_id = joining.value)
"""


def insert_folder(connection: Connection, *, name: str) -> int:
    """Add a folder and return its id."""
    folder_id = _next_id(connection)
    connection.execute("INSERT INTO folders VALUES (?, ?, ?)", (folder_id, name, clock.now_ms()))
    return folder_id


def _next_id(connection: Connection) -> int:
    """Return an unused id; folders and lists share one sequence, as on a fresh account (1 and 2)."""
    connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'places'")
    (place,) = connection.execute("SELECT value FROM counters WHERE name = 'places'").fetchone()
    return int(place)


def folder_found(connection: Connection, folder_id: int, *, status: int = 404) -> Row:
    """Return a folder's row.

    :param status: 404 for an id in a path, 400 for one in a body.
    :raises Refusal: when there is none.
    """
    row: Row | None = connection.execute("SELECT * FROM folders WHERE id = ?", (folder_id,)).fetchone()
    if row is None:
        raise absent("Folder ID does not exist", status=status)
    return row


def folder_shown(connection: Connection, folder: Row, knobs: Knobs) -> dict[str, Any]:
    """Return a folder as the API shows it, with the contacts on its lists counted once each."""
    sizes = connection.execute(
        "SELECT id, members, blacklisted FROM lists WHERE folder_id = ? AND members > 0", (folder["id"],)
    ).fetchall()
    unique = sum(size["members"] for size in sizes)
    if len(sizes) > 1:
        (unique,) = connection.execute(
            "SELECT count(DISTINCT contact_id) FROM members WHERE list_id IN "
            "(SELECT id FROM lists WHERE folder_id = ?)",
            (folder["id"],),
        ).fetchone()
    blacklisted = sum(size["blacklisted"] for size in sizes)
    return {
        "id": folder["id"],
        "name": folder["name"],
        "totalSubscribers": sum(size["members"] for size in sizes) - blacklisted
        if knobs.legacy_totals
        else 0,
        "totalBlacklisted": blacklisted if knobs.legacy_totals else 0,
        "uniqueSubscribers": unique if knobs.legacy_totals else 0,
    }


def insert_list(connection: Connection, *, name: str, folder_id: int) -> int:
    """Add a list and return its id.

    :raises Refusal: 400 when there is no such folder.
    """
    folder_found(connection, folder_id, status=400)
    list_id = _next_id(connection)
    connection.execute(
        "INSERT INTO lists (id, name, folder_id, created_ms) VALUES (?, ?, ?, ?)",
        (list_id, name, folder_id, clock.now_ms()),
    )
    return list_id


def list_found(connection: Connection, list_id: int, *, status: int = 404) -> Row:
    """Return a list's row.

    :param status: 404 for an id in a path, 400 for one in a body.
    :raises Refusal: when there is none.
    """
    row: Row | None = connection.execute("SELECT * FROM lists WHERE id = ?", (list_id,)).fetchone()
    if row is None:
        raise absent("List ID does not exist", status=status)
    return row


def lists_found(connection: Connection, list_ids: Iterable[int]) -> None:
    """Check the list ids of a body.

    :raises Refusal: 400 when one does not exist.
    """
    for list_id in list_ids:
        list_found(connection, list_id, status=400)


def add_members(connection: Connection, list_ids: Iterable[int], contact_ids: Iterable[int]) -> None:
    """Put contacts on those of the lists that (still) exist; who is on one already stays."""
    ids = json.dumps(list(dict.fromkeys(contact_ids)))
    for list_id in list_ids:
        number, blacklisted = connection.execute(_JOINING, (list_id, ids)).fetchone()
        if not number:
            continue
        cursor = connection.execute(
            "UPDATE lists SET members = members + ?, blacklisted = blacklisted + ? WHERE id = ?",
            (number, blacklisted, list_id),
        )
        if cursor.rowcount:
            connection.execute(
                "INSERT OR IGNORE INTO members SELECT ?, value FROM json_each(?)", (list_id, ids)
            )


def list_shown(row: Row, knobs: Knobs) -> dict[str, Any]:
    """Return what every answer says of a list: the members are its subscribers and its blacklisted."""
    return {
        "id": row["id"],
        "name": row["name"],
        "totalSubscribers": row["members"] - row["blacklisted"] if knobs.legacy_totals else 0,
        "totalBlacklisted": row["blacklisted"] if knobs.legacy_totals else 0,
        "uniqueSubscribers": row["members"],
    }
