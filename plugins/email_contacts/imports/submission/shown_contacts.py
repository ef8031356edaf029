"""What the platform shows of contacts, found by any of their identifiers.

Must not import Airflow, and keeps, logs and shows no contact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from email_contacts.imports.submission.stored_values import PHONES, digits

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient
    from email_contacts.api.reads import IdentifierType

LIST_PAGE = 500  # api-contract §1.8: the cap of GET /contacts/lists/{id}/contacts

# The platform's word for each attribute that a contact can be looked up by (api-contract §6).
_KINDS: Mapping[str, IdentifierType] = {
    "EMAIL": "email_id",
    "EXT_ID": "ext_id",
    "SMS": "phone_id",
    "WHATSAPP": "whatsapp_id",
    "LANDLINE_NUMBER": "landline_number_id",
}


def as_stored(name: str, identifier: Any) -> str:
    """An identifier as the platform stores it (api-contract §3).

    :param name: its attribute, such as ``EMAIL`` or ``SMS``.
    """
    if name in PHONES:
        return str(digits(identifier))
    return str(identifier).strip().lower() if name == "EMAIL" else str(identifier).strip()


def held_by(contact: Mapping[str, Any]) -> dict[str, Any]:
    """What a contact holds, its identifiers among it, by upper-case attribute."""
    held = {str(name).upper(): value for name, value in (contact.get("attributes") or {}).items()}
    beside = {"EMAIL": contact.get("email"), "EXT_ID": contact.get("ext_id")}
    held |= {name: value for name, value in beside.items() if value}
    return held | {name: as_stored(name, held[name]) for name in _KINDS if held.get(name)}


def modified_on_list(
    client: ContactsClient, list_id: int, *, since: str, most_pages: int
) -> dict[tuple[str, str], Mapping[str, Any]] | None:
    """Walk the contacts of a list that were modified since.

    :param since: ISO 8601.
    :return: contacts by attribute and identifier; None when they have more pages than ``most_pages``.
    """
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for page in range(most_pages):
        contacts = client.list_contacts(
            list_id, limit=LIST_PAGE, offset=page * LIST_PAGE, sort="asc", modified_since=since
        ).items
        for contact in contacts:
            held = held_by(contact)
            found |= {(name, held[name]): contact for name in _KINDS if held.get(name)}
        if len(contacts) < LIST_PAGE:
            return found
    return None


def looked_up(client: ContactsClient, identifiers: Mapping[str, str]) -> Mapping[str, Any]:
    """Ask for one contact by its identifiers in turn; an empty one where the platform knows none of them.

    :raises email_contacts.api.RouteMissing: when the platform cannot look up single contacts.
    """
    asked = (_contact(client, name, identifier) for name, identifier in identifiers.items())
    return next((contact for contact in asked if contact), {})


def _contact(client: ContactsClient, name: str, identifier: str) -> Mapping[str, Any] | None:
    from email_contacts.api import NotFound, RouteMissing

    try:
        return client.get_contact(identifier, identifier_type=_KINDS[name])
    except RouteMissing:
        raise
    except NotFound:
        return None


def is_since(instant: Any, since: str) -> bool:
    """Whether an instant that the platform shows is not before another one.

    Compared as exactly as the platform writes: to the millisecond, or to the second.
    """
    from email_contacts.api.timestamps import parse

    try:
        shown = parse(str(instant))
    except ValueError:
        return False
    sent_at = datetime.fromisoformat(since)
    return shown >= (sent_at if "." in str(instant) else sent_at.replace(microsecond=0))
