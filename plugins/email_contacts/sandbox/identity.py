"""Identifiers: what makes two rows the same contact, and whom a row with several of them means.

The account holds each identifier at most once (api-contract §3). Knows no SQL and no HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from email_contacts.sandbox import values


@dataclass(frozen=True, eq=False)
class Identifier:
    """One kind of identifier; each is one object, compared and hashed as such.

    :param column: its column of the contacts table.
    :param attribute: its name among the attributes and as a header of an import.
    :param word: how ``metadata.duplicate_identifiers`` calls it.
    :param kind: its ``identifierType`` in a path.
    :param reason: the key of ``info.import`` that counts its clashes.
    :param read: normalises a given value, None when it is not valid.
    """

    column: str
    attribute: str
    word: str
    kind: str
    reason: str
    read: Callable[[Any], str | None]


EMAIL = Identifier("email", "EMAIL", "email", "email_id", "duplicate_email_id", values.email)
EXT_ID = Identifier("ext_id", "EXT_ID", "ext_id", "ext_id", "duplicate_ext_id", values.name)
SMS = Identifier("sms", "SMS", "SMS", "phone_id", "duplicate_phone_id", values.phone)
WHATSAPP = Identifier(
    "whatsapp", "WHATSAPP", "WHATSAPP", "whatsapp_id", "duplicate_whatsapp_id", values.phone
)
LANDLINE = Identifier(
    "landline",
    "LANDLINE_NUMBER",
    "LANDLINE_NUMBER",
    "landline_number_id",
    "duplicate_landline_number_id",
    values.phone,
)

IDENTIFIERS = (EMAIL, EXT_ID, SMS, WHATSAPP, LANDLINE)
"""In the order in which they decide whom a row means [?]."""

BY_ATTRIBUTE: Mapping[str, Identifier] = {each.attribute: each for each in IDENTIFIERS}
BY_KIND: Mapping[str, Identifier] = {each.kind: each for each in IDENTIFIERS}

REASONS = ("invalid_emails", "duplicate_contact_id", *(each.reason for each in IDENTIFIERS))
"""The keys of ``info.import`` (api-contract §2.3)."""


class Holder(Protocol):
    """A contact as far as identity goes."""

    @property
    def id(self) -> int:
        """Its id."""

    @property
    def email(self) -> str | None:
        """Its address, if it has one."""


AnyHolder = TypeVar("AnyHolder", bound=Holder)


def resolved(
    given: Mapping[Identifier, str], holders: Mapping[Identifier, AnyHolder]
) -> tuple[AnyHolder | None, list[Identifier]]:
    """Decide which contact a row means, and which of its identifiers stand in the way.

    :param given: the row's identifiers.
    :param holders: the present holder of each identifier that is taken.
    :return: the contact meant (None: a new one) and the identifiers that belong to somebody else.
    """
    if not holders:
        return None, []
    meant = next(holders[each] for each in IDENTIFIERS if each in holders)
    clashes = [each for each in IDENTIFIERS if each in holders and holders[each].id != meant.id]
    if EMAIL in given and EMAIL not in holders and meant.email is not None:
        # Found by another identifier, yet it has an address of its own: taking the row for a change of
        # address would let a typing error in an id rename a stranger.
        clashes.extend(each for each in holders if each not in clashes)
    return meant, clashes
