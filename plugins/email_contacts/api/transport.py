"""Carries calls to the platform and brings back answers that can be trusted.

Knows when to wait, when to send again and what to believe; must not know what a folder or a contact is.
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import requests

from email_contacts.api import downloads, retrying
from email_contacts.api.advice import Advice, date_of
from email_contacts.api.attempt import Attempt, TooLarge
from email_contacts.api.certainty import Break
from email_contacts.api.clock import Clock
from email_contacts.api.connections import Connections
from email_contacts.api.counting import RequestCounter
from email_contacts.api.endpoints import Bucket, Repeat
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
from email_contacts.api.pacing import HeldTooLong, Pacer
from email_contacts.api.refusals import IS_BASE_URL_RIGHT, MAY_HAVE_RUN, error_for
from email_contacts.api.sessions import ApiKey
from email_contacts.api.upload import Upload

T = TypeVar("T")

#: Decoded bytes of a success: a full page of contacts with all their attributes is far smaller.
MAX_ANSWER_BYTES = 32_000_000
#: Decoded bytes that are read of a refusal, whose documented body is a code and a sentence.
MAX_REFUSAL_BYTES = 65_536
#: Bytes a second that even a slow line sends: a large body gets so much more time than ``timeout``.
SLOWEST_UPLOAD = 100_000

_HEADERS = {
    "accept": "application/json",
    "accept-encoding": downloads.ACCEPT_ENCODING,
    "content-type": "application/json",
}
_TOO_MANY_REQUESTS = 429

logger = logging.getLogger(__name__)


class Transport:
    """Makes calls on behalf of one client; may be shared by threads.

    :param base_url: as :func:`~email_contacts.api.base_url.check_base_url` gives it.
    :param timeout: seconds for one attempt, from the connection to the last byte of the answer; a body gets
        another second for each 100 kB.
    :param max_wait: seconds that one call may spend on waiting for a rate limit or a better moment.
    :param before_scarce: called before each request of the hourly bucket.
    """

    def __init__(
        self,
        base_url: str,
        api_key: ApiKey,
        *,
        session: requests.Session,
        connections: Connections,
        timeout: float,
        requests_per_second: float,
        max_wait: float,
        clock: Clock,
        before_scarce: Callable[[], None] | None = None,
    ) -> None:
        self.base_url = base_url
        self.counter = RequestCounter()
        #: When the platform gave its latest answer, by its own clock.
        self.latest_date: datetime | None = None
        self._api_key = api_key
        self._session = session
        self._connections = connections
        self._timeout = timeout
        self._max_wait = max_wait
        self._clock = clock
        self._before_scarce = before_scarce
        self._pacer = Pacer(requests_per_second=requests_per_second, clock=clock)
        self._advice = Advice(clock)
        self._ends = math.inf

    def within(self, seconds: float) -> Transport:
        """Make another one that shares all of this one, and whose calls end in so many seconds from now."""
        other = copy.copy(self)
        other._max_wait = seconds
        other._ends = self._clock.monotonic() + seconds
        return other

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
            self.counter.add(retried=attempt > 1)
            if self._before_scarce is not None and call.endpoint.bucket is Bucket.OTHER:
                self._before_scarce()
            try:
                return self._exchange(call)
            except ContactsApiError as error:
                failure = error
            # Out here, so that a later attempt's error does not drag this one along as its context.
            if not retrying.is_worth_repeating(failure, attempt=attempt):
                raise failure
            patience -= self._pause(call, failure, attempt=attempt, patience=min(patience, self._left))

    @property
    def _left(self) -> float:
        return self._ends - self._clock.monotonic()

    def _take_turn(self, call: Call[Any], patience: float) -> float:
        try:
            return self._pacer.take_turn(call.endpoint.bucket, patience=patience, within=self._left)
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

        A rate limit holds the whole bucket, for every thread, and the next turn waits for its end.
        """
        is_limit = isinstance(failure, RateLimited)
        wait = retrying.pause(failure, attempt, chance=self._clock.chance())
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
        if is_limit:
            return 0.0
        self._clock.sleep(wait)
        return wait

    def _exchange(self, call: Call[T]) -> T:
        """Make one attempt."""
        sent = self._clock.monotonic()
        answer = self._send(call)
        bucket = call.endpoint.bucket
        if (allowance := self._advice.allowance(answer.headers)) is not None:
            self._pacer.answered(bucket, allowance, sent=sent)
        if answer.is_success:
            self.latest_date = date_of(answer.headers)
            return self._believe(call, answer)
        advice = self._advice.retry_after(answer.headers, status=answer.status)
        error = error_for(call, answer, retry_after=advice)
        if isinstance(error, RateLimited):
            wait = retrying.pause(error, retrying.ATTEMPTS, chance=self._clock.chance())
            # Spread, so that several workers do not come back in the same moment; never beyond max_wait.
            self._pacer.hold(bucket, min(wait + self._clock.chance() / 2, max(wait, self._max_wait)))
        raise error

    def _send(self, call: Call[Any]) -> Answer:
        """Send a request and read its answer to the end."""
        upload = Upload(call.body, call.before_last_byte) if call.body else None
        seconds = self._timeout + len(call.body or b"") / SLOWEST_UPLOAD
        try:
            attempt = Attempt(seconds=min(seconds, self._left))
            request = self._session.prepare_request(
                requests.Request(
                    call.endpoint.method,
                    self.base_url + call.url_path,
                    params=dict(call.params),
                    data=upload,
                    headers=_HEADERS,
                    auth=self._api_key,
                )
            )
            settings = self._session.merge_environment_settings(request.url, {}, True, None, None)
            with self._connections.exchange(request, attempt, settings) as response:
                return self._answer(response, attempt)
        except Exception as error:  # noqa: BLE001  whatever a library makes of what the other side sent
            broken = Break.judge(error, upload)
        if upload is not None and upload.held_back_by is not None:
            raise upload.held_back_by
        # Out here: the error of requests shows the URL, and holds the request with key and rows.
        raise self._error_for_break(call, broken) from broken.cause

    def _answer(self, response: requests.Response, attempt: Attempt) -> Answer:
        status = response.status_code
        if Answer.is_success_status(status):
            body = downloads.read(response, attempt, limit=MAX_ANSWER_BYTES)
        else:
            try:
                body = downloads.read(response, attempt, limit=MAX_REFUSAL_BYTES)
            except (TooLarge, downloads.Undecodable):
                body = b""  # the status says enough
        return Answer(status, response.headers, body, self._api_key.hide)

    def _error_for_break(self, call: Call[Any], broken: Break) -> ContactsApiError:
        said = f"{call} at {self.base_url}: {broken.reason}"
        error: ContactsApiError
        if not broken.sent:
            error = NotSent(f"{said}. Nothing was sent that could have run", **call.details)
        elif call.repeatable is Repeat.ALWAYS:
            error = Unavailable(said, **call.details)
        else:
            return OutcomeUnknown(f"{said}. {MAY_HAVE_RUN}", **call.details)
        error.lasting = broken.lasting
        return error

    def _believe(self, call: Call[T], answer: Answer) -> T:
        """Read a success; what cannot be read is not a success."""
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
            reason = str(error)
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
            reason = f"it has the wrong shape ({type(error).__name__})"
        reason = f"{call}: {answer.described()}, which is not the documented answer: {reason}"
        if call.repeatable is not Repeat.ALWAYS:
            raise OutcomeUnknown(f"{reason}. {MAY_HAVE_RUN}", **details)
        raise (Unavailable if garbled else UnexpectedAnswer)(reason, **details)
