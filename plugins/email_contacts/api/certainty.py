"""Calls that brought no answer: did anything of them reach the platform?

Knows how ``requests`` and ``urllib3`` tell their failures; must not decide what follows from them.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import requests
from urllib3 import exceptions as urllib3_errors


@dataclass(frozen=True)
class Break:
    """A call that was cut off.

    :param reason: what happened, for people.
    :param sent: ``False`` only when it is proved that the platform saw nothing of the request.
    :param lasting: whether trying again at once is pointless.
    :param cause: the error to chain. Never the outermost, which shows the request's URL.
    """

    reason: str
    sent: bool
    lasting: bool = False
    cause: Exception | None = None

    @classmethod
    def judge(cls, error: Exception) -> Break:
        """Tell what an error of ``requests`` or ``urllib3`` means.

        Only what the library itself recorded is looked at: ``__context__`` would also lead into errors
        that the caller happens to be handling.
        """
        inner = _innermost(error)
        if isinstance(inner, urllib3_errors.NameResolutionError):
            return cls("the host name could not be resolved; is the base URL right?", sent=False, cause=inner)
        # ConnectTimeoutError covers NewConnectionError, its subclass in urllib3 1 and 2.0.
        if isinstance(inner, (urllib3_errors.NewConnectionError, urllib3_errors.ConnectTimeoutError)):
            return cls(f"no connection to the host ({_kind(inner)})", sent=False, cause=inner)
        if isinstance(inner, urllib3_errors.ProxyError) and _proxy_refused(inner.original_error):
            return cls("no connection through the configured proxy", sent=False, cause=inner)
        if isinstance(inner, urllib3_errors.SSLError) and _failed_in_handshake(inner):
            return cls("the TLS handshake failed; is the base URL right, and its certificate trusted?",
                       sent=False, lasting=True, cause=inner)  # fmt: skip
        if type(error) is OSError and error.errno is None:
            # So bare, and without a number, requests tells of a CA bundle or certificate that is not there.
            return cls(f"the TLS files could not be read: {error}", sent=False, lasting=True, cause=error)
        if isinstance(inner, urllib3_errors.LocationValueError) or (
            isinstance(error, ValueError) and isinstance(error, requests.RequestException)
        ):
            # InvalidURL, InvalidHeader, InvalidProxyURL, MissingSchema: raised while the request is made.
            return cls(f"the request could not be formed ({type(error).__name__})", sent=False, lasting=True)
        if isinstance(error, requests.Timeout) or isinstance(inner, urllib3_errors.ReadTimeoutError):
            return cls("no answer within the time-out", sent=True, cause=inner)
        return cls(
            f"the connection broke before the answer was complete ({_kind(inner)})", sent=True, cause=inner
        )


def _innermost(error: Exception) -> Exception:
    """Unwrap the error of ``urllib3``: requests keeps it in ``args``, ``MaxRetryError`` in ``reason``."""
    inner = error
    if isinstance(error, requests.RequestException) and error.args and isinstance(error.args[0], Exception):
        inner = error.args[0]
    if isinstance(inner, urllib3_errors.MaxRetryError) and inner.reason is not None:
        inner = inner.reason
    return inner


def _proxy_refused(error: Exception) -> bool:
    # A ProxyError alone proves nothing: urllib3 also makes one of a reset that came after the request, as
    # http.client closes the connection first and closing it forgets that the proxy was reached.
    never_connected = (urllib3_errors.NewConnectionError, urllib3_errors.ConnectTimeoutError)
    return isinstance(error, never_connected) or str(error).startswith("Tunnel connection failed")


def _failed_in_handshake(error: urllib3_errors.SSLError) -> bool:
    # TLS may also break in the middle of an answer; only these are raised by the handshake alone.
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return True
    return isinstance(cause, ssl.SSLError) and cause.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}


def _kind(error: Exception) -> str:
    """Name an error by the system error inside it, which says more: ``ConnectionResetError``."""
    inner = error.args[-1] if error.args and isinstance(error.args[-1], Exception) else error.__cause__
    return type(inner if isinstance(inner, Exception) else error).__name__
