"""The HTTP session: how connections are made, and how the API key gets into a request.

Knows ``requests``; must not know routes. Nothing here repeats, follows or remembers anything.
"""

from __future__ import annotations

import logging
from contextlib import closing
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from email_contacts import __version__
from email_contacts.api.errors import InvalidRequest
from email_contacts.api.masking import MaskIdentifiers

USER_AGENT = f"airflow-provider-email-contacts/{__version__}"

_MASK_IDENTIFIERS = MaskIdentifiers()


class ApiKey(AuthBase):
    """Signs a request with the ``api-key`` header (api-contract §0), and never shows the key.

    It is given as ``auth=``, so that ``requests`` does not look into ``~/.netrc`` and add an
    ``Authorization`` header that nobody asked for. Proxies of the environment still count.

    :raises InvalidRequest: when the key is empty, or cannot stand in a header. The key is not shown.
    """

    def __init__(self, key: str) -> None:
        if not isinstance(key, str) or not key:
            raise InvalidRequest("the API key is empty; copy it from the platform's account settings")
        # A line break would smuggle in another header; the rest is a sign of a bad copy.
        if not all("!" <= character <= "~" for character in key):
            raise InvalidRequest(
                "the API key holds blanks, line breaks or letters outside ASCII; copy it again without them"
            )
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the key into the request."""
        request.headers["api-key"] = self._key
        return request

    def __repr__(self) -> str:
        return "ApiKey(***)"


class NoAuth(AuthBase):
    """Signs with nothing, and keeps ``~/.netrc`` out as well."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request


class FreshForPosts(HTTPAdapter):
    """Sends every POST over a connection of its own, and all else over those that are kept alive.

    A server may close an idle connection in the very moment in which it is used again. The reset that
    follows cannot be told from one that came while the request was being worked on, and so a POST would end
    as ``OutcomeUnknown`` for no reason. A fresh connection has no such moment; its handshake costs little
    beside an import.
    """

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request."""
        if request.method != "POST":
            return super().send(request, *args, **kwargs)
        request.headers["Connection"] = "close"
        with closing(HTTPAdapter(pool_connections=1, pool_maxsize=1)) as once:
            response = once.send(request, *args, **kwargs)
            _ = response.content  # read while the connection is there
            return response


def make_session() -> requests.Session:
    """Make the session that a client shares between its threads.

    ``requests`` does not promise that sharing is safe. It is for this one: its connection pool has a lock of
    its own, its settings are never changed after this, and it keeps no cookies, which is what else is
    written to during a call.
    """
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["user-agent"] = USER_AGENT
    adapter = FreshForPosts()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    keep_identifiers_out_of_logs()
    return session


def check_session(session: requests.Session, url: str) -> requests.Session:
    """Take a session that somebody else made.

    :raises InvalidRequest: when it repeats requests by itself: an import that timed out would run again.
    """
    retries = getattr(session.get_adapter(url), "max_retries", None)
    if getattr(retries, "total", 0):
        raise InvalidRequest(
            "the given session repeats requests by itself (its adapter has max_retries); a repeated import "
            "would run twice. Mount an adapter with max_retries=0: the client repeats what is safe to repeat"
        )
    keep_identifiers_out_of_logs()
    return session


def keep_identifiers_out_of_logs() -> None:
    """Mask contacts in the request lines that ``urllib3`` writes at DEBUG; done once."""
    logging.getLogger("urllib3.connectionpool").addFilter(_MASK_IDENTIFIERS)
