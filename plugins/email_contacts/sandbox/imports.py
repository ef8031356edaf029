"""The route that accepts imports: checks the request, keeps its rows aside, and queues the process.

(api-contract §1.4, §2.1, §2.2.)
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from email_contacts.sandbox import callbacks, fetching, importing, places, process_rows, rows
from email_contacts.sandbox.account import Account
from email_contacts.sandbox.edge import LONGEST_NAME, TheAccount, answer, documented
from email_contacts.sandbox.knobs import Knobs
from email_contacts.sandbox.paging import LARGEST_ID
from email_contacts.sandbox.process_rows import ImportOrder
from email_contacts.sandbox.refusals import invalid, missing, unreadable

router = APIRouter(prefix="/v3/contacts", tags=["Imports"])

SOURCES = ("fileUrl", "fileBody", "jsonBody")
_FLAGS = {
    "emailBlacklist": False,
    "smsBlacklist": False,
    "disableNotification": False,
    "updateExistingContacts": True,
    "emptyContactsAttributes": False,
}
_NOBODY = (
    "We could not find any valid email or SMS or Contact ID in the file you uploaded. "
    "Please verify your file. Also check that you are not using space as a delimiter"
)


class ImportBody(BaseModel):
    """One source (``fileUrl``, ``fileBody`` or ``jsonBody``), at least one target; for the documents only."""

    fileUrl: str | None = Field(None, description="A .txt, .csv or .json file to fetch.")  # noqa: N815
    fileBody: str | None = Field(None, description="CSV with a header line.")  # noqa: N815
    jsonBody: list[dict[str, Any]] | None = Field(  # noqa: N815
        None, description='[{"email": ..., "attributes": {...}}]'
    )
    listIds: list[int] | None = Field(None, description="Existing lists.")  # noqa: N815
    newList: dict[str, Any] | None = Field(None, description="{listName, folderId}")  # noqa: N815
    notifyUrl: str | None = Field(None, description="Called once when the import is finished.")  # noqa: N815
    emailBlacklist: bool = False  # noqa: N815
    smsBlacklist: bool = False  # noqa: N815
    disableNotification: bool = False  # noqa: N815
    updateExistingContacts: bool = True  # noqa: N815
    emptyContactsAttributes: bool = False  # noqa: N815


_DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ImportBody.model_json_schema()}},
    }
}


@router.post("/import", name="import", openapi_extra=_DOCUMENT, responses=documented(400, 413, 500))
async def import_contacts(request: Request, account: TheAccount) -> Response:
    """Queue an import and answer with its ``processId``. Every call begins a new process."""
    # Read as bytes and handed to a thread: eight megabytes of JSON must not hold up the event loop.
    process_id = await run_in_threadpool(_accept, account, await request.body())
    return answer({"processId": process_id}, status=account.knobs.accepted)


def _accept(account: Account, raw: bytes) -> int:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise unreadable() from error
    if not isinstance(body, dict):
        raise invalid("The request body must be an object")
    knobs = account.knobs
    source = _source(body, strict=knobs.strict_sources)
    list_ids, new_list = _targets(body)
    flags = {name: _flag(body, name, default) for name, default in _FLAGS.items()}
    notify_url = body.get("notifyUrl")
    if notify_url is not None and not (isinstance(notify_url, str) and callbacks.is_callable(notify_url)):
        raise invalid("notifyUrl is not a valid http or https URL")
    with account.database.reading() as connection:
        places.lists_found(connection, list_ids)
    token = secrets.token_urlsafe(24)
    spooled = account.worker.spool / token
    try:
        form = _spool(source, body[source], spooled, knobs)
        body.clear()  # the rows lie in the file now; a waiting request should not hold them twice
        _check_somebody(spooled, form)
        with account.database.writing() as connection:
            places.lists_found(connection, list_ids)
            if new_list is not None:
                list_ids = [
                    *list_ids,
                    places.insert_list(connection, name=new_list[0], folder_id=new_list[1]),
                ]
            order = ImportOrder(
                form=form,
                source=token,
                list_ids=list_ids,
                notify_url=notify_url,
                email_blacklist=flags["emailBlacklist"],
                sms_blacklist=flags["smsBlacklist"],
                update_existing=flags["updateExistingContacts"],
                empty_erases=flags["emptyContactsAttributes"],
            )
            process_id = process_rows.insert_import(connection, order, token=token)
    except BaseException:
        spooled.unlink(missing_ok=True)
        raise
    account.worker.wake()
    return process_id


def _source(body: dict[str, Any], *, strict: bool) -> str:
    given = [name for name in SOURCES if body.get(name) is not None]
    if not given:
        raise missing("Either fileUrl, fileBody or jsonBody is missing")
    if strict and len(given) > 1:
        raise invalid(f"Give exactly one of {', '.join(SOURCES)}")
    return given[0]


def _targets(body: dict[str, Any]) -> tuple[list[int], tuple[str, int] | None]:
    list_ids, new_list = body.get("listIds"), body.get("newList")
    if not list_ids and not new_list:
        raise missing("listIds or newList is missing")
    if list_ids is not None and not (isinstance(list_ids, list) and all(_is_id(each) for each in list_ids)):
        raise invalid("listIds must be an array of integers")
    unique = list(dict.fromkeys(list_ids or ()))
    if not new_list:
        return unique, None
    if not isinstance(new_list, dict):
        raise invalid("newList must be an object")
    name, folder_id = new_list.get("listName"), new_list.get("folderId")
    if not isinstance(name, str) or not name.strip():
        raise missing("List name is missing")
    if len(name.strip()) > LONGEST_NAME:
        raise invalid("listName is not valid")
    # The seed calls folderId optional: then it is the account's first folder (api-contract §8, row 9).
    folder_id = 1 if folder_id is None else folder_id
    if not _is_id(folder_id):
        raise invalid("folderId must be an integer")
    return unique, (name.strip(), folder_id)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_ID


def _flag(body: dict[str, Any], name: str, default: bool) -> bool:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false")
    return value


def _spool(source: str, value: Any, target: Path, knobs: Knobs) -> str:
    """Write the rows aside and say in which form."""
    if source == "jsonBody":
        if not isinstance(value, list):
            raise invalid("jsonBody must be an array of objects")
        try:
            rows.write_lines(value, target)
        except orjson.JSONEncodeError as error:
            raise unreadable() from error  # nested so deeply that it can be read and not written
        return "ndjson"
    if not isinstance(value, str):
        raise invalid(f"{source} must be a string")
    if source == "fileUrl":
        return fetching.fetch(value, target, knobs)
    target.write_bytes(value.encode())
    return "csv"


def _check_somebody(spooled: Path, form: str) -> None:
    """Look for one row that names a contact; most sources have it in the first line."""
    try:
        for row in rows.read(spooled, form):
            candidates, _ = importing.sifted([row], {})
            if candidates:
                return
    except rows.BadSource as error:
        raise invalid(f"The source cannot be read: {error}") from error
    raise invalid(_NOBODY)
