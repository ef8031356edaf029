"""Columns bound to attributes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import AccountAttribute, Mapping
from email_contacts.contacts.errors import HeaderError, MappingError, NoIdentifierColumn, UnknownColumns
from email_contacts.contacts.mapping.binding import Binding, bind
from tests.contacts.prepared import ACCOUNT


def bound(columns: Sequence[str], mapping: dict[str, Any] | None = None, **options: Any) -> Binding:
    document = None if mapping is None else Mapping.from_json({"columns": mapping})
    return bind(columns, source="people.csv", mapping=document, **options)


def document(**settings: Any) -> Mapping:
    return Mapping.from_json({"columns": {"mail": "EMAIL"}} | settings)


def kinds(binding: Binding) -> dict[str, tuple[str, str]]:
    return {column.name: (column.attribute, column.kind) for column in binding.columns}


@pytest.mark.parametrize("name", ["EMAIL", " e-mail", "E Mail", "email_address", "Email-Address "])
def test_the_usual_spellings_of_email(name: str) -> None:
    assert kinds(bound([name])) == {name: ("EMAIL", "email")}


def test_without_a_mapping_names_say_it() -> None:
    assert kinds(bound(["ext-id", "sms", "first name"])) == {
        "ext-id": ("EXT_ID", "ext_id"),
        "sms": ("SMS", "phone"),
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
        (["email", "a b", "A-B"], r'Columns 2 and 3 .* same name: "a b" and "A-B" count as one name'),
        (["Jane", "JANE"], r"Columns 1 and 2 of people\.csv have the same name\. Rename"),
        (["email", "E-Mail"], 'both "email" and "E-Mail" become EMAIL'),
    ],
)
def test_headers_that_do_not_say_one_thing(columns: list[str], message: str) -> None:
    with pytest.raises(HeaderError, match=message):
        bound(columns)


def test_no_column_says_who_it_is() -> None:
    with pytest.raises(NoIdentifierColumn) as caught:
        bound(["name", "city"])
    assert str(caught.value) == (
        "people.csv has no column that says who the contact is: one of EMAIL, EXT_ID, SMS, WHATSAPP, "
        "LANDLINE_NUMBER (api-contract §2.1). Its columns: name, city. Rename one, or name it in a "
        'mapping: {"columns": {"name of the column": "EMAIL"}}.'
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
    with pytest.raises(MappingError, match=r"XX are not options of COUNTRY .* It has DE, FR, GB"):
        bound(["e", "c"], {"e": "EMAIL", "c": country}, account_attributes=ACCOUNT)


def test_refusals_that_come_with_the_source_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(
        "columns:\n  mail: EMAIL\n  shoe: SHOE\n  b:\n    attribute: BIRTHDAY\n    type: text\n"
        "constants:\n  HAT: 1\nkey: id\n"
    )
    mapping = Mapping.read(path)
    for columns, options, message in (
        (
            ["mail", "b", "id"],
            {},
            "in line 3, at columns → shoe: it names columns that s does not have: shoe. It",
        ),
        (["mail", "shoe", "b"], {}, "in line 9, at key: it names columns that s does not have: id. It has"),
        (
            ["mail", "shoe", "b", "id"],
            {"account_attributes": ACCOUNT},
            "in line 6, at columns → b → type: BIRTH",
        ),
        (
            ["mail", "shoe", "b", "id", "cap"],
            {"account_attributes": (AccountAttribute("BIRTHDAY"),)},
            "s has columns that the mapping does not name: cap. The mapping fills attributes that the "
            "account does not have: SHOE in line 3, HAT in line 8. Map them",
        ),
    ):
        with pytest.raises(MappingError) as caught:
            bind(columns, source="s", mapping=mapping, **options)
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "  p:\n    attribute: POINTS\n    default: x\n",
            "line 5, at columns → p → default: POINTS takes a num",
        ),
        (
            "  p:\n    attribute: COUNTRY\n    default: x\n",
            "line 5, at columns → p → default: COUNTRY takes one",
        ),
        (
            "  p: TEXT\nconstants:\n  A: 1\n  POINTS: x\n",
            "line 6, at constants → POINTS: POINTS takes a number",
        ),
        (
            "  p:\n    attribute: COUNTRY\n    type: category\n    categories:\n      1: DE\n      2: XX\n",
            "line 6, at columns → p → categories: XX are not options of COUNTRY",
        ),
        (
            "  p:\n    attribute: INTERESTS\n    type: multiple_choice\n    options: [x]\n",
            "line 6, at columns → p → options: x are not options of INTERESTS",
        ),
    ],
)
def test_values_that_the_account_refuses_name_the_line(tmp_path: Path, written: str, message: str) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(f"columns:\n  mail: EMAIL\n{written}", encoding="utf-8")
    account = (*ACCOUNT, AccountAttribute("TEXT"), AccountAttribute("A"))
    with pytest.raises(MappingError) as caught:
        bind(["mail", "p"], source="s", mapping=Mapping.read(path), account_attributes=account)
    assert message in str(caught.value)


def test_the_key_is_a_column_that_may_lead_nowhere() -> None:
    binding = bind(["id", "mail"], source="s", mapping=document(key="ID"))
    assert (binding.key_place, binding.dropped) == (0, ())
    assert [column.name for column in binding.columns] == ["mail"]
    mapped = bind(
        ["mail", "id"],
        source="s",
        mapping=document(columns={"id": "EXT_ID"}, key="id"),
        unknown_columns="drop",
    )
    assert (mapped.key_place, mapped.dropped) == (1, ("mail",))
    assert bind(["mail"], source="s", mapping=document()).key_place is None


def test_numbers_without_country_code_are_of_the_region() -> None:
    columns = {"a": {"attribute": "SMS", "region": "DE"}}
    read = bound(["a"], columns).reader(text_only=True)
    assert read(["0151 23456789"]) == {"attributes": {"SMS": "4915123456789"}}


@pytest.mark.parametrize("text_only", [True, False])
def test_both_readers_make_the_same_contact(text_only: bool) -> None:
    binding = bound(["interests", "email", "points", "firstname", "birthday"], account_attributes=ACCOUNT)
    read = binding.reader(text_only=text_only)
    assert read([" books|Music ", " A@Example.com", "1", " Zoë ", ""]) == {
        "email": "a@example.com",
        "attributes": {"INTERESTS": ["books", "music"], "POINTS": 1, "FIRSTNAME": "Zoë"},
    }


def test_a_type_that_nobody_documented_matters_only_for_what_fills_it() -> None:
    logo = AccountAttribute.from_api(name="LOGO", category="normal", type="image")
    assert logo is not None
    account = (*ACCOUNT, logo)
    assert kinds(bound(["email", "firstname"], account_attributes=account))["firstname"][0] == "FIRSTNAME"
    with pytest.raises(UnknownColumns, match=r'not documented \(api-contract §3\): LOGO \("image"\)\. Map'):
        bound(["email", "logo"], account_attributes=account)
    assert bound(["email", "logo"], account_attributes=account, unknown_columns="drop").dropped == ("logo",)


def test_attributes_that_an_import_cannot_set_are_left_out() -> None:
    assert AccountAttribute.from_api(name="X", category="calculated", type="float") is None
    assert AccountAttribute.from_api(name="X", category="category", labels=["a"]) == AccountAttribute(
        "X", "category", ("a",)
    )
