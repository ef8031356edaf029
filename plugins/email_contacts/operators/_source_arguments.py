"""Where operators that prepare contacts take rows and mapping from, as value objects of rendered arguments.

Knows plain values, paths and database hooks; no operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Document
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from email_contacts.arguments import InvalidArgument, as_text, exactly_one

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.mapping.document import Mapping
    from email_contacts.contacts.sources.sql_rows import Query
    from email_contacts.operators._source_access import SourceAccess


@dataclass(frozen=True, kw_only=True)
class SourceArguments:
    """Which rows to read: exactly one of ``source``, ``sql`` and ``table``.

    :param source: a file, a folder or a glob.
    :param sql: a query.
    :param table: a table, with its schema if need be.
    :param sql_conn_id: the connection of the database, for ``sql`` and ``table``.
    :param parameters: of the query.
    :param root: the folder that a relative source is looked up in; empty: there is none.
    :param access: what may be read; None: anything.
    """

    source: Any = None
    sql: Any = field(default=None, repr=False)
    table: Any = None
    sql_conn_id: Any = None
    parameters: Sequence[Any] | Document[str, Any] | None = field(default=None, repr=False)
    root: Any = ""
    access: SourceAccess | None = None

    def open(self) -> ObjectStoragePath | Query:
        """Find the one source that was given; nothing is read yet.

        :raises InvalidArgument: when none or several were, or what was given cannot be one.
        """
        chosen = exactly_one(source=self.source, sql=self.sql, table=self.table)
        if chosen == "source":
            if self.sql_conn_id or self.parameters:
                raise InvalidArgument("sql_conn_id and parameters belong to sql or table, not to source")
            return rooted_path("source", self.source, root=self.root, access=self.access)
        if chosen == "table" and self.parameters:
            raise InvalidArgument("parameters belong to sql; a table takes none")
        return self._query(chosen)

    def _query(self, chosen: str) -> Query:
        from email_contacts.contacts.sources.sql_rows import Query, table_query

        conn_id = as_text(self.sql_conn_id, "sql_conn_id")
        if self.access is not None:
            self.access.check_database(conn_id)
        hook = database_hook(conn_id)
        if chosen == "sql":
            sql, name = as_text(self.sql, "sql"), f"{conn_id}:query"
        else:
            table = as_text(self.table, "table").strip()
            sql, name = table_query(table, quote=quote_of(hook)), f"{conn_id}:{table}"
        return Query(
            connect=hook.get_conn,
            sql=sql,
            parameters=self.parameters or None,
            name=name,
            read_only=self.access is not None,
        )


def read_mapping(given: Any, *, root: Any, access: SourceAccess | None = None) -> Mapping | None:
    """Read the mapping from its document, or take the one that stands in the DAG; None when there is none.

    :param given: a path, or the document itself.
    :param root: the folder that a relative path is looked up in.
    :param access: what may be read; None: anything.
    :raises email_contacts.contacts.errors.MappingError: when it breaks a rule.
    """
    from email_contacts.contacts.mapping.document import Mapping

    if not given:
        return None
    if isinstance(given, Document):
        return Mapping.from_json(given)
    return Mapping.read(rooted_path("mapping", given, root=root, access=access))


def rooted_path(
    argument: str, value: Any, *, root: Any, access: SourceAccess | None = None
) -> ObjectStoragePath:
    """Make the path that a user gave; a relative one means nothing without a root.

    :param access: what may be read; None: anything.
    :raises InvalidArgument: when it is empty, relative to nothing, or on a storage that Airflow cannot open.
    :raises email_contacts.contacts.errors.SourceForbidden: when it may not be read.
    """
    from airflow.sdk import ObjectStoragePath

    text = as_text(value, argument).strip()
    is_absolute = "://" in text or text.startswith("/")
    if not is_absolute and not root:
        raise InvalidArgument(f"{argument}={text!r} is a relative path; give an absolute one, or source_root")
    with _storage_named(argument, text):
        path = ObjectStoragePath(text) if is_absolute else ObjectStoragePath(str(root)) / text
    if access is not None:
        access.check_path(path, argument=argument)
    with _storage_named(argument, text):
        _ = path.fs  # asks for nothing yet
    return path


@contextmanager
def _storage_named(argument: str, text: str) -> Iterator[None]:
    """Say that Airflow cannot open addresses of a kind, before anything is requested from one.

    The address is not shown: it may carry a signature.
    """
    from airflow.sdk.io.fs import has_fs

    scheme = text.partition("://")[0]
    try:
        yield
    except ValueError as error:
        if "://" not in text or has_fs(scheme):
            raise
        fix = (
            "download the file in a task before, or put it into a bucket"
            if scheme.lower() in ("http", "https", "ftp", "sftp")
            else "install the provider of this storage, or put the file into a bucket"
        )
        raise InvalidArgument(
            f"{argument}: Airflow cannot open addresses that begin with {scheme[:20]}://; {fix}"
        ) from error


def quote_of(hook: Any) -> str:
    """What the database puts around names; standard SQL's where an opening one differs from a closing one."""
    if hook.conn_type == "mysql":
        return "`"
    form = str(hook.escape_word_format)
    return form[0] if form[0] == form[-1] else '"'


def database_hook(conn_id: str) -> Any:
    """Make the hook of a database connection; nothing is connected yet."""
    from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

    from email_contacts.airflow_answers import read_connection

    try:
        from airflow.providers.common.sql.hooks.sql import DbApiHook
    except ImportError as error:
        raise InvalidArgument(
            "sql and table need apache-airflow-providers-common-sql, and the provider of your database; "
            "install both"
        ) from error

    try:
        connection = read_connection(conn_id)
    except AirflowNotFoundException as error:
        raise InvalidArgument(
            f"sql_conn_id={conn_id!r}: there is no such connection; add it, or give another one"
        ) from error
    try:
        hook = connection.get_hook()  # type: ignore[no-untyped-call]
    except AirflowException as error:
        raise InvalidArgument(
            f"sql_conn_id={conn_id!r} is a connection of type {connection.conn_type!r}, whose provider "
            "is not installed; install it"
        ) from error
    if not isinstance(hook, DbApiHook):
        raise InvalidArgument(
            f"sql_conn_id={conn_id!r} is a connection of type {connection.conn_type!r}, which is not a "
            "database; give one whose hook is a DbApiHook, such as postgres, mysql, sqlite or snowflake"
        )
    return hook
