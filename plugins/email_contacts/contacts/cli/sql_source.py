"""A query as the source of the command line.

Knows SQLAlchemy's URLs; what a URL says is shown nowhere, for it may hold a password.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from email_contacts.contacts.errors import InvalidOption, SourceMissing
from email_contacts.contacts.sources.sql_rows import Query


def query_of_url(url: str, sql: str) -> Query:
    """Make a query of an SQLAlchemy URL.

    :param url: such as ``postgresql://reader@db.example/crm`` or ``sqlite:///crm.db``.
    :param sql: one statement that gives rows.
    :raises InvalidOption: when SQLAlchemy or the driver is not installed, or the URL is none.
    :raises SourceMissing: when it is the URL of a SQLite file that is not there.
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
    except ValueError:  # it quotes what it took for the port, which may be the end of a password
        raise InvalidOption(
            "The URL cannot be read. In user and password write @ as %40, : as %3A, / as %2F and % as %25."
        ) from None
    name = engine.dialect.name
    if engine.dialect.is_async:
        raise InvalidOption(
            f'"{scheme}" is a driver for asynchronous programs, which cannot be used here. Name another one, '
            f"or none: {name}://…"
        )
    file = engine.url.database if name == "sqlite" else None
    if file and file != ":memory:" and not file.startswith("file:") and not Path(file).exists():
        raise SourceMissing(  # SQLite would make it
            f"There is no SQLite file {file}. After sqlite:/// the path is relative; an absolute one makes "
            "four slashes."
        )

    def connect() -> Any:
        arguments, named = engine.dialect.create_connect_args(engine.url)
        return engine.dialect.connect(*arguments, **named)

    return Query(connect=connect, sql=sql, name=f"{engine.url.get_backend_name()}:query")
