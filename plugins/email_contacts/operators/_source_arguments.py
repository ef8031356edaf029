"""Where operators that prepare contacts take rows and mapping from."""

from __future__ import annotations

from collections.abc import Mapping as Document
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from email_contacts.arguments import InvalidArgument, as_text, exactly_one
from email_contacts.operators._personal import shown

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.mapping.document import Mapping
    from email_contacts.contacts.sources.sql_rows import Query
    from email_contacts.operators._staging import ReadingOperator
    from email_contacts.operators.preparation import PrepareContactsOperator


def read_source(given: PrepareContactsOperator) -> ObjectStoragePath | Query:
    """Find the one source that was given.

    :raises InvalidArgument: when none or several were, or what was given cannot be one.
    """
    chosen = exactly_one(source=given.source, sql=given.sql, table=given.table)
    if chosen == "source":
        if given.sql_conn_id or given.parameters:
            raise InvalidArgument("sql_conn_id and parameters belong to sql or table, not to source")
        return rooted_path("source", given.source, root=given.source_root)
    from email_contacts.contacts.sources.sql_rows import Query, table_query

    conn_id = as_text(given.sql_conn_id, "sql_conn_id")
    hook = database_hook(conn_id)
    if chosen == "table":
        if given.parameters:
            raise InvalidArgument("parameters belong to sql; a table takes none")
        table = as_text(given.table, "table").strip()
        sql = table_query(table, quote=quote_of(hook))
        return Query(connect=hook.get_conn, sql=sql, name=f"{conn_id}:{table}")
    return Query(
        connect=hook.get_conn,
        sql=as_text(given.sql, "sql"),
        parameters=cast("Sequence[Any] | Document[str, Any] | None", shown(given.parameters) or None),
        name=f"{conn_id}:query",
    )


def read_mapping(given: ReadingOperator) -> Mapping | None:
    """Read the mapping from its document, or take the one that stands in the DAG; None when there is none.

    :raises email_contacts.contacts.errors.MappingError: when it breaks a rule.
    """
    from email_contacts.contacts.mapping.document import Mapping

    if not given.mapping:
        return None
    if isinstance(given.mapping, Document):
        return Mapping.from_json(given.mapping)
    return Mapping.read(rooted_path("mapping", given.mapping, root=given.source_root))


def rooted_path(argument: str, value: Any, *, root: Any) -> ObjectStoragePath:
    """Make the path that a user gave; a relative one means nothing without a root.

    :raises InvalidArgument: when it is empty, or relative to nothing.
    """
    from airflow.sdk import ObjectStoragePath

    path = as_text(value, argument).strip()
    if "://" in path or path.startswith("/"):
        return ObjectStoragePath(path)
    if not root:
        raise InvalidArgument(f"{argument}={path!r} is a relative path; give an absolute one, or source_root")
    return ObjectStoragePath(str(root)) / path


def quote_of(hook: Any) -> str:
    """What the database puts around names; standard SQL's where an opening one differs from a closing one."""
    if hook.conn_type == "mysql":
        return "`"
    form = str(hook.escape_word_format)
    return form[0] if form[0] == form[-1] else '"'


def database_hook(conn_id: str) -> Any:
    """Make the hook of a database connection; nothing is connected yet."""
    from airflow.sdk import BaseHook

    try:
        from airflow.providers.common.sql.hooks.sql import DbApiHook
    except ImportError as error:
        raise InvalidArgument(
            "sql and table need apache-airflow-providers-common-sql, and the provider of your database; "
            "install both"
        ) from error

    connection = BaseHook.get_connection(conn_id)
    hook = connection.get_hook()  # type: ignore[no-untyped-call]
    if not isinstance(hook, DbApiHook):
        raise InvalidArgument(
            f"sql_conn_id={conn_id!r} is a connection of type {connection.conn_type!r}, which is no "
            "database; give one whose hook is a DbApiHook, such as postgres, mysql, sqlite or snowflake"
        )
    return hook
