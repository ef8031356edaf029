"""Carries calls to the platform and brings back answers that can be trusted.

Knows when to wait, when to send again and what to believe; must not know what a folder or a contact is.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from urllib3 import exceptions as urllib3_errors

from email_contacts.api import retrying
from email_contacts.api.certainty import Break
from email_contacts.api.clock import Clock
from email_contacts.api.endpoints import Repeat
from email_contacts.api.errors import (
    ContactsApiError,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
)
from email_contacts.api.exchange import Answer, Call
from email_contacts.api.fields import NotAsDocumented
from email_contacts.api.pacing import HeldTooLong, Pacer, advised_wait
from email_contacts.api.refusals import IS_BASE_URL_RIGHT, MAY_HAVE_RUN, error_for
from email_contacts.api.sessions import ApiKey

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RequestCount:
    """How often the platform was asked.

    :param made: requests that went out, or tried to.
    :param retried: how many of them repeated an earlier one.
    """

    made: int = 0
    retried: int = 0


class Transport:
    """Makes calls on behalf of one client; may be shared by threads.

    :param base_url: as :func:`~email_contacts.api.base_url.check_base_url` gives it.
    :param timeout: seconds for the connection, and again for each wait for a part of the answer.
    :param max_wait: seconds that one call may spend on waiting for a rate limit or a better moment.
    """

    def __init__(
        self,
        base_url: str,
        api_key: ApiKey,
        *,
        session: requests.Session,
        timeout: float,
        requests_per_second: float,
        max_wait: float,
        clock: Clock,
    ) -> None:
        self.base_url = base_url
        self._api_key = api_key
        self._session = session
        self._timeout = timeout
        self._max_wait = max_wait
        self._clock = clock
        self._pacer = Pacer(requests_per_second=requests_per_second, clock=clock)
        self._count = RequestCount()
        self._count_lock = threading.Lock()

    @property
    def requests(self) -> RequestCount:
        """How often the platform was asked so far."""
        return self._count

    def make(self, call: Call[T]) -> T:
        """Make a call, again where that is safe and helps (see :mod:`~email_contacts.api.retrying`).

        :return: what ``call.read`` makes of the answer.
        :raises ContactsApiError: the tree of :mod:`~email_contacts.api.errors`, from ``NotSent`` on.
        """
        patience = self._max_wait
        attempt = 0
        while True:
            patience -= self._take_turn(call, patience)
            attempt += 1
            self._add_to_count(retried=attempt > 1)
            try:
                return self._exchange(call)
            except ContactsApiError as error:
                failure = error
            # Out here, so that a later attempt's error does not drag this one along as its context.
            if not retrying.is_worth_repeating(failure, attempt=attempt):
                raise failure
            patience -= self._pause(call, failure, attempt=attempt, patience=patience)

    def _take_turn(self, call: Call[Any], patience: float) -> float:
        try:
            return self._pacer.take_turn(call.endpoint.bucket, patience=patience)
        except HeldTooLong as held:
            seconds = held.seconds
        raise RateLimited(
            f"{call} was not sent: the platform's request limit is used up for another {seconds:.0f} s, and "
            f"the client waits no longer than {self._max_wait:g} s (max_wait; api-contract §5)",
            retry_after=seconds,
            **call.details,
        )

    def _pause(self, call: Call[Any], failure: ContactsApiError, *, attempt: int, patience: float) -> float:
        """Wait before the next attempt, or give up when that would take longer than the patience left.

        A rate limit holds the whole bucket, for every thread, and is sat out by whoever takes the next turn.
        """
        backoff = retrying.backoff(attempt, chance=self._clock.chance())
        wait = failure.retry_after if isinstance(failure, RateLimited) else backoff
        if wait > patience:
            raise failure
        logger.warning(
            "repeating %s in %.1f s, after attempt %d of %d: %s",
            call,
            wait,
            attempt,
            retrying.ATTEMPTS,
            failure,
        )
        if isinstance(failure, RateLimited):
            return 0.0
        self._clock.sleep(wait)
        return wait

    def _exchange(self, call: Call[T]) -> T:
        """Make one attempt."""
        answer = self._send(call)
        self._pacer.heed(call.endpoint.bucket, answer.headers)
        if answer.is_success:
            return self._believe(call, answer)
        advice = advised_wait(answer.headers, clock=self._clock)
        retry_after = (
            retrying.backoff(retrying.ATTEMPTS, chance=self._clock.chance()) if advice is None else advice
        )
        if answer.status == 429:
            # Spread, so that several workers do not come back in the same moment; never beyond max_wait.
            spread = min(retry_after + self._clock.chance() / 2, max(retry_after, self._max_wait))
            self._pacer.hold(call.endpoint.bucket, spread)
        raise error_for(call, answer, retry_after=retry_after)

    def _send(self, call: Call[Any]) -> Answer:
        """Send a request and read its answer to the end."""
        try:
            response = self._session.request(
                call.endpoint.method,
                self.base_url + call.url_path,
                params=dict(call.params),
                data=call.body,
                headers={"accept": "application/json", "content-type": "application/json"},
                auth=self._api_key,
                timeout=self._timeout,
                allow_redirects=False,
            )
            return Answer(response.status_code, response.headers, response.content)
        except (requests.RequestException, urllib3_errors.HTTPError, OSError) as error:
            broken = Break.judge(error)
        # Out here: the error of requests shows the URL, and holds the request with key and rows.
        raise self._error_for_break(call, broken) from broken.cause

    def _error_for_break(self, call: Call[Any], broken: Break) -> ContactsApiError:
        said = f"{call} at {self.base_url}: {broken.reason}"
        if not broken.sent:
            error = NotSent(f"{said}. Nothing was sent", **call.details)
            error.lasting = broken.lasting
            return error
        if call.repeatable is Repeat.ALWAYS:
            return Unavailable(said, **call.details)
        return OutcomeUnknown(f"{said}. {MAY_HAVE_RUN}", **call.details)

    def _believe(self, call: Call[T], answer: Answer) -> T:
        """Read a success; what cannot be read is no success."""
        details = {**call.details, "status": answer.status, "request_id": answer.request_id}
        garbled = False
        try:
            if answer.is_html:
                raise NotAsDocumented(f"{self.base_url} {IS_BASE_URL_RIGHT}")
            try:
                document = answer.document()
            except NotAsDocumented:
                garbled = True
                raise
            return call.read(document)
        except NotAsDocumented as error:
            reason = f"{call}: {answer.described()}, which is not the documented answer: {error}"
        if call.repeatable is not Repeat.ALWAYS:
            raise OutcomeUnknown(f"{reason}. {MAY_HAVE_RUN}", **details)
        raise (Unavailable if garbled else UnexpectedAnswer)(reason, **details)

    def _add_to_count(self, *, retried: bool) -> None:
        with self._count_lock:
            self._count = RequestCount(self._count.made + 1, self._count.retried + retried)
