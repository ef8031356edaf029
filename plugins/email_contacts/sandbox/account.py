"""The account that one sandbox serves: its key, database, knobs, journal and the worker behind its imports.

Everything with state hangs here; routes get it from :mod:`email_contacts.sandbox.edge`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from email_contacts.sandbox import attribute_rows, clock, contact_rows, places, values
from email_contacts.sandbox.database import Database
from email_contacts.sandbox.faults import Fault, next_fault
from email_contacts.sandbox.identity import EMAIL
from email_contacts.sandbox.journal import Journal
from email_contacts.sandbox.knobs import Knobs
from email_contacts.sandbox.limits import RateLimits
from email_contacts.sandbox.worker import Worker

_SEED_CHUNK = 10_000


class Account:
    """One account of the platform.

    :param api_key: the only key that is let in.
    :param path: its SQLite file; made, with the contents of a fresh account, when it does not exist.
    :param knobs: how it behaves.
    :raises WrongDatabase: when the file is something else.
    """

    def __init__(self, *, api_key: str, path: Path, knobs: Knobs) -> None:
        self.api_key = api_key
        self.database = Database(path)
        self.journal = Journal()
        self.limits = RateLimits()
        self.worker = Worker(self.database, knobs=lambda: self.knobs)
        self._first_knobs = knobs
        self._knobs = knobs
        self._knobs_turn = threading.Lock()
        self._furnish()

    @property
    def knobs(self) -> Knobs:
        """The knobs as they are now; each request reads them again."""
        return self._knobs

    def set_knobs(self, changes: Mapping[str, Any]) -> Knobs:
        """Change some knobs and return all of them.

        :raises UnknownKnob: for a name or a value that does not exist; nothing is changed then.
        """
        with self._knobs_turn:
            self._knobs = self._knobs.changed(changes)
        self.limits.forget()
        self.worker.wake()
        return self._knobs

    def take_fault(self, route: str) -> Fault | None:
        """Return the fault that the present request of `route` meets, and count it."""
        with self._knobs_turn:
            fault, remaining = next_fault(self._knobs.faults, route)
            if remaining is not self._knobs.faults:
                self._knobs = self._knobs.changed({"faults": remaining})
        return fault

    def reset(self) -> None:
        """Return to a fresh account: contents, knobs, journal and rate limits as at the start."""
        with self.worker.paused():
            self.database.clear()
            self._furnish()
            with self._knobs_turn:
                self._knobs = self._first_knobs
            self.journal.clear()
            self.limits.forget()

    def imports_accepted(self) -> int:
        """Return how many imports the platform has ever started, regardless of its answers."""
        with self.database.reading() as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM processes WHERE name = 'IMPORTUSER'"
            ).fetchone()
        return int(count)

    def seed_contacts(self, number: int, *, list_ids: Sequence[int] = ()) -> None:
        """Add invented contacts at example.com, person-1@… upwards, for tests and rehearsals.

        :param number: how many.
        :param list_ids: existing lists that they join.
        """
        for start in range(0, number, _SEED_CHUNK):
            with self.database.writing() as connection:
                places.lists_found(connection, list_ids)
                (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM contacts").fetchone()
                ids = range(last + 1, last + 1 + min(_SEED_CHUNK, number - start))
                now = clock.now_ms()
                connection.executemany(
                    "INSERT INTO contacts (id, email, attributes, created_ms, modified_ms) "
                    "VALUES (?, ?, ?, ?, ?)",
                    [(i, f"person-{i}@example.com", values.dumps({"POINTS": i}), now, now) for i in ids],
                )
                contact_rows.count_in(connection, len(ids))
                places.add_members(connection, list_ids, ids)

    def after_contact_page(self, ids: Sequence[int], *, list_id: int | None = None) -> None:
        """Change the collection under a client that pages through it, if the knob says so."""
        mutation = self.knobs.mutate_while_paging
        if mutation == "none" or not ids:
            return
        with self.database.writing() as connection:
            if mutation == "delete":
                contact_rows.delete(connection, ids[0])
                return
            newcomer = contact_rows.insert(
                connection,
                identifiers={
                    EMAIL: f"newcomer-{clock.now_ms()}-{contact_rows.count(connection)}@example.com"
                },
                attributes={},
            )
            if list_id is not None:
                places.add_members(connection, [list_id], [newcomer])

    def close(self) -> None:
        """Stop the worker and close the database."""
        self.worker.stop()
        self.database.close()

    def _furnish(self) -> None:
        """Give a fresh account what Brevo gives it, and some attributes to rehearse with."""
        with self.database.writing() as connection:
            if connection.execute("SELECT 1 FROM attributes LIMIT 1").fetchone():
                return
            folder_id = places.insert_folder(connection, name="Your first folder")
            places.insert_list(connection, name="Your first list", folder_id=folder_id)
            attribute_rows.furnish(connection)
