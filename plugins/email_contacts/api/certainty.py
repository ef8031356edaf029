"""Calls that brought no answer: did the platform get the whole request, and what is there to say?

Knows how ``requests`` and ``urllib3`` tell their failures; must not decide what follows from them. What was
sent is told by the :class:`Upload` alone, never by the name of an error.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import requests
from urllib3 import exceptions as urllib3_errors

from email_contacts.api.attempt import TooLarge
from email_contacts.api.downloads import Undecodable
from email_contacts.api.upload import Upload


@dataclass(frozen=True)
class Break:
    """A call that was cut off.

    :param reason: what happened, for messages.
    :param sent: ``False`` only when it is proved that the platform never had the whole request.
    :param lasting: whether trying again at once is pointless.
    :param cause: the error to chain: only one of the system, for others quote what the server sent, or the
        request's URL.
    """

    reason: str
    sent: bool
    lasting: bool = False
    cause: OSError | None = None

    @classmethod
    def judge(cls, error: Exception, upload: Upload | None = None) -> Break:
        """Judge what an error means.

        :param error: of ``requests``, ``urllib3`` or what they are made of. Only what the library itself
            recorded is looked at: ``__context__`` would also lead into errors that the caller happens to be
            handling.
        :param upload: the body. A request without one counts as sent once there is a connection.
        """
        inner = _innermost(error)
        reason, lasting, connected = _explain(error, inner)
        return cls(
            reason,
            sent=connected if upload is None else upload.is_handed_over,
            lasting=lasting,
            cause=_system_error(inner),
        )


def _explain(error: Exception, inner: Exception) -> tuple[str, bool, bool]:
    """Return what happened, whether it lasts, and whether there was a connection by then."""
    if isinstance(inner, urllib3_errors.NameResolutionError):
        return "the host name could not be resolved; is the base URL right?", False, False
    # ConnectTimeoutError covers NewConnectionError, its subclass in urllib3 1 and 2.0.
    if isinstance(inner, (urllib3_errors.NewConnectionError, urllib3_errors.ConnectTimeoutError)):
        return f"no connection to the host ({_kind(inner)})", False, False
    if isinstance(inner, urllib3_errors.ProxyError) and _proxy_refused(inner.original_error):
        return "no connection through the configured proxy", False, False
    if isinstance(inner, urllib3_errors.SSLError) and _failed_in_handshake(inner):
        return (
            "the TLS handshake failed; is the base URL right, and its certificate trusted?",
            True,
            False,
        )
    if type(error) is OSError and error.errno is None:
        # So bare, and without a number, requests tells of a CA bundle or certificate that is not there.
        return f"the TLS files could not be read: {error}", True, False
    if isinstance(error, (TooLarge, Undecodable)):
        return str(error), isinstance(error, TooLarge), True
    if isinstance(inner, urllib3_errors.LocationValueError) or isinstance(
        error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidProxyURL)
    ):
        return f"the request could not be built ({type(error).__name__})", True, False
    if isinstance(error, (requests.Timeout, TimeoutError)) or isinstance(
        inner, (urllib3_errors.ReadTimeoutError, TimeoutError)
    ):
        return "no answer within the time-out", False, True
    return f"the connection broke before the answer was complete ({_kind(inner)})", False, True


def _innermost(error: Exception) -> Exception:
    """Unwrap the error of ``urllib3``: requests keeps it in ``args``, ``MaxRetryError`` in ``reason``."""
    inner = error
    if isinstance(error, requests.RequestException) and error.args and isinstance(error.args[0], Exception):
        inner = error.args[0]
    if isinstance(inner, urllib3_errors.MaxRetryError) and inner.reason is not None:
        inner = inner.reason
    return inner


def _proxy_refused(error: Exception) -> bool:
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
    return type(_wrapped(error) or error).__name__


def _system_error(error: Exception) -> OSError | None:
    """Take the system error inside another; its traceback leads to the request, and stays behind."""
    inner: BaseException | None = error
    while inner is not None and not (isinstance(inner, OSError) and inner.errno is not None):
        inner = _wrapped(inner)
    return inner.with_traceback(None) if isinstance(inner, OSError) else None


def _wrapped(error: BaseException) -> BaseException | None:
    inner = error.args[-1] if error.args else None
    return inner if isinstance(inner, Exception) else error.__cause__
