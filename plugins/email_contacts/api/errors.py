"""What can go wrong between us and the platform, and whether asking again is safe.

Knows the meaning of failures; must not import Airflow, ``requests`` or any other room::

    ContactsApiError                        status, code, request_id, method, path, safe_to_retry
    ├── InvalidRequest   (ValueError)       refused here: nothing was sent
    ├── NotSent          (ConnectionError)  not sent in full: provably nothing ran; safe to retry
    ├── OutcomeUnknown                      sent, no trustworthy answer: it may have run
    ├── Unavailable                         repeatable call, still failing; safe to retry
    ├── RateLimited                         refused for now, see retry_after; safe to retry
    ├── BadRequest       (ValueError)       the platform refused the content, see metadata
    │   └── DuplicateContact                an identifier belongs to another contact
    ├── Unauthorized     (PermissionError)  401: the key, or this machine's IP address
    ├── Forbidden        (PermissionError)  403
    ├── NotFound         (LookupError)      no such folder, list, contact or process
    │   └── RouteMissing                    the platform has no such route at all
    └── UnexpectedAnswer                    an undocumented answer: fail closed

Messages say what happened, which rule applies and how to fix it. They hold no API key and no
personal data: text that comes from the platform is masked before it gets here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ContactsApiError(Exception):
    """Base of everything this room raises.

    :param message: what happened, the rule, the fix.
    :param status: HTTP status of the answer; ``None`` when there was none.
    :param code: the platform's error code (api-contract §5), e.g. ``"duplicate_parameter"``.
    :param request_id: the answer's ``sib-request-id``, for the platform's support.
    :param method: HTTP method of the call; ``None`` when no call was formed.
    :param path: path of the call, e.g. ``"/v3/contacts/lists/7"``; contact identifiers are masked in it.
    :param retry_after: seconds after which the platform wants to be asked again (``Retry-After``,
        api-contract §5), from 0 to 3600; 0.0 when it does not say.
    """

    #: Whether the same call may be made again without the risk of doing its work twice.
    safe_to_retry: bool = False
    #: Whether the same would happen again at once, so that the client does not try again by itself.
    lasting: bool = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        method: str | None = None,
        path: str | None = None,
        retry_after: float = 0.0,
    ) -> None:
        # Only the message is positional: errors stay picklable, as pickle calls cls(*args).
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.method = method
        self.path = path
        self.retry_after = retry_after


class InvalidRequest(ContactsApiError, ValueError):
    """Refused on this side, before anything was sent: the message names value, rule and fix."""


class NotSent(ContactsApiError, ConnectionError):
    """The request was never handed over in full, so nothing can have run on the platform."""

    safe_to_retry = True


class OutcomeUnknown(ContactsApiError):
    """The request went out and no trustworthy answer came back: it may have run, or may yet run.

    Raised only for calls that must not be repeated blindly (api-contract §5, §7): look at the
    platform first.
    """


class Unavailable(ContactsApiError):
    """A call that may be repeated was repeated, and still failed."""

    safe_to_retry = True


class RateLimited(ContactsApiError):
    """The platform's request limit is used up, for longer than the client may wait (api-contract §5)."""

    safe_to_retry = True


class BadRequest(ContactsApiError, ValueError):
    """The platform understood the call and refused its content.

    :param metadata: what is documented of the answer's ``metadata`` object; ``{}`` when it sent none
        (api-contract §0).
    """

    def __init__(self, message: str, *, metadata: Mapping[str, Any] | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.metadata: dict[str, Any] = dict(metadata or {})


class DuplicateContact(BadRequest):
    """An identifier of the contact belongs to another contact (api-contract §1.3)."""

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Names of the identifiers that clash, e.g. ``("email",)``; empty when the platform named none."""
        named = self.metadata.get("duplicate_identifiers")
        return tuple(str(name) for name in named) if isinstance(named, (list, tuple)) else ()


class Unauthorized(ContactsApiError, PermissionError):
    """401: a wrong key, or a right one from an IP address that the account does not know."""


class Forbidden(ContactsApiError, PermissionError):
    """403: the key is known, and may not do this."""


class NotFound(ContactsApiError, LookupError):
    """The route exists; what its path or body names does not."""


class RouteMissing(NotFound):
    """The platform does not offer this route: not every one has ``/processes`` (api-contract §2.3)."""


class UnexpectedAnswer(ContactsApiError):
    """An undocumented answer. The outcome is unknown."""
