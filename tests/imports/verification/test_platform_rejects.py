"""The platform's reject reports, joined back to rows: found, not found, and never left out in silence."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.imports.submission.named_rejects import Named, named_in
from email_contacts.imports.verification.platform_rejects import FOUND, NAMELESS, NOT_FOUND, joined, listing


def one(reason: str, **row: str) -> Named:
    """Whom a report of one line names."""
    (named,) = named_in(reason, [row])
    return named


def people(*addresses: str) -> list[dict[str, Any]]:
    return [{"email": address, "attributes": {}} for address in addresses]


@pytest.mark.parametrize(
    ("reason", "row", "attribute", "text"),
    [
        ("invalid_emails", {"row": "3", "value": " a@b "}, "EMAIL", "a@b"),
        ("invalid_emails", {"EMAIL": "a@b", "NAME": "Ada"}, "EMAIL", "a@b"),
        ("invalid_emails", {"NAME": "Ada", "E-mail": "a@b"}, "EMAIL", "a@b"),
        ("duplicate_phone_id", {"EMAIL": "a@b", "SMS": "+49 1"}, "SMS", "+49 1"),
        ("duplicate_phone_id", {"EMAIL": "a@b", "SMS": ""}, "EMAIL", "a@b"),
        ("duplicate_ext_id", {"line": "7", "EXT_ID": "007"}, "EXT_ID", "007"),
        ("duplicate_ext_id", {"line": "7", "value": ""}, "EXT_ID", ""),
        ("duplicate_contact_id", {"id": "12", "Email": "a@b"}, "EMAIL", "a@b"),
        ("duplicate_contact_id", {"row": "1", "value": "12"}, "", "12"),
        ("a_new_reason", {"value": "a@b"}, "", "a@b"),
        ("invalid_emails", {}, "EMAIL", ""),
    ],
)
def test_whom_a_line_names(reason: str, row: dict[str, str], attribute: str, text: str) -> None:
    assert one(reason, **row) == Named(reason, attribute, text)


@pytest.mark.parametrize(
    ("named", "contact"),
    [
        (one("invalid_emails", value="ADA@Example.com"), {"email": "ada@example.com"}),
        (one("invalid_emails", value="ada@example.com"), {"EMAIL": "Ada@example.com", "NAME": "A"}),
        (one("duplicate_phone_id", value="4915100000001"), {"attributes": {"SMS": "+49151 00000001"}}),
        (one("duplicate_phone_id", value="004915100000001"), {"SMS": "+4915100000001"}),
        (one("duplicate_ext_id", value="A-1"), {"ext_id": "A-1"}),
        (one("duplicate_contact_id", value="A-1"), {"EXT_ID": "A-1", "EMAIL": "a@b"}),
        (one("duplicate_whatsapp_id", value="49151"), {"attributes": {"WHATSAPP": "+49151"}}),
    ],
)
def test_a_contact_is_found_though_the_platform_spells_it_otherwise(
    named: Named, contact: dict[str, Any]
) -> None:
    (reject,) = joined([named], [*people("x@y"), contact], [4, 17])
    assert (reject.row, reject.message, reject.rule) == (17, FOUND, named.reason)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (one("invalid_emails", value="b@example.com"), NOT_FOUND),
        (one("duplicate_ext_id", value="a-1"), NOT_FOUND),
        (one("duplicate_phone_id", value="a@example.com"), NOT_FOUND),
        (one("invalid_emails", row="1", value=""), NAMELESS),
    ],
)
def test_what_is_not_found_is_listed_without_a_number(named: Named, message: str) -> None:
    contacts = [{"email": "a@example.com", "ext_id": "A-1", "attributes": {"SMS": "+491"}}]
    (reject,) = joined([named], contacts, [1])
    assert (reject.row, reject.message) == (None, message)


def test_of_several_with_one_number_the_last_are_meant() -> None:
    contacts = [{"attributes": {"SMS": "+491"}} for _ in range(4)]
    named = [one("duplicate_phone_id", value="+491")] * 2
    assert [reject.row for reject in joined(named, contacts, [10, 20, 30, 40])] == [30, 40]
    assert [reject.row for reject in joined(named * 3, contacts, [1, 2, 3, 4])] == [1, 2, 3, 4, None, None]


def test_numbers_that_are_missing_hide_no_reject() -> None:
    rejects = list(joined([one("invalid_emails", value="b@b")], people("a@a", "b@b"), [1]))
    assert [reject.row for reject in rejects] == [None]


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.lists(st.sampled_from("abcdefgh"), max_size=12))
def test_as_many_are_listed_as_were_named(named: list[str], sent: list[str]) -> None:
    refused = [one("invalid_emails", value=f"{name}@x") for name in named]
    numbers = [100 + place for place in range(len(sent))]
    rejects = list(joined(refused, people(*(f"{name}@x" for name in sent)), numbers))
    assert len(rejects) == len(named)
    rows = [reject.row for reject in rejects if reject.row is not None]
    assert len(rows) == len(set(rows))
    for name in set(named):
        found = sum(1 for who, reject in zip(named, rejects, strict=True) if who == name and reject.row)
        assert found == min(named.count(name), sent.count(name))
    for name, reject in zip(named, rejects, strict=True):
        assert reject.row is None or sent[reject.row - 100] == name


def test_a_batch_is_walked_only_where_somebody_is_looked_for() -> None:
    contacts = iter(people("a@b"))
    assert [reject.message for reject in joined([one("invalid_emails")], contacts, [1])] == [NAMELESS]
    assert len(list(contacts)) == 1


def test_the_list_shows_no_identifier() -> None:
    named = [one("invalid_emails", value="ada@example.com"), one("duplicate_ext_id", value='x;"\n1')]
    text = listing(joined(named, people("ada@example.com"), [12])).decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["row", "key", "field", "rule", "message", "value"]
    assert rows[1] == ["12", "", "EMAIL", "invalid_emails", FOUND, "***@***.***"]
    assert rows[2][0] == ""
    assert "ada" not in text
    assert "ada" not in repr(named)
