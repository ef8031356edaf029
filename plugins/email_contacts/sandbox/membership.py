"""The routes that add contacts to a list and remove them (api-contract §6)."""

from __future__ import annotations

from collections.abc import Callable
from sqlite3 import Connection
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StrictBool, StrictStr

from email_contacts.sandbox import contact_rows, places, process_rows
from email_contacts.sandbox.edge import Id, Integer, TheAccount, answer, documented
from email_contacts.sandbox.identity import EMAIL, EXT_ID, Identifier
from email_contacts.sandbox.refusals import invalid

router = APIRouter(prefix="/v3/contacts/lists", tags=["Lists"])

_MOST = 150


class Named(BaseModel):
    """Contacts by one kind of identifier, 1 to 150 of them."""

    emails: Annotated[list[StrictStr], Field(max_length=_MOST)] | None = None
    ids: Annotated[list[Integer], Field(max_length=_MOST)] | None = None
    extIds: Annotated[list[StrictStr], Field(max_length=_MOST)] | None = None  # noqa: N815


class Removal(Named):
    """The contacts to remove, or all of the list."""

    all: StrictBool = False


@router.post("/{listId}/contacts/add", name="add_to_list", status_code=201, responses=documented(400, 404))
def add_to_list(listId: Id, body: Named, account: TheAccount) -> Response:  # noqa: N803
    """Add existing contacts. Who is unknown or on the list already is a failure; 400 when all are."""
    with account.database.writing() as connection:
        places.list_found(connection, listId)
        success, failure, ids = _sorted_out(
            connection, body, able=lambda contact: not _is_member(connection, listId, contact)
        )
        if not ids:
            raise invalid("Contact already in list and/or does not exist")
        places.add_members(connection, [listId], ids)
        contact_rows.touch(connection, ids)
    return answer({"contacts": {"success": success, "failure": failure}}, status=201)


@router.post(
    "/{listId}/contacts/remove", name="remove_from_list", status_code=201, responses=documented(400, 404)
)
def remove_from_list(listId: Id, body: Removal, account: TheAccount) -> Response:  # noqa: N803
    """Remove contacts from a list; the contacts stay. Only ``all`` makes a process (api-contract §3.1)."""
    with account.database.writing() as connection:
        total = places.list_found(connection, listId)["members"]
        if body.all:
            connection.execute("DELETE FROM members WHERE list_id = ?", (listId,))
            process_id = process_rows.insert_finished(connection, name="REMOVE_CONTACTS_FROM_LIST")
            begun = {"processId": process_id, "total": total}
            return answer({"contacts": begun, **begun}, status=201)
        success, failure, ids = _sorted_out(
            connection, body, able=lambda contact: _is_member(connection, listId, contact)
        )
        if not ids:
            raise invalid("Contact already removed from list and/or does not exist")
        connection.executemany(
            "DELETE FROM members WHERE list_id = ? AND contact_id = ?",
            [(listId, contact_id) for contact_id in ids],
        )
        contact_rows.touch(connection, ids)
    return answer({"contacts": {"success": success, "failure": failure}}, status=201)


def _sorted_out(
    connection: Connection, body: Named, *, able: Callable[[int], bool]
) -> tuple[list[Any], list[Any], list[int]]:
    """Look up the named contacts: those that can be treated, those that cannot, and the ids of the former."""
    given: list[tuple[Identifier | None, Any]] = [
        *((EMAIL, value) for value in body.emails or ()),
        *((EXT_ID, value) for value in body.extIds or ()),
        *((None, value) for value in body.ids or ()),
    ]
    kinds = sum(bool(each) for each in (body.emails, body.extIds, body.ids))
    if kinds != 1:
        raise invalid("Give one of emails, ids and extIds, with 1 to 150 items")
    success, failure, ids = [], [], []
    for identifier, value in given:
        contact_id = _contact_id(connection, identifier, value)
        if contact_id is not None and able(contact_id):
            success.append(value)
            ids.append(contact_id)
        else:
            failure.append(value)
    return success, failure, list(dict.fromkeys(ids))


def _contact_id(connection: Connection, identifier: Identifier | None, value: Any) -> int | None:
    if identifier is None:
        row = connection.execute("SELECT id FROM contacts WHERE id = ?", (value,)).fetchone()
        return row["id"] if row else None
    read = identifier.read(value)
    holder = contact_rows.holder(connection, identifier, read) if read else None
    return holder.id if holder else None


def _is_member(connection: Connection, list_id: int, contact_id: int) -> bool:
    row = connection.execute(
        "SELECT 1 FROM members WHERE list_id = ? AND contact_id = ?", (list_id, contact_id)
    ).fetchone()
    return row is not None
