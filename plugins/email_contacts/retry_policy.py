"""When Airflow should try a failed task again, decided by what went wrong.

For tasks of your own around ``ContactsHook`` as much as for the operators of this package, which fail by
themselves where a retry is of no use::

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

# The longest window of the platform's limits is an hour (api-contract §5).
LONGEST_WAIT = 3600.0
# Tasks that met one limit should not all come back in the same second.
SPREAD = 0.1


class ContactsRetryPolicy(RetryPolicy):
    """Fails what no retry can mend, waits for the reset of a rate limit, and asks soon where nobody knows.

    - A refused key, an unknown id, a refused argument, a connection that cannot work: fails now; the reason
      is the error's advice.
    - A used-up request limit: tries again when it resets, plus a little spread.
    - An unknown outcome: tries again soon. ``ImportContactsOperator`` then finds out what became of its
      request. A task of your own that creates something should look for it before it creates it again.
    - Everything else: as the task is configured.

    :param longest_wait: seconds, the longest wait for a rate limit.
    :param soon: seconds until an unknown outcome is looked into.
    """

    def __init__(self, *, longest_wait: float = LONGEST_WAIT, soon: float = 10.0) -> None:
        self.longest_wait = longest_wait
        self.soon = soon

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide; called by Airflow in the worker, and not for ``AirflowFailException``."""
        from email_contacts.api import OutcomeUnknown, RateLimited

        if is_permanent(exception):
            return RetryDecision.fail(f"no retry can mend this: {exception}")
        if isinstance(exception, RateLimited):
            wait = min(exception.retry_after, self.longest_wait)
            wait += random.uniform(1.0, 1.0 + wait * SPREAD)  # noqa: S311  spread, not secrecy
            return RetryDecision.retry(
                timedelta(seconds=wait),
                f"the platform's request limit resets in {exception.retry_after:.0f} s",
            )
        if isinstance(exception, OutcomeUnknown):
            return RetryDecision.retry(
                timedelta(seconds=self.soon), "nobody knows yet whether it ran; the next try finds out"
            )
        return RetryDecision.default()
