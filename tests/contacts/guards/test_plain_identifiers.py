"""Identifiers of many contacts at once: those that are read are the same as one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.contacts.batches.contact_bytes import Chosen, Contacts
from email_contacts.contacts.batches.forms import CsvText, Form, JsonBody
from email_contacts.contacts.column_names import IDENTIFIERS, LANDLINE
from email_contacts.contacts.guards.looking_up import concern_of
from email_contacts.contacts.guards.plain_identifiers import plain_reader
from email_contacts.contacts.mirror.account_contacts import identity_key, rows_concern
from email_contacts.contacts.snapshot.contact_keys import identifier_reader, key_of
from tests.amount import amount

# What could be taken for an identifier, or for its end.
PIECES = ['"', "\\", ";", "\n", '"EXT_ID":"X9', '{"email":"b@example.com', '\\"', "Zoë", "X1", " ", ""]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
ADDRESSES = st.sampled_from(
    ["a@example.com", "A@Example.com", "zoë@example.com", "o'b+c@example.com", "4915123@mailin-sms.com"]
)
CONTACTS = st.fixed_dictionaries(
    {
        "email": st.none() | ADDRESSES,
        "FIRSTNAME": TEXTS,
        "EXT_ID": st.none() | st.sampled_from(["X1", "x;1", 'x"1', "x\\1", "ö", "4915123"]),
        "SMS": st.none() | st.just("4915123"),
        "WHATSAPP": st.none() | st.just("4915123"),
        "INTERESTS": st.lists(TEXTS.filter(bool), max_size=2),
    }
)
HEADER = ("FIRSTNAME", "EMAIL", "EXT_ID", "SMS", "INTERESTS", "WHATSAPP")
FORMS: dict[str, Form] = {
    "json_body": JsonBody((("COUNTRY", "DE"),)),
    "file_body": CsvText(HEADER, {"COUNTRY": "DE"}, is_in_json=True),
    "file_url": CsvText(HEADER, {"COUNTRY": "DE"}),
}


def written(form: Form, some: list[dict[str, Any]]) -> Chosen:
    """Write contacts, and choose all but each fourth."""
    lines = [
        form.row(
            {
                **({"email": one["email"]} if one["email"] else {}),
                "attributes": {key: value for key, value in one.items() if key != "email" and value},
            }
        )
        for one in some
    ]
    lengths = np.array([len(line) for line in lines], "<u4")
    return Contacts([b"".join(lines)], lengths, np.arange(len(lines)) + 1).only(np.arange(len(lines)) % 4 < 3)


@pytest.mark.parametrize("body", FORMS)
@settings(deadline=None, max_examples=amount(300, quick=40))
@given(some=st.lists(CONTACTS, max_size=12))
def test_what_is_read_at_once_is_what_is_read_one_by_one(body: str, some: list[dict[str, Any]]) -> None:
    form = FORMS[body]
    chosen = written(form, some)
    one_by_one = list(identifier_reader(body, form.head)(chosen.each()))
    plain = plain_reader(body, form.head, set(IDENTIFIERS) - {LANDLINE})(chosen)
    read: list[dict[str, bytes]] = [{} for _ in one_by_one]
    for name, (places, values) in plain.columns.items():
        for place, value in zip(places.tolist(), values, strict=True):
            read[place][name] = key_of(name, value)
    expected = [{name: identity_key(name, value) for name, value in one.items()} for one in one_by_one]
    assert read == [one if here else {} for one, here in zip(expected, plain.is_plain, strict=True)]
    concerns = [rows_concern(one) for one, here in zip(one_by_one, plain.is_plain, strict=True) if here]
    assert concern_of(plain)[plain.is_plain].tolist() == concerns


@pytest.mark.parametrize("body", FORMS)
def test_an_ordinary_contact_is_read_at_once(body: str) -> None:
    contact = {"email": "a@example.com", "FIRSTNAME": "Zoë", "EXT_ID": "X1", "SMS": None, "INTERESTS": ["a"]}
    chosen = written(FORMS[body], [contact] * 3)
    plain = plain_reader(body, FORMS[body].head, IDENTIFIERS)(chosen)
    assert plain.is_plain.all()
    assert plain.columns["EXT_ID"][1].to_list() == ["X1"] * 3


@pytest.mark.parametrize("address", ["zoë@example.com", "4915123@mailin-sms.com", "4915123@MAILIN-SMS.COM"])
@pytest.mark.parametrize("body", FORMS)
def test_an_address_that_is_not_digested_as_it_stands_is_left_to_the_other_reader(
    body: str, address: str
) -> None:
    contacts = [{"email": one, "EXT_ID": "X1"} for one in (address, "a@example.com")]
    plain = plain_reader(body, FORMS[body].head, IDENTIFIERS)(written(FORMS[body], contacts))
    assert plain.is_plain.tolist() == [False, True]
    assert [places.tolist() for places, _ in plain.columns.values() if len(places)] == [[1], [1]]
