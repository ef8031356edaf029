"""The routes of contacts (api-contract §1.3, §1.7, §6)."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from starlette.convertors import StringConvertor, register_url_convertor

from email_contacts.sandbox import attribute_rows, contact_rows, places
from email_contacts.sandbox.account import Account
from email_contacts.sandbox.contact_bodies import Batch, BatchChange, ContactBody, ContactChange, NewContact
from email_contacts.sandbox.edge import TheAccount, answer, documented, nothing
from email_contacts.sandbox.identity import (
    BY_ATTRIBUTE,
    BY_KIND,
    EMAIL,
    Identifier,
    phone_only_address,
    resolved,
    without_phone_only_address,
)
from email_contacts.sandbox.paging import LARGEST_ID, PageRequest, moment, page
from email_contacts.sandbox.refusals import Refusal, absent, duplicate, invalid, missing

router = APIRouter(prefix="/v3/contacts", tags=["Contacts"])

Pages = Annotated[PageRequest, Depends(page(default=50, cap=1000))]


class _ContactIdentifier(StringConvertor):
    """Any last part of a path but the platform's own words: a wrong verb on those is a 405, not a contact."""

    regex = "(?!(?:folders|lists|attributes|import|batch)$)[^/]+"


register_url_convertor("contact", _ContactIdentifier())


@router.post("", name="create_contact", status_code=201, responses={204: {}, **documented(400)})
def create_contact(body: NewContact, account: TheAccount) -> Response:
    """Create a contact (201 with its id), or with ``updateEnabled`` update one (204, no body)."""
    given = body.identifiers()
    if not given:
        raise missing("Please provide Email or SMS attribute value to create user")
    with account.database.writing() as connection:
        attributes = body.kept(attribute_rows.json_readers(connection, strict_dates=True))
        places.lists_found(connection, body.listIds or ())
        holders = contact_rows.holders(connection, given)
        if holders and not body.updateEnabled:
            raise duplicate([each.word for each in holders])
        found = resolved(given, holders)
        if clashes := found.clashes or (list(holders) if found.is_rename else []):
            words = [each.word for each in clashes]
            raise duplicate(words, code=account.knobs.duplicate_code, verb="update")
        meant = found.meant
        if meant is None:
            unreachable = account.knobs.phone_only_address and phone_only_address(given) is not None
            contact_id = contact_rows.insert(
                connection,
                identifiers=given,
                attributes=attributes,
                email_blacklisted=body.emailBlacklisted or unreachable,
                sms_blacklisted=body.smsBlacklisted or False,
            )
            places.add_members(connection, body.listIds or (), [contact_id])
            return answer({"id": contact_id}, status=201)
        _change(connection, meant.id, body, identifiers=given, attributes=attributes)
    return nothing()


@router.get("", name="contacts", responses=documented(400))
def get_contacts(
    asked: Pages,
    account: TheAccount,
    modifiedSince: Annotated[str | None, Query()] = None,  # noqa: N803
    createdSince: Annotated[str | None, Query()] = None,  # noqa: N803
) -> Response:
    """Page through all contacts. ``count`` ignores the filters."""
    modified_since = moment("modifiedSince", modifiedSince)
    created_since = moment("createdSince", createdSince)
    with account.database.reading() as connection:
        ids = contact_rows.page_of_all(
            connection, asked, modified_since=modified_since, created_since=created_since
        )
        count = contact_rows.count(connection)
        shown = contact_rows.shown(connection, ids, account.knobs)
    account.after_contact_page(ids)
    return answer({"contacts": shown, "count": count})


@router.post("/batch", name="update_batch", status_code=204, responses=documented(400, 404))
def update_batch(body: Batch, account: TheAccount) -> Response:
    """Change many contacts, all or nothing."""
    with account.database.writing() as connection:
        ids = [_batched(connection, change) for change in body.contacts]
        unknown = [str(index) for index, contact_id in enumerate(ids) if contact_id is None]
        if unknown:
            raise absent(f"No contact found for indexes {','.join(unknown)}")
        for change, contact_id in zip(body.contacts, ids, strict=True):
            if contact_id is not None:
                _update(connection, contact_id, change, account)
    return nothing()


@router.get("/{identifier:contact}", name="contact", responses=documented(400, 404))
def get_contact(
    identifier: str,
    account: TheAccount,
    identifierType: Annotated[str | None, Query()] = None,  # noqa: N803
) -> Response:
    """Show one contact, found by e-mail address or id, or by what ``identifierType`` names."""
    with account.database.reading() as connection:
        contact_id = _found(connection, identifier, identifierType)
        contact = contact_rows.shown(connection, [contact_id], account.knobs)[0]
    return answer({**contact, "statistics": {}})


