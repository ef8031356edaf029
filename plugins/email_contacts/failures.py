"""Which errors a retry cannot fix, in Airflow's terms.

Airflow retries every exception but ``AirflowFailException``. A wrong key, a missing list or a refused
argument stays wrong however often it is tried, so the task fails at once and its retries are not spent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import InvalidArgument
from email_contacts.connection import InvalidConnection


def is_permanent(error: BaseException) -> bool:
    """Whether a retry cannot fix an error of this package; the one list, for operators and retry policy."""
    from email_contacts.api import BadRequest, Forbidden, InvalidRequest, NotFound, Unauthorized
    from email_contacts.contacts.errors import PreparationError, SourceBroken
    from email_contacts.exports.errors import AttributesUnknown, DestinationOfOthers
    from email_contacts.imports.errors import ImportNotRepeatable

    if isinstance(error, SourceBroken):
        return False  # a database that fails over is back in a minute
    permanent = (
        InvalidArgument,
        InvalidConnection,
        InvalidRequest,
        BadRequest,
        Unauthorized,
        Forbidden,
        NotFound,
        PreparationError,
        ImportNotRepeatable,
        AttributesUnknown,
        DestinationOfOthers,
    )
    return isinstance(error, permanent)


@contextmanager
def failing_at_once() -> Iterator[None]:
    """Turn errors that a retry cannot fix into ``AirflowFailException``, with their message and cause.

    A context manager, and with the same call a decorator: ``@failing_at_once()`` above ``execute``.

    Time-outs, server errors, rate limits and a database that fails pass through unchanged: they are worth a
    retry.
    """
    try:
        yield
    except Exception as error:
        if is_permanent(error):
            raise AirflowFailException(str(error)) from error
        raise
