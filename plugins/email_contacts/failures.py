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


@contextmanager
def failing_at_once() -> Iterator[None]:
    """Turn errors that a retry cannot mend into ``AirflowFailException``, with their message and cause.

    Time-outs, server errors and rate limits pass through unchanged: they are worth a retry.
    """
    from email_contacts.api import BadRequest, Forbidden, InvalidRequest, NotFound, Unauthorized
    from email_contacts.contacts.errors import PreparationError
    from email_contacts.imports.errors import ImportNotRepeatable

    try:
        yield
    except (
        InvalidArgument,
        InvalidConnection,
        InvalidRequest,
        BadRequest,
        Unauthorized,
        Forbidden,
        NotFound,
        PreparationError,
        ImportNotRepeatable,
    ) as error:
        raise AirflowFailException(str(error)) from error