@router.put("/{identifier:contact}", name="update_contact", status_code=204, responses=documented(400, 404))
def update_contact(
    identifier: str,
    body: ContactChange,
    account: TheAccount,
    identifierType: Annotated[str | None, Query()] = None,  # noqa: N803
) -> Response:
    """Change one contact."""
    with account.database.writing() as connection:
        _update(connection, _found(connection, identifier, identifierType), body, account)
    return nothing()


@router.delete(
    "/{identifier:contact}", name="delete_contact", status_code=204, responses=documented(400, 404)
)
def delete_contact(
    identifier: str,
    account: TheAccount,
    identifierType: Annotated[str | None, Query()] = None,  # noqa: N803
) -> Response:
    """Delete one contact."""
    with account.database.writing() as connection:
        contact_rows.delete(connection, _found(connection, identifier, identifierType))
    return nothing()


def _update(connection: Connection, contact_id: int, body: ContactChange, account: Account) -> None:
    given = body.identifiers()
    attributes = body.kept(attribute_rows.json_readers(connection, strict_dates=True))
    places.lists_found(connection, [*(body.listIds or ()), *(body.unlinkListIds or ())])
    taken = [
        each.word
        for each, holder in contact_rows.holders(connection, given).items()
        if holder.id != contact_id
    ]
    if taken:
        raise duplicate(taken, code=account.knobs.duplicate_code, verb="update")
    erased = dict.fromkeys(
        each
        for name, each in BY_ATTRIBUTE.items()
        if each is not EMAIL and name in (body.attributes or {}) and each not in given
    )
    _change(connection, contact_id, body, identifiers={**erased, **given}, attributes=attributes)
    connection.executemany(
        "DELETE FROM members WHERE list_id = ? AND contact_id = ?",
        [(list_id, contact_id) for list_id in body.unlinkListIds or ()],
    )


def _change(
    connection: Connection,
    contact_id: int,
    body: ContactBody,
    *,
    identifiers: dict[Identifier, str | None] | dict[Identifier, str],
    attributes: dict[str, Any],
) -> None:
    contact_rows.change(
        connection,
        contact_id,
        identifiers=identifiers,
        attributes=attributes,
        email_blacklisted=body.emailBlacklisted,
        sms_blacklisted=body.smsBlacklisted,
    )
    places.add_members(connection, body.listIds or (), [contact_id])


def _found(connection: Connection, identifier: str, kind: str | None) -> int:
    """Return the id of the contact that a path names.

    :raises Refusal: 400 when the identifier cannot be one of its kind, 404 when no contact has it.
    """
    if kind is None:
        kind = "contact_id" if identifier.isdecimal() else "email_id"
    if kind == "contact_id":
        if not _is_id(identifier):
            raise invalid("Invalid contact id")
        row = connection.execute("SELECT id FROM contacts WHERE id = ?", (int(identifier),)).fetchone()
        if row is None:
            raise _no_contact()
        return int(row["id"])
    if kind not in BY_KIND:
        raise invalid(f"identifierType must be one of contact_id, {', '.join(BY_KIND)}")
    value = BY_KIND[kind].read(identifier)
    if value is None:
        raise invalid("Invalid email address" if kind == "email_id" else "Invalid identifier")
    ((named, value),) = without_phone_only_address({BY_KIND[kind]: value}).items()
    holder = contact_rows.holder(connection, named, value)
    if holder is None:
        raise _no_contact()
    return holder.id


def _is_id(text: str) -> bool:
    # The length first: Python refuses to read a number of thousands of digits.
    return text.isdecimal() and len(text) <= len(str(LARGEST_ID)) and int(text) <= LARGEST_ID


def _batched(connection: Connection, change: BatchChange) -> int | None:
    """Return the id of the contact that one change of a batch names, None when no contact has it."""
    named = [
        (kind, str(value))
        for kind, value in (
            ("contact_id", change.id),
            ("email_id", change.email),
            ("ext_id", change.ext_id),
            ("phone_id", change.sms),
        )
        if value is not None
    ]
    if not named:
        raise missing("Each contact of a batch needs id, email, ext_id or sms")
    try:
        return _found(connection, named[0][1], named[0][0])
    except Refusal as refusal:
        if refusal.status != 404:
            raise
        return None


def _no_contact() -> Refusal:
    return absent("Contact does not exist")
