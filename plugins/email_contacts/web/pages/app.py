"""The routes of the pages. Knows HTTP; every one but those of style and script needs a login to Airflow."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from email_contacts.imports.history import EntryKey
from email_contacts.imports.verification.verdict import STATES
from email_contacts.web.airflow_history import GetUserDep, History
from email_contacts.web.pages.import_view import ImportView
from email_contacts.web.pages.imports_filter import ImportsFilter, InvalidFilter
from email_contacts.web.pages.page_response import STATIC, page, static

PAGE_SIZE = 25
# Imports that one request looks through for those that a filter allows; the page goes on from there.
SEARCHED_AT_MOST = 20_000
_REFUSALS = {
    401: ("You are not logged in", "Log in to Airflow, and open this page again."),
    403: ("You may not see this", "Ask an administrator of Airflow for permission to read the DAG."),
    404: ("There is no such page", "The import is not there, or you may not read its DAG."),
}


def make_app() -> FastAPI:
    """Make the application; no documentation, no redirects."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.get("/")(list_imports)
    app.get("/static/{name}")(send_static)
    app.exception_handler(HTTPException)(refuse)
    return app


def list_imports(request: Request, user: GetUserDep) -> Response:
    """The list, newest first, a page at a time."""
    query = dict(request.query_params)
    try:
        asked = ImportsFilter.read(query)
    except InvalidFilter as fault:
        return page(request, "list.html", status=400, **_listing(query, fault=str(fault)))
    lower, upper = asked.keys()
    if before := _key(*query.get("before", "").partition("/")[::2]):
        upper = min(upper, str(before))
    found: list[ImportView] = []
    searched, last = 0, None
    with closing(History(user).newest_first(lower, upper, asked.parts)) as receipts:
        for searched, stored in enumerate(receipts, 1):
            if len(found) == PAGE_SIZE or searched > SEARCHED_AT_MOST:
                break
            last = stored.key
            if (one := ImportView.of(stored)) and asked.allows(one):
                found.append(one)
        else:
            last = None
    more = asked.query(before=f"{last.ended_at}/{last.receipt_id}") if last else ""
    listing = _listing(query, imports=found, more=more, is_narrowed=not asked.is_empty, first=asked.query())
    return page(request, "list.html", **listing)


def send_static(name: str) -> Response:
    """The style sheet and the script."""
    if name not in STATIC:
        raise HTTPException(404)
    return static(name)


async def refuse(request: Request, error: Exception) -> Response:
    """A refusal as a page."""
    status = getattr(error, "status_code", 404)
    title, advice = _REFUSALS.get(status, _REFUSALS[404])
    return page(request, "message.html", status=status, title=title, advice=advice)


def _listing(query: dict[str, str], **values: Any) -> dict[str, Any]:
    empty = {"imports": [], "more": "", "first": "", "is_narrowed": True, "fault": ""}
    typed = {name: query.get(name, "") for name in ("text", "list", "state", "from", "to")}
    values["has_unchanged"] = any(one.receipt.rows.unchanged for one in values.get("imports", ()))
    return {**empty, "query": typed, "states": STATES, "is_first": "before" not in query, **values}


def _key(ended_at: str, receipt_id: str) -> EntryKey | None:
    return EntryKey.parse(str(EntryKey(ended_at, receipt_id)))


app = make_app()
