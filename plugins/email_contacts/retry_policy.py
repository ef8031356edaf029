"""When Airflow should try a failed task again, decided by what went wrong.

For tasks of your own around ``ContactsHook`` as much as for the operators of this package, which fail by
themselves where a retry cannot succeed::

    @task(retries=5, retry_policy=ContactsRetryPolicy())
    def count() -> int:
        return ContactsHook().client.contacts(limit=1).count

Airflow evaluates it in the worker and keeps only the fact that there is one in the serialised DAG, so it
needs no form of its own there. It cannot add to the ``retries`` of the task.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import RetryDecision, RetryPolicy

from email_contacts.failures import is_permanent

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds. The longest window of the platform's limits is an hour (api-contract §5).
LONGEST_WAIT = 3600.0
# Tasks that met one limit should not all come back in the same second.
SPREAD = 0.1


# What Airflow itself waits at most between two tries.
LONGEST_RETRY_DELAY = 86_400.0


class ContactsRetryPolicy(RetryPolicy):
    """Fails what a retry cannot fix, waits for a rate limit's reset, and retries an unknown outcome soon.

    - A refused key, an unknown id, a refused argument, an invalid connection: fails now; the reason is the
      error's advice.
    - The platform says when to retry (a used-up request limit, a 503 with ``Retry-After``): tries again then,
      plus a little jitter, and never sooner than the task would after any other error.
    - An unknown outcome: tries again soon. ``ImportContactsOperator`` then finds out whether its request was
      accepted. A task of your own that creates something should look for it before it creates it again.
    - Everything else, including a rate limit without a reset: as the task is configured.

    :param longest_wait: the longest wait that the platform may request, in seconds.
    :param soon: seconds until an unknown outcome is retried.
    """

    def __init__(self, *, longest_wait: float = LONGEST_WAIT, soon: float = 10.0) -> None:
        self.longest_wait = longest_wait
        self.soon = soon

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide; called by Airflow in the worker, and not for ``AirflowFailException``."""
        from email_contacts.api import ContactsApiError, OutcomeUnknown

        if is_permanent(exception):
            return RetryDecision.fail(f"a retry cannot fix this: {exception}")
        advice = exception.retry_after if isinstance(exception, ContactsApiError) else 0.0
        wait = min(advice, self.longest_wait)
        wait += random.uniform(1.0, 1.0 + wait * SPREAD) if wait else 0.0  # noqa: S311  spread, not secrecy
        if isinstance(exception, OutcomeUnknown):
            return RetryDecision.retry(
                timedelta(seconds=max(wait, self.soon)),
                "it is not known yet whether the request was accepted; the next try finds out",
            )
        if wait:
            return RetryDecision.retry(
                timedelta(seconds=max(wait, _own_delay(context, try_number))),
                f"the platform asks for a retry in {advice:.0f} s",
            )
        return RetryDecision.default()


def _own_delay(context: Context | None, try_number: int) -> float:
    """Seconds that the task would wait after any other error; the most, where Airflow spreads them."""
    task = context.get("task") if context else None
    if task is None:
        return 0.0
    delay = _seconds(task.retry_delay)
    if task.retry_exponential_backoff:
        # Beyond a hundred tries the longest delay is long reached, and no float overflows.
        delay *= 2 * task.retry_exponential_backoff ** (min(try_number, 100) - 1)
    longest = LONGEST_RETRY_DELAY if task.max_retry_delay is None else _seconds(task.max_retry_delay)
    return min(delay, longest)


def _seconds(delay: timedelta | float) -> float:
    return delay.total_seconds() if isinstance(delay, timedelta) else float(delay)
