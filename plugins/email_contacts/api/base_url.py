"""The address of the platform, held against the rules before anything is sent.

Knows URLs; must not import anything that sends. There is no default: the host differs from one white-label
to the next (api-contract §0).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from email_contacts.api.endpoints import API_PREFIX
from email_contacts.api.errors import InvalidRequest


def check_base_url(text: str, *, allow_http: bool = False) -> str:
    """Take the base URL of the platform.

    :param text: e.g. ``"https://api.example.com"``; a trailing slash and a trailing ``/v3`` are tolerated.
    :param allow_http: let the API key travel unencrypted to a host that is not this machine.
    :return: scheme, host and, if any, the path in front of ``/v3``; no trailing slash.
    :raises InvalidRequest: when it is not such a URL. Credentials in it are not shown.
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequest(
            "the base URL is empty; set it to the platform's address, such as https://api.example.com"
        )
    # urlsplit drops tabs and newlines silently, which would make a different address of it.
    if any(character.isspace() or not character.isprintable() for character in text.strip()):
        raise InvalidRequest("the base URL contains spaces or control characters; remove them")
    parts = _split(text.strip())
    shown = f"{parts.scheme}://{parts.hostname}"
    if parts.scheme not in {"http", "https"}:
        raise InvalidRequest(
            f"the base URL must begin with https://, such as https://api.example.com; it begins with "
            f"{parts.scheme + ':' if parts.scheme else 'no scheme'}"
        )
    if not parts.hostname:
        raise InvalidRequest("the base URL has no host; use a URL such as https://api.example.com")
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest(
            f"the base URL {shown} carries a user name or password; pass the API key separately"
        )
    if parts.query or parts.fragment:
        raise InvalidRequest(f"the base URL {shown} has a query or fragment; remove everything after ? or #")
    if parts.scheme == "http" and not allow_http and not is_loopback(parts.hostname):
        raise InvalidRequest(
            f"the base URL {shown} would send the API key unencrypted; use https:// "
            "(http:// is for loopback hosts, or with allow_http=True inside a private network)"
        )
    path = parts.path.rstrip("/").removesuffix(API_PREFIX).rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL.

    :raises ValueError: when it has none of them, or carries credentials.
    """
    parts = _split(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("not an http(s) URL without credentials")
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # parsed on access: raises for a port that is none
    except ValueError as error:
        raise InvalidRequest(
            f"the base URL is malformed: {error}; it looks like https://api.example.com"
        ) from None
    return parts
