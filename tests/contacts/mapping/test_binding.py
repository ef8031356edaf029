"""Columns bound to attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from email_contacts.contacts import AccountAttribute, Mapping
from email_contacts.contacts.errors import HeaderError, MappingError, NoIdentifierColumn, UnknownColumns
from email_contacts.contacts.mapping.binding import Binding, bind
from tests.contacts.prepared import ACCOUNT


def bound(columns: Sequence[str], mapping: dict[str, Any] | None = None, **options: Any) -> Binding:
    document = None if mapping is None else Mapping.from_json({"columns": mapping})
    return bind(columns, source="people.csv", mapping=document, **options)


def kinds(binding: Binding) -> dict[str, tuple[str, str]]:
    return {column.name: (column.attribute, column.kind) for column in binding.columns}


@pytest.mark.parametrize("name", ["EMAIL", " e-mail", "E Mail", "email_address", "Email-Address "])
def test_the_usual_spellings_of_email(name: str) -> None:
    assert kinds(bound([name])) == {name: ("EMAIL", "email")}


def test_without_a_mapping_names_say_it() -> None:
    assert kinds(bound(["ext-id", "sms", "first name"])) == {
        "ext-id": ("EXT_ID", "ext_id"),
        "sms": ("SMS", "sms"),
        "first name": ("FIRST_NAME", "value"),
    }


def test_the_account_says_the_types() -> None:
    binding = bound(["email", "Birthday", "country"], account_attributes=ACCOUNT)
    assert kinds(binding)["Birthday"] == ("BIRTHDAY", "date")
    assert binding.columns[2].labels == ("DE", "FR", "GB")


def test_the_mapping_says_types_that_the_account_does_not() -> None:
    mapping = {"mail": "EMAIL", "plan": {"attribute": "PLAN", "type": "category", "categories": ["free"]}}
    binding = bound(["plan", "MAIL"], mapping)
    assert kinds(binding) == {"plan": ("PLAN", "category"), "MAIL": ("EMAIL", "email")}
    assert binding.columns[0].labels == ("free",)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["email", " "], r"Column 2 of people\.csv has no name"),
        (["email", "a b", "A-B"], r'has the column "A-B" twice \("a b" and "A-B" count as one name\)'),
        (["email", "E-Mail"], 'both "email" and "E-Mail" become EMAIL'),
    ],
)
def test_headers_that_do_not_say_one_thing(columns: list[str], message: str) -> None:
    with pytest.raises(HeaderError, match=message):
        bound(columns)


def test_no_column_says_who_it_is() -> None:
    with pytest.raises(NoIdentifierColumn) as caught:
        bound(["name", "mail"])
    assert str(caught.value) == (
        "people.csv has no column that says who the contact is: one of EMAIL, EXT_ID or SMS "
        "(api-contract §2.1). Its columns are name, mail. Rename one, or name it in a "
        'mapping: {"columns": {"name": "EMAIL"}}.'
    )


@pytest.mark.parametrize(
    ("columns", "options", "why"),
    [
        (
            ["email", "shoe", "firstname", "hat"],
            {"account_attributes": ACCOUNT},
            "are attributes the account does not have",
        ),
        (["email", "shoe", "hat"], {"mapping": {"email": "EMAIL"}}, "the mapping does not name"),
    ],
)
def test_unknown_columns_fail_by_default_or_are_dropped_by_choice(
    columns: list[str], options: dict[str, Any], why: str
) -> None:
    with pytest.raises(UnknownColumns, match=f"{why}: shoe, hat") as caught:
        bound(columns, **options)
    assert caught.value.columns == ("shoe", "hat")
    assert bound(columns, **options, unknown_columns="drop").dropped == ("shoe", "hat")


def test_a_mapping_that_names_what_is_not_there() -> None:
    with pytest.raises(MappingError, match=r"does not have: mial\. It has mail"):
        bound(["mail"], {"mial": "EMAIL"})


def test_a_mapping_that_contradicts_the_account() -> None:
    with pytest.raises(
        MappingError, match=r"BIRTHDAY \(column \"b\"\) is text, but in the account it is date"
    ):
        bound(
            ["e", "b"],
            {"e": "EMAIL", "b": {"attribute": "BIRTHDAY", "type": "text"}},
            account_attributes=ACCOUNT,
        )


def test_a_mapping_with_labels_that_the_account_does_not_have() -> None:
    country = {"attribute": "COUNTRY", "type": "category", "categories": ["DE", "XX"]}
    with pytest.raises(MappingError, match=r"allows XX for COUNTRY, .* It has DE, FR, GB"):
        bound(["e", "c"], {"e": "EMAIL", "c": country}, account_attributes=ACCOUNT)


@pytest.mark.parametrize("text_only", [True, False])
def test_both_readers_make_the_same_contact(text_only: bool) -> None:
    binding = bound(["interests", "email", "points", "firstname", "birthday"], account_attributes=ACCOUNT)
    read = binding.reader(text_only=text_only)
    assert read([" books|Music ", " A@Example.com", "1", " Zoë ", ""]) == {
        "email": "a@example.com",
        "attributes": {"INTERESTS": ["books", "music"], "POINTS": 1, "FIRSTNAME": "Zoë"},
    }


def test_an_account_attribute_whose_type_nobody_documented() -> None:
    with pytest.raises(ValueError, match='has the type "hologram", which is not documented'):
        AccountAttribute.from_api(name="X", category="normal", type="hologram")


def test_attributes_that_an_import_cannot_set_are_left_out() -> None:
    assert AccountAttribute.from_api(name="X", category="calculated", type="float") is None
    assert AccountAttribute.from_api(name="X", category="category", labels=["a"]) == AccountAttribute(
        "X", "category", ("a",)
    )
