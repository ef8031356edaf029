"""The sandbox's own routes: knobs, journal, reset. No part of the platform; they need no key.

A page of another site, opened in the same browser, is kept from them.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response

from email_contacts.sandbox.edge import TheAccount, answer
from email_contacts.sandbox.faults import UnknownFault
from email_contacts.sandbox.knobs import UnknownKnob
from email_contacts.sandbox.refusals import Refusal, invalid


def _same_site(request: Request) -> None:
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise Refusal(403, "permission_denied", "The control routes are not for pages of other sites")


router = APIRouter(prefix="/sandbox", tags=["Sandbox"], dependencies=[Depends(_same_site)])


@router.get("/knobs", name="knobs")
def get_knobs(account: TheAccount) -> Response:
    """Show all knobs; faults show how often they will still happen."""
    return answer(account.knobs.to_json())


@router.patch("/knobs", name="set_knobs")
def set_knobs(changes: Annotated[dict[str, Any], Body()], account: TheAccount) -> Response:
    """Change some knobs; the next request meets them."""
    try:
        return answer(account.set_knobs(changes).to_json())
    except (UnknownKnob, UnknownFault) as error:
        raise invalid(str(error)) from error


@router.get("/journal", name="journal")
def get_journal(account: TheAccount) -> Response:
    """Show the requests seen, oldest first, and how many imports were ever begun."""
    entries = [entry.to_json() for entry in account.journal.entries()]
    return answer({"imports_accepted": account.imports_accepted(), "requests": entries})


@router.post("/reset", name="reset", status_code=204)
def reset(account: TheAccount) -> Response:
    """Return to a fresh account with the knobs of the start."""
    account.reset()
    return Response(status_code=204)
