"""The routes of lists and of their contacts (api-contract §1.2, §1.6, §1.8, §6)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from email_contacts.sandbox import clock, contact_rows, places
from email_contacts.sandbox.edge import Id, Integer, Name, TheAccount, answer, documented, nothing
from email_contacts.sandbox.paging import PageRequest, moment, page
from email_contacts.sandbox.refusals import invalid, missing

router = APIRouter(prefix="/v3/contacts/lists", tags=["Lists"])

Pages = Annotated[PageRequest, Depends(page(default=10, cap=50))]
ContactPages = Annotated[PageRequest, Depends(page(default=50, cap=500))]


class ListBody(BaseModel):
    """A list to make. Names need not be unique."""

    name: Name
    folderId: Integer  # noqa: N815


class ListChange(BaseModel):
    """A new name, or a new folder; one at a time."""

    name: Name | None = None
    folderId: Integer | None = None  # noqa: N815


@router.post("", name="create_list", responses=documented(400))
def create_list(body: ListBody, account: TheAccount) -> Response:
    """Create a list in a folder."""
    with account.database.writing() as connection:
        list_id = places.insert_list(connection, name=body.name, folder_id=body.folderId)
    return answer({"id": list_id}, status=account.knobs.created)


@router.get("", name="lists", responses=documented(400))
def get_lists(asked: Pages, account: TheAccount) -> Response:
    """Page through all lists."""
    with account.database.reading() as connection:
        rows = connection.execute(
            f"SELECT * FROM lists ORDER BY id {asked.order} LIMIT ? OFFSET ?",  # noqa: S608
            (asked.limit, asked.offset),
        ).fetchall()
        (count,) = connection.execute("SELECT count(*) FROM lists").fetchone()
    shown = [{**places.list_shown(row, account.knobs), "folderId": row["folder_id"]} for row in rows]
    return answer({"lists": shown, "count": count})


@router.get("/{listId}", name="list", responses=documented(400, 404))
def get_list(
    listId: Id,  # noqa: N803
    account: TheAccount,
    startDate: str | None = None,  # noqa: N803
    endDate: str | None = None,  # noqa: N803
) -> Response:
    """Show one list. ``startDate`` and ``endDate`` come together; no campaign is ever sent here."""
    if (startDate is None) != (endDate is None):
        raise missing("startDate and endDate must be given together")
    moment("startDate", startDate)
    moment("endDate", endDate)
    with account.database.reading() as connection:
        row = places.list_found(connection, listId)
    details = {
        "folderId": row["folder_id"],
        "createdAt": clock.written(row["created_ms"], account.knobs.timestamps),
        "campaignStats": [],
        "dynamicList": False,
    }
    return answer({**places.list_shown(row, account.knobs), **details})


@router.put("/{listId}", name="update_list", status_code=204, responses=documented(400, 404))
def update_list(listId: Id, body: ListChange, account: TheAccount) -> Response:  # noqa: N803
    """Rename a list, or move it to another folder."""
    if (body.name is None) == (body.folderId is None):
        raise invalid("Give either name or folderId, one at a time")
    with account.database.writing() as connection:
        places.list_found(connection, listId)
        if body.name is not None:
            connection.execute("UPDATE lists SET name = ? WHERE id = ?", (body.name, listId))
        else:
            folder = places.folder_found(connection, body.folderId or 0, status=400)
            connection.execute("UPDATE lists SET folder_id = ? WHERE id = ?", (folder["id"], listId))
    return nothing()


@router.delete("/{listId}", name="delete_list", status_code=204, responses=documented(404))
def delete_list(listId: Id, account: TheAccount) -> Response:  # noqa: N803
    """Delete a list; its contacts stay."""
    with account.database.writing() as connection:
        places.list_found(connection, listId)
        connection.execute("DELETE FROM lists WHERE id = ?", (listId,))
    return nothing()


@router.get("/{listId}/contacts", name="list_contacts", responses=documented(400, 404))
def get_list_contacts(
    listId: Id,  # noqa: N803
    asked: ContactPages,
    account: TheAccount,
    modifiedSince: Annotated[str | None, Query()] = None,  # noqa: N803
) -> Response:
    """Page through the contacts of a list. ``count`` ignores ``modifiedSince``."""
    since = moment("modifiedSince", modifiedSince)
    with account.database.reading() as connection:
        count = places.list_found(connection, listId)["members"]
        ids = contact_rows.page_of_list(connection, listId, asked, modified_since=since)
        shown = contact_rows.shown(connection, ids, account.knobs)
    account.after_contact_page(ids, list_id=listId)
    return answer({"contacts": shown, "count": count})
