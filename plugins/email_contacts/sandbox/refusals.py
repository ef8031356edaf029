"""What the platform says when it refuses: status, code, message, metadata (api-contract §0, §5).

Texts marked [?] in the API contract are not verified anywhere; docs/sandbox.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """An answer that is an error, raised from wherever the reason is found.

    :param status: HTTP status.
    :param code: the platform's word, for example ``missing_parameter``.
    :param message: the platform's sentence; it never repeats a value of the request.
    :param metadata: for contact errors, ``{"duplicate_identifiers": [...]}``.
    """

    def __init__(
        self, status: int, code: str, message: str, *, metadata: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.metadata = metadata

    def to_json(self) -> dict[str, Any]:
        """Return the error body."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.metadata is not None:
            body["metadata"] = self.metadata
        return body


def missing(message: str) -> Refusal:
    """Refuse a request that lacks something."""
    return Refusal(400, "missing_parameter", message)


def invalid(message: str) -> Refusal:
    """Refuse a value."""
    return Refusal(400, "invalid_parameter", message)


def unreadable() -> Refusal:
    """Refuse a body that is not JSON."""
    return Refusal(400, "bad_request", "Invalid JSON in the request body")


def absent(message: str, *, status: int = 404) -> Refusal:
    """Refuse because a folder, list, contact or process does not exist; in a body that is a 400."""
    return Refusal(status, "document_not_found", message)


def duplicate(identifiers: list[str], *, code: str = "duplicate_parameter", verb: str = "create") -> Refusal:
    """Refuse because identifiers belong to another contact (api-contract §1.3, §3.1).

    :param verb: what cannot be done with the contact: ``create`` or ``update``.
    """
    named = " and ".join(identifiers)
    return Refusal(
        400,
        code,
        f"Unable to {verb} contact, {named} is already associated with another Contact",
        metadata={"duplicate_identifiers": identifiers},
    )


def no_key() -> Refusal:
    """Refuse a request without the api-key header."""
    return Refusal(401, "unauthorized", "authentication not found in headers")


def unknown_key() -> Refusal:
    """Refuse a key that is not the account's."""
    return Refusal(401, "unauthorized", "Key not found")


def unknown_address(address: str) -> Refusal:
    """Refuse a right key from an address that the account has not allowed."""
    return Refusal(
        401,
        "unauthorized",
        f"We have detected you are using an unrecognised IP address {address}. "
        "If you performed this action make sure to add the new IP address in your account's authorized IPs",
    )


def no_route() -> Refusal:
    """Refuse a path that the platform does not have."""
    return Refusal(404, "not_found", "Route does not exist")


def wrong_verb(method: str) -> Refusal:
    """Refuse a verb that the path does not take (api-contract §8, row 13)."""
    return Refusal(405, "method_not_allowed", f"{method} Method is not allowed on this path")


def too_many_requests() -> Refusal:
    """Refuse because the rate limit is used up."""
    return Refusal(429, "too_many_requests", "Too Many Requests")
