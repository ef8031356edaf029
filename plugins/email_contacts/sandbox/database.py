"""The SQLite file: its tables, and who may read and write when.

Readers take a connection from a pool and never wait (write-ahead log). Writers take turns on one connection,
so a transaction is never refused as busy. Sizes are kept, not counted: asking for them costs nothing, however
many members a list has. What leaves is subtracted by triggers; what comes, comes by the thousand and is added
by their writers (contact_rows.count_in, places.add_members), since a trigger would cost a quarter more.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue

SCHEMA_VERSION = 1

_TABLES = """
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('contacts', 0), ('places', 0);

CREATE TABLE folders (id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_ms INTEGER NOT NULL);

CREATE TABLE lists (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    folder_id INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    members INTEGER NOT NULL DEFAULT 0,
    blacklisted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX lists_of_folder ON lists (folder_id);

CREATE TABLE contacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT, ext_id TEXT, sms TEXT, whatsapp TEXT, landline TEXT,
    email_blacklisted INTEGER NOT NULL DEFAULT 0,
    sms_blacklisted INTEGER NOT NULL DEFAULT 0,
    attributes TEXT NOT NULL DEFAULT '{}',
    created_ms INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    imported_by INTEGER
);
CREATE UNIQUE INDEX contact_of_email ON contacts (email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX contact_of_ext_id ON contacts (ext_id) WHERE ext_id IS NOT NULL;
CREATE UNIQUE INDEX contact_of_sms ON contacts (sms) WHERE sms IS NOT NULL;
CREATE UNIQUE INDEX contact_of_whatsapp ON contacts (whatsapp) WHERE whatsapp IS NOT NULL;
CREATE UNIQUE INDEX contact_of_landline ON contacts (landline) WHERE landline IS NOT NULL;
-- Covers paging by creation with any filter: a deep page reads this narrow index, not the wide rows.
CREATE INDEX contacts_in_order ON contacts (id, modified_ms, created_ms);

CREATE TABLE members (
    list_id INTEGER NOT NULL, contact_id INTEGER NOT NULL, PRIMARY KEY (list_id, contact_id)
) WITHOUT ROWID;
CREATE INDEX lists_of_contact ON members (contact_id, list_id);

CREATE TABLE attributes (
    name TEXT PRIMARY KEY, category TEXT NOT NULL, type TEXT, enumeration TEXT, options TEXT, position INTEGER
);

CREATE TABLE processes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    stage TEXT NOT NULL,                        -- queued, in_process, finished
    final_status TEXT,                          -- the word it ended with
    order_json TEXT NOT NULL,                   -- what to do: the accepted request without its rows
    token TEXT NOT NULL UNIQUE,                 -- makes report URLs unguessable
    rows_done INTEGER NOT NULL DEFAULT 0,       -- rows whose effect is committed: where a restart continues
    rows_left INTEGER NOT NULL DEFAULT 1,       -- 0 once the source is used up
    added INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    notified INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL, started_ms INTEGER, finished_ms INTEGER
);
CREATE INDEX unfinished_processes ON processes (id) WHERE stage <> 'finished';

CREATE TABLE rejects (
    process_id INTEGER NOT NULL, reason TEXT NOT NULL, number INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (process_id, reason, number)
) WITHOUT ROWID;

CREATE TRIGGER contact_goes BEFORE DELETE ON contacts BEGIN
    DELETE FROM members WHERE contact_id = OLD.id;
    UPDATE counters SET value = value - 1 WHERE name = 'contacts';
END;
CREATE TRIGGER contact_opts AFTER UPDATE OF email_blacklisted ON contacts
WHEN OLD.email_blacklisted <> NEW.email_blacklisted BEGIN
    UPDATE lists SET blacklisted = blacklisted + NEW.email_blacklisted - OLD.email_blacklisted
    WHERE id IN (SELECT list_id FROM members WHERE contact_id = NEW.id);
END;
CREATE TRIGGER member_leaves AFTER DELETE ON members BEGIN
    UPDATE lists SET members = members - 1,
        blacklisted = blacklisted - (SELECT email_blacklisted FROM contacts WHERE id = OLD.contact_id)
    WHERE id = OLD.list_id;
END;
CREATE TRIGGER list_goes BEFORE DELETE ON lists BEGIN
    DELETE FROM members WHERE list_id = OLD.id;
END;
CREATE TRIGGER folder_goes BEFORE DELETE ON folders BEGIN
    DELETE FROM lists WHERE folder_id = OLD.id;
END;
"""


class WrongDatabase(ValueError):
    """The file is a database of something else, or of another version of the sandbox."""


class Database:
    """One SQLite file, made with its tables when it does not exist.

    :param path: the file; its folder must exist.
    :raises WrongDatabase: when the file is not a sandbox database of this version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._turn = threading.Lock()
        self._writer = self._connected()
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._writer.close()
            raise WrongDatabase(f"{path} is not an SQLite database; give another --database") from error
        except WrongDatabase:
            self._writer.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for reading; it sees what is committed and never waits."""
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connected()
            _tuned(connection, cache_mb=4)
        try:
            yield connection
        finally:
            self._idle.put(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection inside a transaction: committed at the end, undone on an exception."""
        with self._turn:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def clear(self) -> None:
        """Throw away every table and create them again."""
        with self._turn:
            self._writer.executescript(_DROP_ALL)
            self._create()

    def close(self) -> None:
        """Close every connection; the database must not be used afterwards."""
        with self._turn:
            while not self._idle.empty():
                self._idle.get_nowait().close()
            self._writer.close()

    def _connected(self) -> sqlite3.Connection:
        # Connections wander between the server's threads, one thread at a time; hence no check.
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.row_factory = sqlite3.Row
        return connection

    def _prepare(self) -> None:
        (version,) = self._writer.execute("PRAGMA user_version").fetchone()
        empty = not self._writer.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        if version == 0 and empty:
            self._writer.execute("PRAGMA journal_mode = WAL")
            self._create()
        elif version != SCHEMA_VERSION:
            raise WrongDatabase(
                f"{self.path} has schema version {version} and this sandbox needs {SCHEMA_VERSION}; "
                "give another --database, or delete the file"
            )
        _tuned(self._writer, cache_mb=64)
        self._writer.execute("PRAGMA wal_autocheckpoint = 4000")

    def _create(self) -> None:
        self._writer.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")


def _tuned(connection: sqlite3.Connection, *, cache_mb: int) -> None:
    connection.execute(f"PRAGMA cache_size = {-1024 * cache_mb}")
    # NORMAL survives a kill of the process; only a power cut can cost the newest transactions.
    connection.execute("PRAGMA synchronous = NORMAL")


_DROP_ALL = """
BEGIN;
DROP TABLE rejects; DROP TABLE processes; DROP TABLE attributes; DROP TABLE members;
DROP TABLE contacts; DROP TABLE lists; DROP TABLE folders; DROP TABLE counters;
DELETE FROM sqlite_sequence;
COMMIT;
"""
