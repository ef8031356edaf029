"""The command ``email-contacts``: ``propose``, ``preview``, ``prepare``, ``audience`` and ``sandbox``.

Knows which room a command belongs to, and Airflow's connections as sources; the rooms know the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email_contacts.contacts.sources.sql_rows import Query

PROGRAM = "email-contacts"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    :param arguments: None: those of the process.
    :return: the exit code.
    """
    said = list(sys.argv[1:] if arguments is None else arguments)
    if said[:1] == ["sandbox"]:
        from email_contacts.sandbox.__main__ import main as sandbox

        sandbox(said[1:])
        return 0
    if said[:1] == ["audience"]:
        from email_contacts.audiences.command_line import main as audience

        return audience(said[1:], program=PROGRAM)
    from email_contacts.contacts.cli.command_line import main as contacts

    return contacts(said, program=PROGRAM, query_of_connection=query_of_connection)


def query_of_connection(conn_id: str, sql: str) -> Query:
    """Make a query of an Airflow connection.

    :raises InvalidOption: when Airflow is not installed here, or the connection is not a database's.
    """
    from email_contacts.arguments import InvalidArgument
    from email_contacts.contacts.errors import InvalidOption
    from email_contacts.contacts.sources.sql_rows import Query

    try:
        from email_contacts.operators._source_arguments import database_hook
    except ImportError:
        raise InvalidOption(
            f'"{conn_id}" is not a URL, and Airflow is not installed here to look up a connection id.'
        ) from None
    try:
        hook = database_hook(conn_id)
    except InvalidArgument as error:
        raise InvalidOption(f"{error}.") from None
    return Query(connect=hook.get_conn, sql=sql, name=f"{conn_id}:query")


if __name__ == "__main__":
    sys.exit(main())
