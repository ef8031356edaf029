"""The client of the Contacts API: one method per endpoint.

Puts the two halves (:mod:`~email_contacts.api.reads`, :mod:`~email_contacts.api.writes`) on one connection to
one account. Must not import Airflow, nor know what an import is for.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType

import requests

from email_contacts.api.base_url import check_base_url
from email_contacts.api.clock import Clock
from email_contacts.api.connections import Connections
from email_contacts.api.counting import RequestCount
from email_contacts.api.errors import InvalidRequest
from email_contacts.api.reads import Reads
from email_contacts.api.reports import fetch_row_count, fetch_rows
from email_contacts.api.sessions import ApiKey, check_session, make_session
from email_contacts.api.transport import Transport
from email_contacts.api.writes import Writes


class ContactsClient(Reads, Writes):
    """Talks to one account of the platform; may be shared by threads, and used as a context manager.

    Nothing is sent before the first call.

    :param base_url: e.g. ``"https://api.example.com"``; a trailing slash or ``/v3`` is tolerated. Must be
        https, unless the host is this machine.
    :param api_key: the account's key; kept out of every message, log and ``repr``.
    :param timeout: seconds for one attempt, from the connection to the last byte of the answer; a large body
        gets another second for each 100 kB.
    :param requests_per_second: the pace this client keeps, for each of the platform's two buckets (§5).
    :param max_wait: seconds that one call may spend waiting, for a rate limit or between attempts; a longer
        rate limit raises :class:`RateLimited`.
    :param session: a ``requests`` session with settings of your own: proxies, certificates, headers. The
        client makes the connections itself, so it must not have adapters of your own; it stays open after
        :meth:`close`.
    :param allow_http: let the key travel unencrypted to another host, inside a private network.
    :param before_process_request: called before each request to the process route, repeats included: all
        clients of an account share its small hourly allowance (§5).
    :param clock: time and chance; for tests.
    :raises InvalidRequest: when one of these cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float = 30.0,
        requests_per_second: float = 10.0,
        max_wait: float = 60.0,
        session: requests.Session | None = None,
        allow_http: bool = False,
        before_process_request: Callable[[], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.base_url = check_base_url(base_url, allow_http=allow_http)
        key = ApiKey(api_key)
        _check_seconds(timeout, what="timeout", zero=False)
        _check_seconds(requests_per_second, what="requests_per_second", zero=False)
        _check_seconds(max_wait, what="max_wait", zero=True)
        self._timeout = timeout
        self._owns_session = session is None
        self._session = make_session() if session is None else check_session(session, self.base_url)
        self._connections = Connections()
        self._transport = Transport(
            self.base_url,
            key,
            session=self._session,
            connections=self._connections,
            timeout=timeout,
            requests_per_second=requests_per_second,
            max_wait=max_wait,
            clock=clock or Clock(),
            before_scarce=before_process_request,
        )

    @property
    def requests(self) -> RequestCount:
        """How often the platform was asked so far, and how many of these were repeats."""
        return self._transport.counter.count

    def within(self, seconds: float) -> ContactsClient:
        """Make a client for calls that must end in time, such as a last look before a deadline.

        It shares connections, pace and counts with this one. Each call ends within the seconds, waits and
        repeats included; where a rate limit would be sat out for more than half of them, it is tried at once.

        :param seconds: from now, for all calls together.
        :raises InvalidRequest: when it is not a number above 0.
        """
        _check_seconds(seconds, what="seconds", zero=False)
        other = copy.copy(self)
        other._transport = self._transport.within(seconds)
        return other

    def count_report_rows(self, url: str) -> int:
        """Count the rows of a reject report, the CSV that ``Process.rejects`` may name (api-contract §2.3).

        The report is streamed and not kept; the API key is not sent with it, and the address appears in no
        message.

        :param url: over https, or on the platform's own origin.
        :return: its data rows, without the header line.
        :raises InvalidRequest: for another kind of address.
        :raises NotFound: when the report is gone.
        :raises Unavailable: when it cannot be read now.
        :raises UnexpectedAnswer: when it is not CSV, such as a login page, or larger than a report can be.
        """
        return fetch_row_count(
            self._connections, self._session, url, base_url=self.base_url, timeout=self._timeout
        )

    def report_rows(self, url: str) -> Iterator[Mapping[str, str]]:
        """Stream the rows of a reject report, one at a time: column → cell. They are personal data.

        Otherwise as :meth:`count_report_rows`, whose errors it raises while it is walked.
        """
        return fetch_rows(
            self._connections, self._session, url, base_url=self.base_url, timeout=self._timeout
        )

    def close(self) -> None:
        """Close the connections that are kept alive, and the session unless it was given."""
        self._connections.close()
        if self._owns_session:
            self._session.close()

    def __enter__(self) -> ContactsClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ContactsClient({self.base_url!r})"


def _check_seconds(value: float, *, what: str, zero: bool) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value < 0 or (value == 0 and not zero):
        raise InvalidRequest(f"{what}={value!r} must be a number {'from 0 on' if zero else 'above 0'}")
