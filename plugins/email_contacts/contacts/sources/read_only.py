"""Queries that can change nothing, where somebody else than the DAG's author writes them.

Knows the usual drivers. Each gets a read-only transaction of its database, and one statement only, for a
second one could end that transaction; a driver that is not known here is refused.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from email_contacts.contacts.errors import InvalidOption

POSTGRES = {"psycopg2": "readonly", "psycopg": "read_only"}
MYSQL = ("MySQLdb", "pymysql", "mysql")
IDLE = 0  # of libpq's transaction states
_READS = re.compile(r"[\s(]*(select|with|values|table)\b", re.IGNORECASE).match
_ALLOWED_IN_SQLITE = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)


def check_reads_only(sql: str) -> None:
    """Check that a text is one statement that reads.

    :raises InvalidOption: when it is not; nothing of the statement is quoted.
    """
    if ";" in sql.strip().removesuffix(";"):
        raise InvalidOption(
            "The query holds a semicolon before its end, and only one statement may be run here. Remove it; "
            "inside a text, write the character by its number, such as chr(59)."
        )
    if not _READS(sql):
        raise InvalidOption(
            "The query must begin with SELECT, WITH, VALUES or TABLE: only reading is allowed."
        )


def make_read_only(connection: Any) -> None:
    """Begin a transaction in which nothing can be written.

    :param connection: a new DB-API connection.
    :raises InvalidOption: when its driver has no such transaction, or none that is known here.
    """
    driver = driver_of(connection)
    if driver in POSTGRES:
        if connection.info.transaction_status != IDLE:
            connection.rollback()
        connection.autocommit = False
        setattr(connection, POSTGRES[driver], True)
    elif driver == "sqlite3":
        connection.set_authorizer(_authorize)
    elif driver in MYSQL:
        connection.cursor().execute("START TRANSACTION READ ONLY")
    else:
        raise InvalidOption(
            f"The driver {driver} has no read-only transaction that is known here, and only reading is "
            "allowed. Use a connection to PostgreSQL, MySQL or SQLite, or a table or file that was exported "
            "from this database."
        )


def driver_of(connection: Any) -> str:
    """Name the package of a connection's driver."""
    return type(connection).__module__.partition(".")[0]


def _authorize(action: int, *of: str | None) -> int:
    """Allow SQLite to read; all else (VACUUM INTO, ATTACH, PRAGMA) is denied, and so is loading code."""
    is_allowed = action in _ALLOWED_IN_SQLITE and "load_extension" not in of
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY
