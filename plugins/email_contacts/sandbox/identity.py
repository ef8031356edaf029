"""Identifiers: what makes two rows the same contact, and which contact a row with several of them means.

The account holds each identifier at most once (api-contract §3). Knows no SQL and no HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

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

IDENTIFIERS = (EXT_ID, EMAIL, SMS, WHATSAPP, LANDLINE)
"""By rank: the first that belongs to a contact decides which one a row updates (api-contract §3.1)."""
PHONES = (SMS, WHATSAPP, LANDLINE)
PHONE_DOMAIN = "@mailin-sms.com"

BY_ATTRIBUTE: Mapping[str, Identifier] = {each.attribute: each for each in IDENTIFIERS}
BY_KIND: Mapping[str, Identifier] = {each.kind: each for each in IDENTIFIERS}

REASONS = (
    *("invalid_emails", "duplicate_contact_id"),
    *(each.reason for each in (EMAIL, EXT_ID, SMS, WHATSAPP, LANDLINE)),
)
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


@dataclass(frozen=True)
class Resolution(Generic[AnyHolder]):
    """The contact that a row means.

    :param meant: the contact, None for a new one.
    :param clashes: the row's identifiers that belong to somebody else, in their rank.
    :param linked: those others, once each.
    :param is_rename: whether the row gives the contact another address than it has.
    """

    meant: AnyHolder | None
    clashes: Sequence[Identifier] = ()
    linked: Sequence[AnyHolder] = ()
    is_rename: bool = False


def resolved(
    given: Mapping[Identifier, str], holders: Mapping[Identifier, AnyHolder]
) -> Resolution[AnyHolder]:
    """Decide which contact a row means: the holder of its highest-ranking identifier that anybody holds.

    :param given: the row's identifiers.
    :param holders: the present holder of each identifier that is taken.
    """
    if not holders:
        return Resolution(None)
    meant = next(holders[each] for each in IDENTIFIERS if each in holders)
    clashes = [each for each in IDENTIFIERS if each in holders and holders[each].id != meant.id]
    linked = {holders[each].id: holders[each] for each in clashes}
    is_rename = EMAIL in given and EMAIL not in holders and meant.email is not None
    return Resolution(meant, clashes, list(linked.values()), is_rename)


def phone_only_address(given: Mapping[Identifier, str | None]) -> str | None:
    """The address under which a contact with phone numbers and no address is shown (api-contract §3.1)."""
    number = None if given.get(EMAIL) else next((given[each] for each in PHONES if given.get(each)), None)
    return number and number + PHONE_DOMAIN


def without_phone_only_address(given: dict[Identifier, str]) -> dict[Identifier, str]:
    """Read such an address as what it stands for: the number, unless a number is also given."""
    address = given.get(EMAIL, "")
    number = values.phone(address.removesuffix(PHONE_DOMAIN)) if address.endswith(PHONE_DOMAIN) else None
    if number is None:
        return given
    others = {each: value for each, value in given.items() if each is not EMAIL}
    return {SMS: number, **others}
