"""The routes of a retry: the form, and the start of its run."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from starlette.exceptions import HTTPException

from email_contacts.contacts.staging.uploads import forget_upload
from email_contacts.imports.verification.import_report import ImportReport
from email_contacts.web.airflow_history import GetUserDep, History, RunRefused, UploadFailed
from email_contacts.web.pages.found_import import find_import
from email_contacts.web.pages.import_view import ImportView
from email_contacts.web.pages.page_response import HEADERS, page
from email_contacts.web.pages.retry_form import (
    CORRECTED_ROWS,
    DAG_ID,
    PATH_LABEL,
    InvalidForm,
    RetryForm,
    Typed,
    typed,
)


def show_retry(
    request: Request, user: GetUserDep, ended_at: str, receipt_id: str, started: str = ""
) -> Response:
    """The form that starts a retry of the rejected rows; after it was sent, where its run is."""
    history = History(user)
    one = _retried(history, ended_at, receipt_id)
    return _retry_page(request, history, one, RetryForm.filled_in(one), started=started)


def start_retry(
    request: Request,
    user: GetUserDep,
    ended_at: str,
    receipt_id: str,
    sent: Annotated[Typed, Depends(typed)],
) -> Response:
    """Start the retry, and show where its run is."""
    history = History(user)
    one = _retried(history, ended_at, receipt_id)
    form = RetryForm.read(sent)
    try:
        run_id = _start(history, one, form)
    except (InvalidForm, RunRefused) as error:
        return _retry_page(request, history, one, form, status=400, fault=str(error))
    base = request.scope.get("root_path", "")
    location = f"{base}/{one.address}/retry?{urlencode({'started': run_id})}"
    return Response(status_code=303, headers={**HEADERS, "Location": location})


def _start(history: History, one: ImportView, form: RetryForm) -> str:
    """Start the run of a retry, with the file that was sent for it; one that has started stays as it is.

    :return: the run's id.
    """
    conf = form.conf(one)
    run_id = form.run_id(conf)
    if history.has_run(DAG_ID, run_id):
        return run_id
    kept = None
    if form.upload:
        try:
            kept = history.keep_upload(one.conn_id, DAG_ID, run_id, form.upload.file, form.upload.name)
        except UploadFailed as error:
            raise InvalidForm(
                "Corrected file: this server cannot write to the staging folder. Put the file where the "
                f"connection allows it, and fill in {PATH_LABEL}."
            ) from error
        conf["corrected_file"] = str(kept)
    try:
        history.trigger(DAG_ID, run_id, conf)
    except RunRefused:
        if kept is not None:
            forget_upload(kept)
        raise
    return run_id


def _retried(history: History, ended_at: str, receipt_id: str) -> ImportView:
    one = find_import(history, ended_at, receipt_id)
    if not one.can_be_retried:
        raise HTTPException(404)
    if not history.may_trigger(DAG_ID):
        raise HTTPException(403)
    return one


def _retry_page(
    request: Request, history: History, one: ImportView, form: RetryForm, status: int = 200, **values: Any
) -> Response:
    usual: dict[str, Any] = {"started": "", "fault": "", "dag_id": DAG_ID, "corrected_rows": CORRECTED_ROWS}
    values = {**usual, "rejected": ImportReport(one.receipt).rejected, **values}
    is_paused = bool(values["started"]) and history.is_paused(DAG_ID)
    return page(request, "retry.html", status=status, one=one, form=form, is_paused=is_paused, **values)
