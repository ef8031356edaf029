"""What a contact of the account is, in the mirror: its identifiers, and its opt-outs."""

from __future__ import annotations

from typing import Any

import pytest

from email_contacts.contacts.mirror.account_contacts import (
    ALTERED,
    OF_EMAIL,
    OF_SMS,
    OF_WHATSAPP,
    identity_key,
    mirrored,
    rows_concern,
    ways_to_write,
)
from email_contacts.contacts.mirror.identity_digests import IdentityDigester
from tests.contacts.mirror.accounts import contact

DIGESTER = IdentityDigester("mirror")


def digests(*keys: bytes) -> set[tuple[int, int]]:
    return {(int(one["high"]), int(one["low"])) for one in DIGESTER.keys(keys)}


def identifiers(made: dict[str, Any]) -> set[tuple[int, int]]:
    return {(int(one["high"]), int(one["low"])) for one in mirrored([made], DIGESTER)}


def test_all_its_identifiers_are_there_as_a_row_would_have_them() -> None:
    made = contact(
        7, " Ann@Example.COM ", EXT_ID=1001, SMS="4915123456789", WHATSAPP="+4915123456788",
        LANDLINE_NUMBER="49301234567", FIRSTNAME="Ann",
    )  # fmt: skip
    assert identifiers(made) == digests(
        identity_key("EMAIL", "ann@example.com"),
        identity_key("EXT_ID", "1001"),
        identity_key("SMS", "4915123456789"),
        identity_key("WHATSAPP", "4915123456788"),
        identity_key("LANDLINE_NUMBER", "49301234567"),
    )


@pytest.mark.parametrize(
    "address",
    ["4915123456789@mailin-sms.com", "+49-151-23456789@MAILIN-SMS.com", "004915123456789@mailin-sms.com"],
)
def test_an_address_that_stands_for_a_number_is_that_number(address: str) -> None:
    assert identity_key("EMAIL", address) == identity_key("SMS", "4915123456789")
    made = contact(1, address, emailBlacklisted=True, SMS="4915123456789")
    (record,) = mirrored([made], DIGESTER)
    assert record["flags"] == 0  # the platform blocklists it; nobody opted out


def test_a_number_that_is_none_is_still_somebodys() -> None:
    assert len(mirrored([contact(1, SMS="12")], DIGESTER)) == 1


@pytest.mark.parametrize(
    ("said", "bits"),
    [
        ({}, 0),
        ({"emailBlacklisted": True}, OF_EMAIL),
        ({"smsBlacklisted": True}, OF_SMS),
        ({"whatsappBlacklisted": True}, OF_WHATSAPP),
        ({"emailBlacklisted": True, "smsBlacklisted": True}, OF_EMAIL | OF_SMS),
    ],
)
def test_what_it_opted_out_of(said: dict[str, Any], bits: int) -> None:
    (record,) = mirrored([contact(1, "a@example.com", **said)], DIGESTER)
    assert (record["flags"], record["contact"], record["list"]) == (bits, 1, 0)


@pytest.mark.parametrize(
    ("made", "altered"),
    [
        (contact(1, "a@example.com", EXT_ID="1001", SMS="4915123456789"), [0, 0, 0]),
        (contact(1, "A@Example.com", EXT_ID=1001, SMS="+4915123456789"), [0, 0, 0]),
        (contact(1, " a@example.com"), [ALTERED]),
        (contact(1, "mailto:a@example.com"), [ALTERED]),
        (contact(1, "\N{KELVIN SIGN}@example.com"), [ALTERED]),  # its lower case is that of a K
        (contact(1, "m\xfcller@example.com"), [0]),
        (contact(1, EXT_ID="1001.0"), [ALTERED]),
        (contact(1, EXT_ID=1001.0), [ALTERED]),
        (contact(1, SMS="4901511234567"), [ALTERED]),
        (contact(1, SMS="49 1511234567"), [ALTERED]),
        (contact(1, SMS="12"), [0]),
        (contact(1, "4915123456789@mailin-sms.com", SMS="4915123456789"), [0]),
        (contact(1, "4915123456789@mailin-sms.com"), [ALTERED]),
        (contact(1, "4915123456789@mailin-sms.com", WHATSAPP="4915123456789"), [ALTERED, 0]),
        (contact(1, "4915123456789@mailin-sms.com", LANDLINE_NUMBER="4915123456789"), [ALTERED, 0]),
    ],
)
def test_what_another_contact_may_hold_in_another_form_is_marked(
    made: dict[str, Any], altered: list[int]
) -> None:
    assert (mirrored([made], DIGESTER)["flags"] & ALTERED).tolist() == altered


MADE_UP = "4915123456789@mailin-sms.com"


@pytest.mark.parametrize(
    ("made", "ways"),
    [
        (contact(1, "a@example.com", SMS="4915123456789"), ("a@example.com", "4915123456789")),
        (contact(1, "a@example.com", WHATSAPP="4915123456789"), ("a@example.com", "")),
        (contact(1, MADE_UP), ("", "4915123456789")),
        (contact(1, MADE_UP, SMS="4915123456789"), ("", "4915123456789")),
        (contact(1, MADE_UP, SMS="4915123456789", WHATSAPP="4915123456789"), ("", "4915123456789")),
        (contact(1, MADE_UP, WHATSAPP="4915123456780"), ("", "4915123456789")),
        (contact(1, MADE_UP, WHATSAPP="4915123456789"), ("", "")),
        (contact(1, MADE_UP, WHATSAPP="+4915123456789"), ("", "")),
        (contact(1, MADE_UP, LANDLINE_NUMBER="49015123456789"), ("", "")),
        (contact(1, EXT_ID="X"), ("", "")),
    ],
)
def test_how_it_can_be_written_to(made: dict[str, Any], ways: tuple[str, str]) -> None:
    assert ways_to_write(made) == ways


def test_each_list_that_it_unsubscribed_from_is_a_record_of_each_identifier() -> None:
    made = mirrored([contact(1, "a@example.com", EXT_ID="X", listUnsubscribed=[7, 9])], DIGESTER)
    assert sorted(made["list"].tolist()) == [0, 0, 7, 7, 9, 9]


def test_a_contact_without_attributes_and_one_without_identifiers() -> None:
    assert len(mirrored([{"id": 1, "email": "a@example.com"}, {"id": 2, "attributes": None}], DIGESTER)) == 1


@pytest.mark.parametrize(
    ("given", "bits"),
    [
        (["EMAIL"], OF_EMAIL),
        (["EMAIL", "SMS"], OF_EMAIL | OF_SMS),
        (["SMS"], OF_EMAIL | OF_SMS),
        (["EXT_ID"], OF_EMAIL | OF_SMS),
        (["EMAIL", "WHATSAPP"], OF_EMAIL | OF_WHATSAPP),
    ],
)
def test_which_opt_outs_forbid_to_send_a_row(given: list[str], bits: int) -> None:
    assert rows_concern(given) == bits
