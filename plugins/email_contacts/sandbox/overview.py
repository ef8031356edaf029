"""The page: what the account holds, for a person with a browser.

Rendered on the server, without a script; the policy in its headers would not run one.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from email_contacts.sandbox import attribute_rows, contact_rows, process_rows
from email_contacts.sandbox.account import Account
from email_contacts.sandbox.edge import TheAccount
from email_contacts.sandbox.knobs import Knobs
from email_contacts.sandbox.paging import PageRequest

router = APIRouter(include_in_schema=False)

_CONTACTS = 25
_PROCESSES = 10
_POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("pages")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

Number = Annotated[int, Query(ge=1, le=10_000_000)]


@router.get("/", name="page_overview")
def show_overview(account: TheAccount, page: Number = 1) -> HTMLResponse:
    """Show folders with their lists, and the processes."""
    with account.database.reading() as connection:
        folders = connection.execute("SELECT * FROM folders ORDER BY id").fetchall()
        lists = connection.execute("SELECT * FROM lists ORDER BY id").fetchall()
        processes = connection.execute(
            "SELECT * FROM processes ORDER BY id DESC LIMIT ? OFFSET ?",
            (_PROCESSES + 1, (page - 1) * _PROCESSES),
        ).fetchall()
        shown = [_process(connection, row, account.knobs) for row in processes[:_PROCESSES]]
        (process_count,) = connection.execute("SELECT count(*) FROM processes").fetchone()
        content = {
            "contacts": contact_rows.count(connection),
            "folders": [(row, [each for each in lists if each["folder_id"] == row["id"]]) for row in folders],
            "lists": len(lists),
            "largest": max([each["members"] for each in lists], default=0),
            "processes": shown,
            "process_count": process_count,
            "attributes": attribute_rows.all_rules(connection),
            "turned": _turned(account.knobs),
        }
    return _page("overview.html", account, page=page, more=len(processes) > _PROCESSES, **content)


@router.get("/contacts", name="page_contacts")
def show_contacts(
    account: TheAccount,
    page: Number = 1,
    list_id: Annotated[int | None, Query(alias="list", ge=1, le=2**62)] = None,
) -> HTMLResponse:
    """Show the contacts of the account, or of one list, newest first."""
    asked = PageRequest(limit=_CONTACTS, offset=(page - 1) * _CONTACTS, sort="desc")
    with account.database.reading() as connection:
        chosen = connection.execute("SELECT * FROM lists WHERE id = ?", (list_id,)).fetchone()
        if list_id is None:
            ids = contact_rows.page_of_all(connection, asked, modified_since=0, created_since=0)
            count = contact_rows.count(connection)
        else:
            ids = contact_rows.page_of_list(connection, list_id, asked, modified_since=0)
            count = chosen["members"] if chosen else 0
        people = contact_rows.shown(connection, ids, account.knobs)
        names = dict(connection.execute("SELECT id, name FROM lists").fetchall())
    columns = sorted({name for person in people for name in person["attributes"]})
    return _page(
        "contacts.html",
        account,
        status=200 if list_id is None or chosen else 404,
        page=page,
        more=page * _CONTACTS < count,
        count=count,
        first=asked.offset + 1,
        people=people,
        names=names,
        columns=columns,
        chosen=chosen,
        list_id=list_id,
    )


def _process(connection: Any, row: Any, knobs: Knobs) -> dict[str, Any]:
    rejects = process_rows.reject_counts(connection, row["id"])
    finished = row["finished_ms"]
    return {
        "id": row["id"],
        "name": row["name"],
        "status": process_rows.status(row, knobs),
        "finished": row["stage"] == "finished",
        "created": datetime.fromtimestamp(row["created_ms"] / 1000, tz=timezone.utc),
        "seconds": None if finished is None else (finished - row["created_ms"]) / 1000,
        "rows": row["rows_done"],
        "added": row["added"],
        "updated": row["updated"],
        "rejects": [
            (reason, number, f"/reports/{row['token']}/{reason}.csv") for reason, number in rejects.items()
        ],
    }


def _turned(knobs: Knobs) -> dict[str, Any]:
    """Return the knobs that are not as they are by default."""
    usual = Knobs().to_json()
    return {name: value for name, value in knobs.to_json().items() if value != usual[name]}


def _page(template: str, account: Account, *, status: int = 200, **content: Any) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    html = _PAGES.get_template(template).render(
        nonce=nonce, running=_unfinished(account), file=account.database.path.name, **content
    )
    headers = {
        "content-security-policy": _POLICY.format(nonce=nonce),
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return HTMLResponse(html, status_code=status, headers=headers)


def _unfinished(account: Account) -> int:
    with account.database.reading() as connection:
        return len(process_rows.unfinished(connection))
