"""A query as the source of the command line.

Knows SQLAlchemy's URLs; what a URL says is shown nowhere, for it may hold a password.
"""

from __future__ import annotations

from typing import Any

from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.sources.sql_rows import Query


def query_of_url(url: str, sql: str) -> Query:
    """Make a query of an SQLAlchemy URL.

    :param url: such as ``postgresql://reader@db.example/crm`` or ``sqlite:///crm.db``.
    :param sql: one statement that gives rows.
    :raises InvalidOption: when SQLAlchemy or the driver is not installed, or the URL is none.
    """
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError
        from sqlalchemy.pool import NullPool
    except ImportError:
        raise InvalidOption("--sql needs SQLAlchemy, which Airflow brings: pip install sqlalchemy.") from None
    scheme = url.partition("://")[0]
    try:
        engine = create_engine(url, poolclass=NullPool)
    except (ArgumentError, NoSuchModuleError):
        raise InvalidOption(
            f'"{scheme}" is not a database that SQLAlchemy has a dialect for here. A URL looks like postgresql://user@host/db.'
        ) from None
    except ModuleNotFoundError as error:
        raise InvalidOption(f'"{scheme}" needs the driver {error.name}. Install it.') from None

    def connect() -> Any:
        arguments, named = engine.dialect.create_connect_args(engine.url)
        return engine.dialect.connect(*arguments, **named)

    return Query(connect=connect, sql=sql, name=f"{engine.url.get_backend_name()}:query")
