"""Partitions as they travel between tasks: where their rows are, and nothing of what the rows hold.

Knows plain rendered values; no operator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from email_contacts.arguments import InvalidArgument, as_count, as_text, exactly_one
from email_contacts.operators._source_arguments import database_hook, quote_of, rooted_path

if TYPE_CHECKING:
    from email_contacts.contacts.sources.opening import Source
    from email_contacts.operators._source_access import SourceAccess


@dataclass(frozen=True, kw_only=True)
class SplitArguments:
    """What to cut into partitions: exactly one of ``source`` and ``table``.

    :param source: a file, a folder or a glob.
    :param table: a table, with its schema if need be.
    :param sql_conn_id: the connection of its database.
    :param column: the column of whole numbers that it is cut by.
    :param partitions: how many, at most.
    :param root: the folder that a relative source is looked up in; empty: there is none.
    :param access: what may be looked at; None: anything.
    """

    source: Any = None
    table: Any = None
    sql_conn_id: Any = None
    column: Any = "id"
    partitions: Any = 4
    root: Any = ""
    access: SourceAccess | None = None

    def cut(self) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        """Cut it: files by their bytes, a table by ranges of the column. No row is read.

        :return: the partitions, and what was found out about the files, a sentence each.
        :raises InvalidArgument: when the arguments name none or both, or a database that may not be queried.
        :raises email_contacts.contacts.errors.PreparationError: when the column is not fit for it.
        """
        chosen = exactly_one(source=self.source, table=self.table)
        count = as_count(self.partitions, "partitions")
        found, notes = self._cut_files(count) if chosen == "source" else (self._cut_table(count), ())
        # Of two cuts, partitions with the same index may have other rows.
        cut = sha256(json.dumps(found).encode()).hexdigest()[:16]
        said = {"count": len(found), "cut": cut}
        return [{"index": index, **said, **one} for index, one in enumerate(found)], notes

    def _cut_files(self, count: int) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        from email_contacts.contacts.sources.files import find_files
        from email_contacts.contacts.sources.splitting import partitions_of

        if self.sql_conn_id:
            raise InvalidArgument("sql_conn_id belongs to table, not to source")
        source = rooted_path("source", self.source, root=self.root, access=self.access)
        files = find_files(source)
        found = partitions_of(str(source), files.files, count)
        folder = str(found[0].first.path).removesuffix(found[0].first.name).rstrip("/") or "/"
        partitions = [
            {
                "source": some.source,
                "folder": folder,
                "first": some.first.name,
                "files": [file.name for file in some.files],
            }
            for some in found
        ]
        return partitions, files.notes

    def _cut_table(self, count: int) -> list[dict[str, Any]]:
        from email_contacts.contacts.sources.splitting import bounds_query, range_queries
        from email_contacts.contacts.sources.sql_rows import Query, SqlRows

        table = as_text(self.table, "table").strip()
        column = as_text(self.column, "column").strip()
        conn_id = as_text(self.sql_conn_id, "sql_conn_id")
        if self.access is not None:
            self.access.check_database(conn_id)
        hook = database_hook(conn_id)
        quote = quote_of(hook)
        name = f"{conn_id}:{table}"
        asked = Query(
            connect=hook.get_conn,
            sql=bounds_query(table, column, quote=quote),
            name=name,
            read_only=self.access is not None,
        )
        with closing(SqlRows(asked)) as rows:
            ((low, high, without),) = cast("list[list[Any]]", next(rows.blocks()))
        bounds = {"low": None if low == "" else low, "high": None if high == "" else high}
        statements = range_queries(table, column, count, **bounds, without=without, quote=quote)
        return [{"source": name, "sql_conn_id": conn_id, "sql": sql} for sql in statements]


def read_partition(given: Any, *, access: SourceAccess | None = None) -> tuple[Source, dict[str, Any]]:
    """Find the rows of a partition.

    :param access: what may be read; None: anything.
    :return: its source; and its ``index``, the ``count`` of partitions, and which ``cut`` it is of.
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
        # The last release did not name the cut.
        place = {"index": given["index"], "count": given["count"], "cut": given.get("cut", "")}
        source = given["source"]
        if "sql" in given:
            if access is not None:
                access.check_database(given["sql_conn_id"])
            hook = database_hook(given["sql_conn_id"])
            query = Query(connect=hook.get_conn, sql=given["sql"], name=source, read_only=access is not None)
            return query, place
        folder = ObjectStoragePath(given["folder"])
        names = (given["first"], *given["files"])
        if access is not None:
            for name in names:
                access.check_path(folder / name, argument="partition")
        first, *files = (SourceFile(folder / name, name) for name in names)
    except KeyError as error:
        raise InvalidArgument(
            f"partition has no {error}; give one that SplitSourceOperator returned"
        ) from error
    return SomeFiles(source, tuple(files), first), place
