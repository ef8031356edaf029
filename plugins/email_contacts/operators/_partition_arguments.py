"""Partitions as they travel between tasks: where their rows are, and nothing of what the rows hold."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from email_contacts.arguments import InvalidArgument, as_text, exactly_one
from email_contacts.operators._source_arguments import database_hook, quote_of, rooted_path

if TYPE_CHECKING:
    from email_contacts.contacts.sources.opening import Source
    from email_contacts.operators.partitions import SplitSourceOperator


def cut_files(given: SplitSourceOperator, count: int) -> list[dict[str, Any]]:
    """Cut the files of a source into partitions.

    :param count: how many, at most.
    :raises InvalidArgument: when the arguments name no source of files.
    """
    from email_contacts.contacts.sources.files import find_files
    from email_contacts.contacts.sources.splitting import partitions_of

    exactly_one(source=given.source, table=given.table)
    if given.sql_conn_id:
        raise InvalidArgument("sql_conn_id belongs to table, not to source")
    source = rooted_path("source", given.source, root=given.source_root)
    found = partitions_of(str(source), find_files(source), count)
    folder = str(found[0].first.path).removesuffix(found[0].first.name).rstrip("/") or "/"
    return [
        {
            "source": some.source,
            "folder": folder,
            "first": some.first.name,
            "files": [file.name for file in some.files],
        }
        for some in found
    ]


def cut_table(given: SplitSourceOperator, count: int) -> list[dict[str, Any]]:
    """Cut a table into ranges.

    :param count: how many, at most.
    :raises InvalidArgument: when the arguments name no table.
    :raises email_contacts.contacts.errors.PreparationError: when the column is not fit for it.
    """
    from email_contacts.contacts.sources.splitting import bounds_query, range_queries
    from email_contacts.contacts.sources.sql_rows import Query, SqlRows

    exactly_one(source=given.source, table=given.table)
    table = as_text(given.table, "table").strip()
    column = as_text(given.column, "column").strip()
    conn_id = as_text(given.sql_conn_id, "sql_conn_id")
    hook = database_hook(conn_id)
    quote = quote_of(hook)
    name = f"{conn_id}:{table}"
    asked = Query(connect=hook.get_conn, sql=bounds_query(table, column, quote=quote), name=name)
    with closing(SqlRows(asked)) as rows:
        ((low, high, without),) = cast("list[list[Any]]", next(rows.blocks()))
    bounds = {"low": None if low == "" else low, "high": None if high == "" else high}
    statements = range_queries(table, column, count, **bounds, without=without, quote=quote)
    return [{"source": name, "sql_conn_id": conn_id, "sql": sql} for sql in statements]


def read_partition(given: Any) -> tuple[int, int, Source]:
    """Find the rows of a partition.

    :return: its index, how many there are, and its source.
    :raises InvalidArgument: when it is none that ``SplitSourceOperator`` returned.
    """
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.sources.files import SomeFiles, SourceFile
    from email_contacts.contacts.sources.sql_rows import Query

    if not isinstance(given, Mapping):
        raise InvalidArgument(
            f"partition is a {type(given).__name__}; expand over what SplitSourceOperator returned: "
            ".expand(partition=split.output)"
        )
    try:
        index, count, source = given["index"], given["count"], given["source"]
        if "sql" in given:
            hook = database_hook(given["sql_conn_id"])
            return index, count, Query(connect=hook.get_conn, sql=given["sql"], name=source)
        folder = ObjectStoragePath(given["folder"])
        first, *files = (SourceFile(folder / name, name) for name in (given["first"], *given["files"]))
    except KeyError as error:
        raise InvalidArgument(
            f"partition has no {error}; give one that SplitSourceOperator returned"
        ) from error
    return index, count, SomeFiles(source, tuple(files), first)
