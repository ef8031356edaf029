"""What all routes share: the account behind them, JSON answers, validation errors in the platform's words.

The routes themselves live in the room of their noun.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import Depends, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, StringConstraints

from email_contacts.sandbox.account import Account
from email_contacts.sandbox.paging import LARGEST_ID
from email_contacts.sandbox.refusals import Refusal, invalid, missing, unreadable

_MISSING: Mapping[tuple[str, str], str] = {
    ("create_folder", "name"): "Folder name is missing",
    ("update_folder", "name"): "Folder name is missing",
    ("create_list", "name"): "List name is missing",
    ("create_list", "folderId"): "Folder ID is missing",
}


class ErrorBody(BaseModel):
    """The platform's error body; contact errors add ``metadata``."""

    code: str
    message: str
    metadata: dict[str, Any] | None = None


def the_account(request: Request) -> Account:
    """Return the account that this server serves."""
    account: Account = request.app.state.account
    return account


TheAccount = Annotated[Account, Depends(the_account)]
Id = Annotated[int, Path(ge=-LARGEST_ID, le=LARGEST_ID)]
Integer = Annotated[int, Field(strict=True, ge=-LARGEST_ID, le=LARGEST_ID)]
LONGEST_NAME = 255
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)]


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Name the error statuses of a route for the OpenAPI document."""
    return {status: {"model": ErrorBody} for status in (*statuses, 401, 429)}


def answer(payload: Any, *, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(orjson.dumps(payload), status_code=status, media_type="application/json")


def nothing() -> Response:
    """Answer 204, without a body."""
    return Response(status_code=204)


def refused(refusal: Refusal) -> Response:
    """Answer with the platform's error body."""
    return answer(refusal.to_json(), status=refusal.status)


def translated(error: RequestValidationError, route: str) -> Refusal:
    """Put the first validation error of a request into the platform's words."""
    first = error.errors()[0]
    place, kind = [part for part in first["loc"] if isinstance(part, str)], first["type"]
    field = place[-1] if len(place) > 1 else ""
    if kind == "json_invalid":
        return unreadable()
    if kind in ("missing", "string_too_short"):
        return missing(_MISSING.get((route, field), f"{field or 'Request body'} is missing"))
    if field == "limit" and kind == "less_than_equal":
        return Refusal(400, "out_of_range", "Limit exceeds max value")
    if kind in ("less_than_equal", "greater_than_equal"):
        return Refusal(400, "out_of_range", f"{field.capitalize()} is out of range")
    return invalid(f"{field or 'Request body'} is not valid")
