"""The routes of processes, and the CSV reports of finished imports (api-contract §2.3)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from email_contacts.sandbox import process_rows
from email_contacts.sandbox.account import Account
from email_contacts.sandbox.edge import Id, TheAccount, answer, documented
from email_contacts.sandbox.paging import PageRequest, page
from email_contacts.sandbox.refusals import absent, no_route, wrong_verb

router = APIRouter(prefix="/v3/processes", tags=["Processes"])
reports = APIRouter(prefix="/reports", tags=["Processes"])

Pages = Annotated[PageRequest, Depends(page(default=10, cap=50))]


@router.get("", name="processes", responses=documented(400))
def get_processes(request: Request, asked: Pages, account: TheAccount) -> Response:
    """Page through the processes."""
    _check_there(account)
    with account.database.reading() as connection:
        rows = connection.execute(
            f"SELECT * FROM processes ORDER BY id {asked.order} LIMIT ? OFFSET ?",  # noqa: S608
            (asked.limit, asked.offset),
        ).fetchall()
        (count,) = connection.execute("SELECT count(*) FROM processes").fetchone()
        base_url = str(request.base_url)
        shown = [process_rows.shown(connection, row, account.knobs, base_url=base_url) for row in rows]
    return answer({"processes": shown, "count": count})


@router.get("/{processId}", name="process", responses=documented(400, 404))
def get_process(processId: Id, request: Request, account: TheAccount) -> Response:  # noqa: N803
    """Show one process."""
    _check_there(account)
    with account.database.reading() as connection:
        process = process_rows.found(connection, processId)
        if process is None:
            raise absent("Process ID does not exist")
        shown = process_rows.shown(connection, process, account.knobs, base_url=str(request.base_url))
    return answer(shown)


@reports.get("/{token}/{reason}.csv", name="report", response_class=StreamingResponse)
def get_report(token: str, reason: str, account: TheAccount) -> Response:
    """Download the rows that an import rejected for one reason; the token in the URL is the key."""
    lines = process_rows.report(account.database, token, reason)
    if lines is None:
        raise no_route()
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8")


def _check_there(account: Account) -> None:
    """Behave as a platform without these routes, if the knob says so."""
    if account.knobs.process_route == "404":
        raise no_route()
    if account.knobs.process_route == "405":
        raise wrong_verb("GET")
