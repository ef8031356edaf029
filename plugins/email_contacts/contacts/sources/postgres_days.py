"""Days of PostgreSQL that Python lacks, as the text that PostgreSQL writes for them.

Knows its two drivers. psycopg2 makes ``infinity`` the last day of the year 9999, which would be sent as
somebody's day; psycopg gives up the whole result at one such value, and both do at a day before Christ. As
text it is refused where a day is wanted, as it is in a CSV, and the other rows go on.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_OIDS = (1082, 1114, 1184)  # date, timestamp, timestamptz
_ENDLESS = ("infinity", "-infinity")


def keep_days_as_text(connection: Any, driver: str) -> None:
    """Let a connection give days that Python lacks as text.

    :param connection: one of PostgreSQL.
    :param driver: ``psycopg2`` or ``psycopg``.
    """
    if driver == "psycopg2":
        _keep_in_psycopg2(connection)
    else:
        _keep_in_psycopg(connection)


def _keep_in_psycopg2(connection: Any) -> None:
    extensions: Any = import_module("psycopg2.extensions")
    for oid in _OIDS:
        usual = connection.string_types.get(oid, extensions.string_types[oid])

        def day_of(text: str | None, cursor: Any, usual: Any = usual) -> Any:
            if text in _ENDLESS:
                return text
            try:
                return usual(text, cursor)
            except ValueError:
                return text

        made = extensions.new_type((oid,), f"EMAIL_CONTACTS_{oid}", day_of)
        extensions.register_type(made, connection)


def _keep_in_psycopg(connection: Any) -> None:
    from psycopg import DataError
    from psycopg.adapt import Loader
    from psycopg.pq import Format

    for oid in _OIDS:
        usual: Any = connection.adapters.get_loader(oid, Format.TEXT)

        class DayOrText(Loader):
            def __init__(self, oid: int, context: Any = None, *, usual: Any = usual) -> None:
                super().__init__(oid, context)
                self._usual = usual(oid, context).load

            def load(self, data: Any) -> Any:
                try:
                    return self._usual(data)
                except DataError:
                    return bytes(data).decode()

        connection.adapters.register_loader(oid, DayOrText)
