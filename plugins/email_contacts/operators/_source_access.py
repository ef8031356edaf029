"""What may be read where the DAG's author does not say it alone: roots and database connections.

Knows plain values; no operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from email_contacts.arguments import InvalidArgument

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.connection import ContactsConnection


@dataclass(frozen=True, kw_only=True)
class SourceAccess:
    """The limits of a restricted operator.

    :param roots: folders and prefixes of buckets.
    :param sql_conn_ids: connections of databases.
    """

    roots: tuple[str, ...] = ()
    sql_conn_ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: ContactsConnection, *, root: str) -> SourceAccess:
        """Take what the connection allows; without its own roots, what lies below the operator's root."""
        return cls(
            roots=_several(settings.source_roots) or ((root,) if root else ()),
            sql_conn_ids=_several(settings.source_sql_conn_ids),
        )

    def check_path(self, path: ObjectStoragePath, *, argument: str) -> None:
        """Check that a file, folder or pattern may be read.

        :raises email_contacts.contacts.errors.SourceForbidden: when it may not.
        """
        from airflow.sdk import ObjectStoragePath

        from email_contacts.contacts.sources.allowed_roots import AllowedRoots

        AllowedRoots([ObjectStoragePath(root) for root in self.roots]).check(path, argument=argument)

    def check_database(self, conn_id: str) -> None:
        """Check that a database may be queried.

        :raises InvalidArgument: when it may not.
        """
        if conn_id not in self.sql_conn_ids:
            allowed = ", ".join(self.sql_conn_ids) or "none"
            raise InvalidArgument(
                f"sql_conn_id={conn_id!r} is not a database that may be queried here; allowed: {allowed}. "
                "Add it to source_sql_conn_ids of the connection"
            )


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
