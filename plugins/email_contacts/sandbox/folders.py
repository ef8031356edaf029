"""The routes of folders (api-contract §1.1, §1.5, §6)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from email_contacts.sandbox import places
from email_contacts.sandbox.edge import Id, Name, TheAccount, answer, documented, nothing
from email_contacts.sandbox.paging import PageRequest, page

router = APIRouter(prefix="/v3/contacts/folders", tags=["Folders"])

Pages = Annotated[PageRequest, Depends(page(default=10, cap=50))]


class FolderBody(BaseModel):
    """A folder to make or to rename. Names need not be unique."""

    name: Name


@router.post("", name="create_folder", responses=documented(400))
def create_folder(body: FolderBody, account: TheAccount) -> Response:
    """Create a folder."""
    with account.database.writing() as connection:
        folder_id = places.insert_folder(connection, name=body.name)
    return answer({"id": folder_id}, status=account.knobs.created)


@router.get("", name="folders", responses=documented(400))
def get_folders(asked: Pages, account: TheAccount) -> Response:
    """Page through the folders."""
    with account.database.reading() as connection:
        rows = connection.execute(
            f"SELECT * FROM folders ORDER BY id {asked.order} LIMIT ? OFFSET ?",  # noqa: S608
            (asked.limit, asked.offset),
        ).fetchall()
        (count,) = connection.execute("SELECT count(*) FROM folders").fetchone()
        folders = [places.folder_shown(connection, row, account.knobs) for row in rows]
    return answer({"folders": folders, "count": count})


@router.get("/{folderId}", name="folder", responses=documented(404))
def get_folder(folderId: Id, account: TheAccount) -> Response:  # noqa: N803
    """Show one folder."""
    with account.database.reading() as connection:
        return answer(
            places.folder_shown(connection, places.folder_found(connection, folderId), account.knobs)
        )


@router.put("/{folderId}", name="update_folder", status_code=204, responses=documented(400, 404))
def update_folder(folderId: Id, body: FolderBody, account: TheAccount) -> Response:  # noqa: N803
    """Rename a folder."""
    with account.database.writing() as connection:
        places.folder_found(connection, folderId)
        connection.execute("UPDATE folders SET name = ? WHERE id = ?", (body.name, folderId))
    return nothing()


@router.delete("/{folderId}", name="delete_folder", status_code=204, responses=documented(404))
def delete_folder(folderId: Id, account: TheAccount) -> Response:  # noqa: N803
    """Delete a folder and its lists; the contacts stay."""
    with account.database.writing() as connection:
        places.folder_found(connection, folderId)
        connection.execute("DELETE FROM folders WHERE id = ?", (folderId,))
    return nothing()


@router.get("/{folderId}/lists", name="folder_lists", responses=documented(400, 404))
def get_folder_lists(folderId: Id, asked: Pages, account: TheAccount) -> Response:  # noqa: N803
    """Page through the lists of a folder."""
    with account.database.reading() as connection:
        places.folder_found(connection, folderId)
        rows = connection.execute(
            f"SELECT * FROM lists WHERE folder_id = ? ORDER BY id {asked.order} LIMIT ? OFFSET ?",  # noqa: S608
            (folderId, asked.limit, asked.offset),
        ).fetchall()
        (count,) = connection.execute(
            "SELECT count(*) FROM lists WHERE folder_id = ?", (folderId,)
        ).fetchone()
    return answer({"lists": [places.list_shown(row, account.knobs) for row in rows], "count": count})
