"""The routes of the pages. Knows HTTP; every one but those of style and script needs a login to Airflow."""

from __future__ import annotations

from contextlib import closing
from typing import IO, Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from email_contacts.imports.history import EntryKey
from email_contacts.imports.verification.import_report import ImportReport
from email_contacts.imports.verification.verdict import STATES
from email_contacts.web.airflow_history import GetUserDep, History
from email_contacts.web.airflow_runs import RunningImports
from email_contacts.web.pages import retry
from email_contacts.web.pages.found_import import find_import, key_of
from email_contacts.web.pages.import_view import ImportView
from email_contacts.web.pages.imports_filter import RUNNING, ImportsFilter, InvalidFilter
from email_contacts.web.pages.page_response import HEADERS, STATIC, page, static
from email_contacts.web.pages.progress import MAX_SHOWN, Progress
from email_contacts.web.pages.reject_lists import NotAList, Sample, safe_csv, samples
from email_contacts.web.pages.retry_form import DAG_ID
from email_contacts.web.pages.row_charts import reasons, where_rows_went
from email_contacts.web.pages.timeline import failed_first, timeline
from email_contacts.web.pages.trend import MAX_POINTS, trends

PAGE_SIZE = 25
# Imports that one request looks through for those that a filter allows; the page goes on from there.
SEARCHED_AT_MOST = 20_000
_MENDED = "Nothing to do: a retry has imported the rejected rows."
_REFUSALS = {
    400: ("This form cannot be read", "Open the page again, and send the form from there."),
    401: ("You are not logged in", "Log in to Airflow, and open this page again."),
    403: ("You do not have permission", "Ask an administrator of Airflow for permission to use the DAG."),
    413: ("Too much data", "Send shorter texts, and a file of at most 20 MB."),
    404: ("Page not found", "The import does not exist, or you may not read its DAG."),
}


def make_app() -> FastAPI:
    """Make the application; no documentation, no redirects."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.get("/")(list_imports)
    app.get("/static/{name}")(send_static)
    app.get("/run")(show_run)
    app.get("/progress")(show_progress)
    app.get("/{ended_at}/{receipt_id}")(show_import)
    app.get("/{ended_at}/{receipt_id}/retry")(retry.show_retry)
    app.post("/{ended_at}/{receipt_id}/retry")(retry.start_retry)
    app.get("/{ended_at}/{receipt_id}/{name}")(download)
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
    if before := key_of(*query.get("before", "").partition("/")[::2]):
        upper = min(upper, str(before))
    is_first = "before" not in query
    # Of a single list more is read than the page holds, for its charts.
    wanted = MAX_POINTS if asked.list and is_first else PAGE_SIZE
    found: list[ImportView] = []
    searched, last = 0, None
    with closing(History(user).newest_first(lower, upper, asked.parts)) as receipts:
        for searched, stored in enumerate(receipts, 1):
            if len(found) == wanted or searched > SEARCHED_AT_MOST:
                break
            if len(found) < PAGE_SIZE:
                last = stored.key
            if (one := ImportView.of(stored)) and asked.allows(one):
                found.append(one)
        else:
            if len(found) <= PAGE_SIZE:
                last = None
    more = asked.query(before=f"{last.ended_at}/{last.receipt_id}") if last else ""
    running = map(Progress, RunningImports(user).newest_first()) if is_first else ()
    fitting = [one for one in running if asked.allows_running(one)]
    listing = _listing(
        query,
        running=fitting[:MAX_SHOWN],
        running_count=len(fitting),
        imports=found[:PAGE_SIZE],
        trends=trends(found, asked) if is_first else [],
        more=more,
        is_narrowed=not asked.is_empty,
        first=asked.query(),
    )
    return page(request, "list.html", **listing)


def show_import(request: Request, user: GetUserDep, ended_at: str, receipt_id: str) -> Response:
    """One import."""
    history = History(user)
    one = find_import(history, ended_at, receipt_id)
    return page(request, "import.html", imports=[_detail(history, one)], running=None, is_alone=True)


def show_run(request: Request, user: GetUserDep, dag_id: str = "", run_id: str = "") -> Response:
    """The imports of a run, as they are shown on the run's own page."""
    return _show_run(request, user, dag_id, run_id, is_alone=False)


