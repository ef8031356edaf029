"""Rows of a database query.

Knows DB-API 2.0 (PEP 249), and how the usual drivers keep a result on the server; neither Airflow nor any
dialect. Whoever asks makes the connection.

Without a cursor on the server, psycopg and the MySQL drivers fetch the whole result before the first row.
With one, and with ``fetchmany`` everywhere else, memory holds one block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from email_contacts.contacts.errors import InvalidOption, PreparationError, SourceBroken, SourceUnreadable
from email_contacts.contacts.sources.narrow_floats import write_narrow_floats
from email_contacts.contacts.sources.postgres_days import keep_days_as_text
from email_contacts.contacts.sources.read_only import (
    IDLE,
    MYSQL,
    POSTGRES,
    check_reads_only,
    driver_of,
    make_read_only,
)
from email_contacts.contacts.sources.rows import Block, Row, RowFault
from email_contacts.contacts.sources.typed import plain_rows

ROWS_IN_A_BLOCK = 5_000
_CURSOR = "email_contacts_source"
_DECLARED = "DECLARE"  # how PostgreSQL's answer begins where a cursor of its own was the last command
# What drivers call the type in a cursor's description.
_FLOAT_OF_32_BITS = dict.fromkeys(("psycopg2", "psycopg"), "700") | dict.fromkeys(MYSQL, "4")
_FLOAT_OF_32_BITS |= dict.fromkeys(("duckdb", "_duckdb"), "FLOAT")
_PLACEHOLDERS = (
    "If the database's log says nothing of it, its parameters do not fit its placeholders; beside "
    "placeholders such as %s, any other % is written %%."
)
_IDENTIFIER = re.compile(r"[^\W\d][\w$]*")
_CODE = re.compile(r"[A-Z0-9_]{4,40}")


@dataclass(frozen=True)
class Query:
    """What to ask which database.

    :param connect: makes a new DB-API connection; it is closed when the rows are read, or cannot be.
    :param sql: one statement that gives rows. Give it an ORDER BY when the same data shall give the same
        batches: a table has no order.
    :param parameters: what goes into its placeholders, in the driver's style; None when there are none, and
        then a ``%`` in the statement is a plain one.
    :param name: what messages and the manifest call it.
    :param read_only: refuse what is not one reading statement, and run it in a read-only transaction.
    """

    connect: Callable[[], Any] = field(repr=False)
    sql: str = field(repr=False)
    parameters: Sequence[Any] | Mapping[str, Any] | None = field(default=None, repr=False)
    name: str = "query"
    read_only: bool = field(default=False, repr=False)

    def __str__(self) -> str:
        """Say its name: statement and parameters may hold somebody's data."""
        return self.name


def table_query(table: str, columns: Sequence[str] | None = None, *, quote: str = '"') -> str:
    """Write the statement that reads a table.

    :param table: its name, with its schema in front where it has one: ``crm.customers``.
    :param columns: the columns to read; None for all.
    :param quote: what the database puts around names: ``"``, or a backtick for MySQL.
    :raises InvalidOption: when a name is none: only letters, digits, ``_`` and ``$``, no digit in front.
    """
    parts = [quoted_name(part, quote, what="table", whole=table) for part in table.split(".")]
    if len(parts) > 3:
        raise InvalidOption(f'table="{table}" has more parts than database.schema.table.')
    chosen = (
        "*" if columns is None else ", ".join(quoted_name(name, quote, what="column") for name in columns)
    )
    if not chosen:
        raise InvalidOption("columns=[] names no column. Name some, or leave it out to read all.")
    return f"SELECT {chosen} FROM {'.'.join(parts)}"  # noqa: S608  # each name is checked and quoted


