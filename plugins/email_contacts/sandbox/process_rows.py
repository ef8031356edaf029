"""Processes in the database: orders, stages, rejects, and how the API shows them (api-contract §2.3)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from sqlite3 import Connection, Row
from typing import Any

from email_contacts.sandbox import clock
from email_contacts.sandbox.database import Database
from email_contacts.sandbox.identity import REASONS
from email_contacts.sandbox.knobs import Knobs

IMPORT = "IMPORTUSER"
_REPORT_PAGE = 5000


@dataclass(frozen=True, kw_only=True)
class ImportOrder:
    """An accepted import without its rows, as it is kept in the database.

    :param form: ``json``, ``ndjson`` or ``csv``.
    :param source: name of the spooled source in the import folder.
    :param list_ids: lists that the contacts join; a new list is made on accepting and is among them.
    """

    form: str
    source: str
    list_ids: list[int]
    notify_url: str | None = None
    email_blacklist: bool = False
    sms_blacklist: bool = False
    update_existing: bool = True
    empty_erases: bool = False


def insert_import(connection: Connection, order: ImportOrder, *, token: str) -> int:
    """Add a queued import and return its id."""
    cursor = connection.execute(
        "INSERT INTO processes (name, stage, order_json, token, created_ms) VALUES (?, 'queued', ?, ?, ?)",
        (IMPORT, json.dumps(asdict(order)), token, clock.now_ms()),
    )
    return int(cursor.lastrowid or 0)


def insert_finished(connection: Connection, *, name: str) -> int:
    """Add a process whose work is already done, and return its id."""
    now = clock.now_ms()
    cursor = connection.execute(
        "INSERT INTO processes (name, stage, final_status, order_json, token, rows_left, notified,"
        " created_ms, started_ms, finished_ms) VALUES (?, 'finished', 'completed', '{}', ?, 0, 1, ?, ?, ?)",
        (name, secrets.token_urlsafe(24), now, now, now),
    )
    return int(cursor.lastrowid or 0)


def order_of(process: Row) -> ImportOrder:
    """Return the order that a process row holds."""
    return ImportOrder(**json.loads(process["order_json"]))


def unfinished(connection: Connection) -> list[Row]:
    """Return the imports that are queued or in process, oldest first."""
    return connection.execute("SELECT * FROM processes WHERE stage <> 'finished' ORDER BY id").fetchall()


def found(connection: Connection, process_id: int) -> Row | None:
    """Return one process."""
    row: Row | None = connection.execute("SELECT * FROM processes WHERE id = ?", (process_id,)).fetchone()
    return row


def reject_counts(connection: Connection, process_id: int) -> dict[str, int]:
    """Return how many rows of an import were rejected for each reason."""
    rows = connection.execute(
        "SELECT reason, count(*) AS number FROM rejects WHERE process_id = ? GROUP BY reason", (process_id,)
    )
    return {row["reason"]: row["number"] for row in rows}


def status(process: Row, knobs: Knobs) -> str:
    """Return the word for a process's state."""
    if process["stage"] == "finished":
        return str(process["final_status"])
    return knobs.process_vocabulary if process["stage"] == "in_process" else "queued"


def shown(connection: Connection, process: Row, knobs: Knobs, *, base_url: str) -> dict[str, Any]:
    """Return a process as the API shows it.

    :param base_url: where the caller reached this server; the URLs of reports begin with it.
    """
    word = status(process, knobs)
    shown: dict[str, Any] = {"id": process["id"], "name": process["name"], "status": word}
    if process["name"] == IMPORT and word == "completed" and knobs.info_import != "absent":
        counts = reject_counts(connection, process["id"])
        report: dict[str, int | str | None] = {}
        for reason in REASONS:
            number = counts.get(reason)
            if knobs.info_import == "int" or not number:
                report[reason] = number
            else:
                report[reason] = f"{base_url.rstrip('/')}/reports/{process['token']}/{reason}.csv"
        shown["info"] = {"import": report}
    return shown


def report(database: Database, token: str, reason: str) -> Iterator[bytes] | None:
    """Return the CSV of the rows that an import rejected for one reason, None when there is none."""
    with database.reading() as connection:
        process = connection.execute("SELECT id FROM processes WHERE token = ?", (token,)).fetchone()
    if process is None or reason not in REASONS:
        return None
    return _report_pages(database, process["id"], reason)


def _report_pages(database: Database, process_id: int, reason: str) -> Iterator[bytes]:
    yield b"row;value\n"
    last = 0
    while True:
        with database.reading() as connection:
            rows = connection.execute(
                "SELECT number, value FROM rejects WHERE process_id = ? AND reason = ? AND number > ? "
                "ORDER BY number LIMIT ?",
                (process_id, reason, last, _REPORT_PAGE),
            ).fetchall()
        if not rows:
            return
        last = rows[-1]["number"]
        yield "".join(f"{row['number']};{_cell(row['value'])}\n" for row in rows).encode()


def _cell(value: str) -> str:
    return '"' + value.replace('"', '""').replace("\r", " ").replace("\n", " ") + '"'