def show_progress(request: Request, user: GetUserDep, dag_id: str = "", run_id: str = "") -> Response:
    """The same on a page of its own: how far an import is, and its receipt when it has ended."""
    return _show_run(request, user, dag_id, run_id, is_alone=True)


def download(user: GetUserDep, ended_at: str, receipt_id: str, name: str) -> Response:
    """A list of rejected rows, for a spreadsheet."""
    history = History(user)
    one = find_import(history, ended_at, receipt_id)
    uri = {f"{kind}.csv": uri for kind, uri in one.list_uris.items()}.get(name, "")
    if not history.may_read_logs(one.stored.dag_id):
        raise HTTPException(403)
    try:
        lines = safe_csv(_open_list(history, one, uri))
    except (FileNotFoundError, NotAList) as error:
        raise HTTPException(404) from error
    file = f"{name.removesuffix('.csv')}-{receipt_id}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{file}"'}
    return StreamingResponse(lines, 200, {**HEADERS, **disposition}, "text/csv; charset=utf-8")


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


def _show_run(request: Request, user: Any, dag_id: str, run_id: str, *, is_alone: bool) -> Response:
    history = History(user)
    # PostgreSQL refuses to look for a text with this character.
    stored = history.of_run(dag_id, run_id) if "\0" not in dag_id + run_id else None
    if stored is None:
        raise HTTPException(403)
    views = [one for one in map(ImportView.of, stored) if one]
    found = RunningImports(user).one(dag_id, run_id)
    imports, running = [_detail(history, one) for one in views], Progress(found) if found else None
    return page(request, "import.html", imports=imports, running=running, is_alone=is_alone)


def _detail(history: History, one: ImportView) -> dict[str, Any]:
    tasks = history.tasks_of(one.stored)
    may_read_logs = history.may_read_logs(one.stored.dag_id)
    lists = one.list_uris.items() if may_read_logs else ()
    retries = [view for view in map(ImportView.of, history.retries_of(one.stored.key)) if view]
    is_mended = any(map(one.is_mended_by, retries))
    return {
        "one": one,
        "steps": timeline(one, tasks),
        "is_run_there": tasks is not None,
        "failed_first": "" if one.is_good else failed_first(tasks or ()),
        "parts": where_rows_went(one),
        "bars": reasons(one),
        "next_step": _MENDED if is_mended else ImportReport(one.receipt).next_step,
        "is_mended": is_mended,
        "may_read_logs": may_read_logs,
        "may_retry": one.can_be_retried and history.may_trigger(DAG_ID),
        "retried": _view_of(history, one.retry_of),
        "retries": retries,
        "samples": {kind: _samples(history, one, uri) for kind, uri in lists},
    }


def _view_of(history: History, key: EntryKey | None) -> ImportView | None:
    stored = history.one(key) if key else None
    return ImportView.of(stored) if stored else None


def _samples(history: History, one: ImportView, uri: str) -> list[Sample] | None:
    """Some rows of a list; None where it is not there."""
    try:
        return samples(_open_list(history, one, uri))
    except (FileNotFoundError, NotAList):
        return None


def _open_list(history: History, one: ImportView, uri: str) -> IO[bytes]:
    receipt = one.receipt
    return history.open_list(one.stored, one.conn_id, uri, receipt.fingerprint, receipt.source_version)


def _listing(query: dict[str, str], **values: Any) -> dict[str, Any]:
    empty = {
        "imports": [],
        "more": "",
        "first": "",
        "is_narrowed": True,
        "fault": "",
        "running": [],
        "running_count": 0,
        "trends": [],
    }
    typed = {name: query.get(name, "") for name in ("text", "list", "state", "from", "to")}
    values["has_unchanged"] = any(one.receipt.rows.unchanged for one in values.get("imports", ()))
    return {
        **empty,
        "query": typed,
        "states": (RUNNING, *STATES),
        "is_first": "before" not in query,
        **values,
    }


app = make_app()
