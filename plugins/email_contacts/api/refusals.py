"""Answers that are no success, as errors.

Knows the statuses and codes of api-contract §0 and §5; must not send. What the platform says is passed on
masked, and pages of proxies are counted, not quoted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from email_contacts.api import retrying
from email_contacts.api.errors import (
    BadRequest,
    ContactsApiError,
    DuplicateContact,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RouteMissing,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from email_contacts.api.exchange import Answer, Call
from email_contacts.api.fields import NotAsDocumented
from email_contacts.api.masking import masked

MAY_HAVE_RUN = (
    "It may have run, or may still: look at the platform before sending it again (api-contract §5, §7)"
)
IS_BASE_URL_RIGHT = "answered with HTML, not the API; is the base URL right?"

# Content that the platform refuses; 413 is what a proxy says of a large body (api-contract §0, §9).
_REFUSED_CONTENT = frozenset({400, 402, 406, 413, 422})
_IDENTIFIERS = "duplicate_identifiers"
_MOST_NAMED = 10
_CODE = re.compile(r"[A-Za-z][A-Za-z_]{0,60}")


@dataclass(frozen=True)
class Refusal:
    """The error document of an answer, as far as there is one (api-contract §0)."""

    code: str | None = None
    message: str = ""
    metadata: Mapping[str, Any] | None = None

    @classmethod
    def read(cls, answer: Answer) -> Refusal:
        """Read ``{"code": ..., "message": ..., "metadata": {...}}``; all of it may be missing."""
        try:
            document = answer.document()
        except NotAsDocumented:
            document = None
        if not isinstance(document, dict):
            return cls()
        code, message, metadata = (document.get(name) for name in ("code", "message", "metadata"))
        is_code = isinstance(code, str) and _CODE.fullmatch(code) and answer.hide(code) == code
        return cls(
            code=code if is_code else None,
            message=masked(answer.hide(message)) if isinstance(message, str) else "",
            metadata=_documented(metadata, answer.hide),
        )

    @property
    def is_duplicate(self) -> bool:
        """Decided by the identifiers it names, then by its code, never by its words (api-contract §1.3)."""
        return bool((self.metadata or {}).get(_IDENTIFIERS)) or self.code == "duplicate_parameter"

    def said(self, answer: Answer) -> str:
        """Return what came, e.g. ``"400 invalid_parameter: Invalid email address"``."""
        if self.code is None and not self.message:
            return answer.described()
        return ": ".join(filter(None, [f"{answer.status} {self.code or ''}".rstrip(), self.message]))


def _documented(metadata: Any, hide: Callable[[str], str]) -> dict[str, Any] | None:
    """Keep of the metadata what is documented: the names of identifiers (api-contract §0)."""
    named = metadata.get(_IDENTIFIERS) if isinstance(metadata, dict) else None
    if not isinstance(named, list):
        return None
    return {_IDENTIFIERS: [masked(hide(name)) for name in named[:_MOST_NAMED] if isinstance(name, str)]}


def error_for(call: Call[Any], answer: Answer, *, retry_after: float | None) -> ContactsApiError:
    """Make the error for an answer that is not a success.

    :param retry_after: seconds after which the platform wants to be asked again; ``None`` without advice.
    """
    refusal = Refusal.read(answer)
    said = f"{call}: {refusal.said(answer)}"
    details = {
        **call.details,
        "status": answer.status,
        "code": refusal.code,
        "request_id": answer.request_id,
        "retry_after": retry_after or 0.0,
    }
    status = answer.status
    if status == 429:
        again = "it does not say when to retry" if retry_after is None else (
            f"retry in {retry_after:.0f} s"
        )  # fmt: skip
        return RateLimited(f"{said}. The platform's request limit is used up; {again}", **details)
    if retrying.may_repeat_after(status, call.repeatable):
        return Unavailable(said, **details)
    if retrying.status_is_uncertain(status):
        return OutcomeUnknown(f"{said}. {MAY_HAVE_RUN}", **details)
    if answer.is_redirect:
        return UnexpectedAnswer(
            f"{said}, a redirect{_target(answer)}. It is not followed, as the API key would go along; "
            "set the base URL to the final address",
            **details,
        )
    if status == 401:
        return Unauthorized(
            f"{said}. Check the API key; a right key is refused as well when this machine's IP address is "
            "not on the account's list of authorised addresses, and some platforms switch that list on by "
            "themselves after 30 quiet days (api-contract §5)",
            **details,
        )
    if status == 403:
        return Forbidden(f"{said}. The key is valid, but lacks permission for this", **details)
    if status in (404, 405) or refusal.code == "document_not_found":
        return _not_found(call, answer, refusal, said, details)
    if status in _REFUSED_CONTENT:
        kind = DuplicateContact if refusal.is_duplicate else BadRequest
        return kind(said, metadata=refusal.metadata, **details)
    return UnexpectedAnswer(f"{said}. This answer is not documented, so the outcome is unknown", **details)


def _not_found(
    call: Call[Any], answer: Answer, refusal: Refusal, said: str, details: Mapping[str, Any]
) -> NotFound:
    # The eight routes of the seed are there on every platform, and their 404 need not carry a code (§1.5).
    # Elsewhere only the code tells an unknown id from a gateway that does not know the route (§2.3).
    if refusal.code == "document_not_found":
        return NotFound(said, **details)
    if answer.status == 404 and refusal.message and call.endpoint.in_seed:
        return NotFound(f"{said}. If the id is right, check the base URL", **details)
    if answer.is_html:
        return RouteMissing(f"{said}. The host {IS_BASE_URL_RIGHT}", **details)
    return RouteMissing(
        f"{said}. The platform has no such route, or the base URL is wrong; "
        "not every platform offers what Brevo does (api-contract §2.3, §6)",
        **details,
    )


def _target(answer: Answer) -> str:
    location = answer.headers.get("location", "")
    try:
        parts = urlsplit(location)
        target = f"{parts.scheme}://{parts.hostname}" if parts.hostname else ""
    except ValueError:
        return ""
    return f" to {masked(answer.hide(target))}" if target else ""