def quoted_name(name: str, quote: str, *, what: str, whole: str | None = None) -> str:
    """Put a name between quotes.

    :raises InvalidOption: when it is none: only letters, digits, ``_`` and ``$``, no digit in front.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise InvalidOption(
            f'{what}="{whole or name}" is not a name of a {what}: letters, digits, "_" and "$", beginning '
            "with a letter. For other names, write a query."
        )
    return f"{quote}{name}{quote}"


class SqlRows:
    """A query that runs, read in blocks.

    :param query: what to ask. Its transaction is never committed, and on PostgreSQL read-only.
    :raises SourceBroken: when the driver fails.
    :raises SourceUnreadable: when the statement gives no rows.
    """

    text_only = False
    reads_ahead = False  # drivers such as sqlite3 keep to the thread that connected
    late_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    likely_header: int | None = None

    def __init__(self, query: Query) -> None:
        self._name = query.name
        self._read = 0
        self._advice = "See the database's log, then run it again."
        if query.read_only:
            check_reads_only(query.sql)
        with self._driver_errors_hidden(only_the_drivers=True):
            self._connection = query.connect()
        try:
            with self._driver_errors_hidden():
                if query.read_only:
                    make_read_only(self._connection)
                self._cursor = _cursor_on_server(self._connection)
                with suppress(AttributeError):  # DuckDB's cannot be set
                    self._cursor.arraysize = ROWS_IN_A_BLOCK
                self._execute(query)
                self._check_one_statement(query.sql)
                # Some describe the columns only when they have fetched.
                self._first = self._fetched() if self._gives_rows() else []
            if not self._cursor.description:
                raise SourceUnreadable(f"{self._name} must be one statement that returns rows: a SELECT.")
            self.columns = tuple(str(column[0]) for column in self._cursor.description)
            code = _FLOAT_OF_32_BITS.get(driver_of(self._connection))
            self.narrow_columns = frozenset(
                str(column[0]) for column in self._cursor.description if str(column[1]) == code
            )
        except BaseException:
            self.close()
            raise

    def first_block(self) -> list[Row | RowFault]:
        """Return the first rows, which are still to be walked."""
        return self._plain(self._first)

    def blocks(self) -> Iterator[Block]:
        """Walk the rows in blocks, once.

        :raises SourceBroken: when the driver fails, which says after how many rows.
        """
        values, self._first = self._first, []
        while values:
            self._read += len(values)
            yield self._plain(values)
            with self._driver_errors_hidden():
                values = self._fetched()

    def place(self, row: int) -> str:
        """Return an empty text: a row of a query has no place but its number."""
        return ""

    def close(self) -> None:
        """Leave nothing behind: neither a transaction nor a connection.

        The cursor goes with them. Closing it separately would make some drivers read the rest of the rows.
        """
        with suppress(Exception):
            self._connection.rollback()
        with suppress(Exception):
            self._connection.close()

    def _execute(self, query: Query) -> None:
        if query.parameters is None:
            self._cursor.execute(query.sql)
            return
        usual, self._advice = self._advice, _PLACEHOLDERS
        self._cursor.execute(query.sql, query.parameters)
        self._advice = usual

    def _plain(self, values: Sequence[Sequence[Any]]) -> list[Row | RowFault]:
        rows = plain_rows(values)
        if self.narrow_columns:
            write_narrow_floats(rows, [self.columns.index(name) for name in self.narrow_columns])
        return rows

    def _fetched(self) -> Sequence[Sequence[Any]]:
        """Fetch the next rows; those that a connection gives as objects, as their values.

        Airflow's PostgreSQL connections do with ``cursor: dictcursor``, and walking an object gives its keys.
        """
        rows = self._cursor.fetchmany(ROWS_IN_A_BLOCK)
        if not rows or not isinstance(rows[0], Mapping):
            return rows  # type: ignore[no-any-return]
        names = [column[0] for column in self._cursor.description]
        return [[row[name] for name in names] for row in rows]

    def _check_one_statement(self, sql: str) -> None:
        """Refuse several statements where drivers run all of them, and give the rows of one.

        psycopg2 gives those of the first, and its last command was not the cursor's then; DuckDB of the last.

        :raises SourceUnreadable: when there are several.
        """
        command = getattr(self._cursor, "statusmessage", None) if _is_named(self._cursor) else None
        statements_of = getattr(self._connection, "extract_statements", None)
        is_one = command is None or command.startswith(_DECLARED)
        if not is_one or (statements_of is not None and len(statements_of(sql)) > 1):
            raise SourceUnreadable(
                f"{self._name} holds several statements, and only the rows of one can be read. Give one "
                "statement; UNION ALL puts the rows of two together."
            )

    def _gives_rows(self) -> bool:
        """Whether the statement has a result, and can be fetched from; a named cursor knows later."""
        return bool(self._cursor.description) or _is_named(self._cursor)

    @contextmanager
    def _driver_errors_hidden(self, *, only_the_drivers: bool = False) -> Iterator[None]:
        """Put in place of any error one that holds no value: drivers quote rows in their messages."""
        try:
            yield
        except PreparationError:
            raise
        except Exception as error:
            if only_the_drivers and not _is_of_a_driver(error):
                raise
            raise SourceBroken(
                f"{self._name} failed after {self._read:,} rows: {_described(error)}. "
                f"Nothing of it is prepared. {self._advice}",
                rows=self._read,
            ) from None


def _cursor_on_server(connection: Any) -> Any:
    """Make the cursor that leaves the result on the server, for drivers that do not by themselves."""
    driver = driver_of(connection)
    if driver in POSTGRES:
        if connection.info.transaction_status == IDLE:
            connection.autocommit = False  # a cursor on the server lives in a transaction
            setattr(connection, POSTGRES[driver], True)
        keep_days_as_text(connection, driver)
        return connection.cursor(name=_CURSOR)
    if driver in ("MySQLdb", "pymysql"):
        return connection.cursor(import_module(f"{driver}.cursors").SSCursor)
    return connection.cursor()


def _is_named(cursor: Any) -> bool:
    return getattr(cursor, "name", None) == _CURSOR


def _is_of_a_driver(error: Exception) -> bool:
    """Recognise a driver's errors by the base class that PEP 249 gives them."""
    return any(base.__name__ == "Error" for base in type(error).__mro__)


def _described(error: Exception) -> str:
    """Say an error's class, and its code where it has one: SQLSTATE, or the driver's own."""
    kind = type(error).__name__
    for name in ("sqlstate", "pgcode", "sqlite_errorname"):
        code = getattr(error, name, None)
        if isinstance(code, str) and _CODE.fullmatch(code):
            return f"{kind} ({'SQLSTATE ' if name != 'sqlite_errorname' else ''}{code})"
    number = error.args[0] if error.args else None
    return f"{kind} ({number})" if type(number) is int else kind
