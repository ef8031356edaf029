"""A contact as the platform returns it: its identifiers as they are digested, and its opt-outs.

Knows the fields of a contact (api-contract §1.7, §3, §3.1). Identifiers are normalised as the preparation
normalises those of rows, so that both have one digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from email_contacts.contacts.column_names import EMAIL, EXT_ID, PHONES, SMS, WHATSAPP
from email_contacts.contacts.mirror.identity_digests import IdentityDigester
from email_contacts.contacts.snapshot.contact_keys import key_of
from email_contacts.contacts.snapshot.digests import DIGEST
from email_contacts.contacts.snapshot.records import Records, records
from email_contacts.contacts.values import normalising
from email_contacts.contacts.values.phones import phone

# What a contact opted out of, as bits.
OF_EMAIL, OF_SMS, OF_WHATSAPP = 1, 2, 4
_FLAGS = {"smsBlacklisted": OF_SMS, "whatsappBlacklisted": OF_WHATSAPP}
# The platform holds the identifier in another form than the digested one, so that another contact may have
# the same digest: ``1001.0`` and ``1001``. Mirrors of before this bit lack it until their next full sweep.
ALTERED = 1 << 31
# Nothing is left by which an opt-out could be brought to the platform: there is no address, and no number for
# SMS, or it is blocklisted. Mirrors of before this bit lack it, too.
UNREACHABLE = 1 << 30
# One identifier of one contact, and with ``list`` also one list that the contact unsubscribed from.
MIRRORED = np.dtype([*DIGEST.descr, ("flags", "<u4"), ("contact", "<u8"), ("list", "<u4")])
# The address under which a contact with nothing but a phone number is shown.
PHONE_DOMAIN = "@mailin-sms.com"
_PUNCTUATION = re.compile(r"[().-]")


def identity_key(attribute: str, value: str) -> bytes:
    """Write an identifier as it is digested.

    The platform reads an address of its own for a phone number as that number (api-contract §3.1).

    :param value: as the preparation normalises it.
    """
    if attribute != EMAIL:
        return key_of(attribute, value)
    address = value.lower()
    if address.endswith(PHONE_DOMAIN) and (number := _number_of(address)):
        return key_of(SMS, number)
    return key_of(EMAIL, address)


def rows_concern(identifiers: Iterable[str]) -> int:
    """Return which opt-outs forbid to send a row, by the identifiers that it has.

    An opt-out from e-mail always does; one from SMS where the row has a number for SMS or has no address;
    one from WhatsApp where the row has a number for that.
    """
    given = set(identifiers)
    bits = OF_EMAIL
    if SMS in given or EMAIL not in given:
        bits |= OF_SMS
    return bits | OF_WHATSAPP if WHATSAPP in given else bits


def mirrored(contacts: Iterable[Mapping[str, Any]], digester: IdentityDigester) -> Records:
    """Make the records of some contacts.

    :param contacts: as the platform returns them.
    """
    keys: list[bytes] = []
    said: list[tuple[int, int, int]] = []
    for contact in contacts:
        lists = (0, *(contact.get("listUnsubscribed") or ()))
        flags, number = _opt_outs(contact), int(contact["id"])
        for key, is_altered in _altered(contact).items():
            keys += [key] * len(lists)
            said += [(flags | ALTERED * is_altered, number, int(one)) for one in lists]
    digests = digester.keys(keys)
    columns = np.array(said, "<u8").reshape(-1, 3)
    return records(
        MIRRORED, high=digests["high"], low=digests["low"],
        flags=columns[:, 0], contact=columns[:, 1], list=columns[:, 2],
    )  # fmt: skip


def identities(contact: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the identifiers of a contact as they are digested."""
    return (key for key, _ in _identified(contact))


def ways_to_write(contact: Mapping[str, Any]) -> tuple[str, str]:
    """Return the address and the number for SMS of a contact, each empty where it has none.

    An address that the platform made up of a number is that number (api-contract §3.1). Where it is the
    contact's number for WhatsApp or its landline number, it is not one for SMS.
    """
    attributes = contact.get("attributes") or {}
    address = str(contact.get("email") or "")
    made_up_of = _number_of(address.lower())
    others = {_read(str(attributes[name])) for name in PHONES if name != SMS and attributes.get(name)}
    number = attributes.get(SMS) or ("" if _read(made_up_of) in others else made_up_of)
    return "" if made_up_of else address, str(number)


def _altered(contact: Mapping[str, Any]) -> dict[bytes, bool]:
    """Return a contact's identifiers as they are digested, and whether it holds each in other forms only."""
    found: dict[bytes, bool] = {}
    for key, held in _identified(contact):
        found[key] = key != held and found.get(key, True)
    return found


def _identified(contact: Mapping[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the identifiers of a contact as they are digested, and each as the platform holds it.

    Case makes no difference in an address, nor does a ``+`` in front of a number. An address that stands for
    a number is digested as a number for SMS and held as an address: it is made up of a number for WhatsApp or
    of a landline number as well, and whoever has that number for SMS is another contact.
    """
    attributes = contact.get("attributes") or {}
    if address := str(contact.get("email") or attributes.get(EMAIL) or ""):
        # Outside ASCII some letters have the lower case of others.
        held = address.lower() if address.isascii() else address
        yield identity_key(EMAIL, normalising.email(address)), key_of(EMAIL, held)
    if ext_id := attributes.get(EXT_ID) or contact.get("ext_id") or contact.get("extId"):
        yield identity_key(EXT_ID, str(normalising.ext_id(ext_id))), key_of(EXT_ID, str(ext_id))
    for attribute in PHONES:
        if number := attributes.get(attribute):
            held = str(number).removeprefix("+")
            yield identity_key(attribute, _read(str(number))), key_of(attribute, held)


def _read(number: str) -> str:
    """Return the digits of a number; what cannot be read stays as it is."""
    digits = number.strip().removeprefix("+")
    read = str(phone(f"+{digits}"))
    return digits if read.startswith("?") else read


def _opt_outs(contact: Mapping[str, Any]) -> int:
    bits = sum(bit for flag, bit in _FLAGS.items() if contact.get(flag))
    # An address that the platform made up is always blocklisted: nobody opted out of it.
    address = str(contact.get("email") or "").lower()
    is_made_up = bool(_number_of(address))
    if contact.get("emailBlacklisted") and not is_made_up:
        bits |= OF_EMAIL
    has_number = ways_to_write(contact)[1]
    is_reachable = (address and not is_made_up) or (has_number and not bits & OF_SMS)
    return bits if is_reachable else bits | UNREACHABLE


def _number_of(address: str) -> str:
    """Return the number that an address stands for; empty where it is an address like any other."""
    if not address.endswith(PHONE_DOMAIN):
        return ""
    digits = _PUNCTUATION.sub("", address.removesuffix(PHONE_DOMAIN)).removeprefix("+").removeprefix("00")
    return digits if digits.isascii() and digits.isdigit() else ""
