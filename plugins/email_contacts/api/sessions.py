"""The HTTP session: its settings, and how the API key gets into a request.

Knows ``requests``; must not know routes. Nothing here repeats, follows or remembers anything; the connections
themselves are made by :mod:`~email_contacts.api.connections`.
"""

from __future__ import annotations

import logging
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from email_contacts import __version__
from email_contacts.api.errors import InvalidRequest
from email_contacts.api.masking import HIDDEN, MaskIdentifiers, key_hider

USER_AGENT = f"airflow-provider-email-contacts/{__version__}"

_MASK_IDENTIFIERS = MaskIdentifiers()


class ApiKey(AuthBase):
    """Signs a request with the ``api-key`` header (api-contract §0), and never shows the key.

    It is given as ``auth=``, so that ``requests`` does not look into ``~/.netrc`` and add an
    unwanted ``Authorization`` header. Proxies of the environment still count.

    :raises InvalidRequest: when the key is empty, or cannot stand in a header. The key is not shown.
    """

    def __init__(self, key: str) -> None:
        if not isinstance(key, str) or not key:
            raise InvalidRequest("the API key is empty; copy it from the platform's account settings")
        # A line break would smuggle in another header; the rest is a sign of a bad copy.
        if not all("!" <= character <= "~" for character in key):
            raise InvalidRequest(
                "the API key contains spaces, line breaks or non-ASCII characters; copy it again without them"
            )
        self._key = key
        #: Takes the key out of a text of the platform, however it is quoted there.
        self.hide = key_hider(key)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the key into the request."""
        request.headers["api-key"] = self._key
        return request

    def __repr__(self) -> str:
        return f"ApiKey({HIDDEN})"


class NoAuth(AuthBase):
    """Signs with nothing, and keeps ``~/.netrc`` out as well."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request


def make_session() -> requests.Session:
    """Make the session that a client shares between its threads.

    ``requests`` does not promise that sharing is safe. It is for this one: its connection pool has a lock of
    its own, its settings are never changed after this, and it keeps no cookies, which is what else is
    written to during a call.
    """
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["user-agent"] = USER_AGENT
    keep_identifiers_out_of_logs()
    return session


def check_session(session: requests.Session, url: str) -> requests.Session:
    """Take a session that somebody else made, for its settings: proxies, certificates, headers.

    :raises InvalidRequest: when it makes its connections in its own way. The client could neither tell
        what was sent nor end a call in time, and an adapter that repeats would run an import twice.
    """
    adapter = session.get_adapter(url)
    if type(adapter) is not HTTPAdapter or adapter.max_retries.total:
        retries = getattr(getattr(adapter, "max_retries", None), "total", None)
        raise InvalidRequest(
            f"the given session has its own adapter ({type(adapter).__name__}, max_retries={retries}). "
            "The client makes its connections itself, to know what was sent, and repeats what is safe to "
            "repeat. Leave the adapters as requests makes them (HTTPAdapter, max_retries=0); proxies, "
            "verify, cert and headers of the session are used"
        )
    keep_identifiers_out_of_logs()
    return session


def keep_identifiers_out_of_logs() -> None:
    """Mask contacts in the lines that ``urllib3`` writes about requests and bad headers; done once."""
    for name in ("urllib3.connectionpool", "urllib3.connection"):
        logging.getLogger(name).addFilter(_MASK_IDENTIFIERS)
