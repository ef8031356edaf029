"""Which errors a retry cannot mend, said in Airflow's terms.

Airflow retries every exception but ``AirflowFailException``. A wrong key, a missing list or a refused
argument stays wrong however often it is tried, so the task fails at once and its retries are not spent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import InvalidArgument
from email_contacts.connection import InvalidConnection


def permanent_errors() -> tuple[type[Exception], ...]:
    """The errors of this package that no retry can mend; the one list, for operators and retry policy."""
    from email_contacts.api import BadRequest, Forbidden, InvalidRequest, NotFound, Unauthorized
    from email_contacts.contacts.errors import PreparationError
    from email_contacts.imports.errors import ImportNotRepeatable

    return (
        InvalidArgument,
        InvalidConnection,
        InvalidRequest,
        BadRequest,
        Unauthorized,
        Forbidden,
        NotFound,
        PreparationError,
        ImportNotRepeatable,
    )


@contextmanager
def failing_at_once() -> Iterator[None]:
    """Turn errors that a retry cannot mend into ``AirflowFailException``, with their message and cause.

    Time-outs, server errors and rate limits pass through unchanged: they are worth a retry.
    """
    try:
        yield
    except permanent_errors() as error:
        raise AirflowFailException(str(error)) from error
