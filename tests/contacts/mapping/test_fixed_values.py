"""Defaults for empty cells, and constants for every contact."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from email_contacts.contacts import Mapping
from email_contacts.contacts.checks.validation import ContactValidator, contact_schema
from email_contacts.contacts.errors import MappingError, UnknownColumns
from email_contacts.contacts.mapping.binding import Binding, bind
from tests.contacts.mapping.test_binding import bound, document
from tests.contacts.prepared import ACCOUNT

COLUMNS = {
    "mail": "EMAIL",
    "name": {"attribute": "FIRSTNAME", "default": " friend "},
    "land": {"attribute": "COUNTRY", "default": "de"},
    "points": {"attribute": "POINTS", "default": "5"},
    "news": {"attribute": "NEWSLETTER", "type": "boolean", "booleans": {"true": ["ja"]}, "default": "ja"},
}


@pytest.mark.parametrize("text_only", [True, False])
def test_empty_cells_become_the_default_and_every_contact_gets_the_constants(text_only: bool) -> None:
    mapping = Mapping.from_json(
        {"columns": COLUMNS, "constants": {"Interests": ["Books", "music"], "BIRTHDAY": "2020-02-29T10:00"}}
    )
    binding = bind(
        ["points", "mail", "land", "name", "news"],
        source="people.csv",
        mapping=mapping,
        account_attributes=ACCOUNT,
    )
    constants = {"INTERESTS": ["books", "music"], "BIRTHDAY": "2020-02-29"}
    assert binding.constants == tuple(constants.items())
    read = binding.reader(text_only=text_only)
    defaults = {"POINTS": 5, "COUNTRY": "DE", "FIRSTNAME": "friend", "NEWSLETTER": True}
    found = read([" ", "A@example.com", "", "", ""])
    assert found == {"email": "a@example.com", "attributes": defaults | constants}
    assert list(found["attributes"]) == [*defaults, *constants]
    assert read(["0", "", "fr", "Zoë", "no"]) == {
        "attributes": {"POINTS": 0, "COUNTRY": "FR", "FIRSTNAME": "Zoë", "NEWSLETTER": False} | constants
    }
    assert is_valid(binding, found)
    # Neither defaults nor constants say who a contact is.
    assert not is_valid(binding, read(["", "", "", "", ""]))


def is_valid(binding: Binding, contact: dict[str, Any]) -> bool:
    verdict = ContactValidator(binding).is_valid(contact)
    assert jsonschema.Draft202012Validator(contact_schema(binding)).is_valid(contact) is verdict
    return verdict


def test_the_type_of_a_constant_that_no_account_is_asked_for_is_json_s() -> None:
    mapping = document(constants={"A": "5", "B": 5, "C": False, "D": ["x"], "E": " x "})
    assert bind(["mail"], source="s", mapping=mapping).constants == (
        ("A", "5"),
        ("B", 5),
        ("C", False),
        ("D", ["x"]),
        ("E", "x"),
    )


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ({"POINTS": "many"}, "constants → POINTS: POINTS takes a number such as 12"),
        ({"POINTS": True}, "constants → POINTS: POINTS takes a number such as 12"),
        ({"birthday": "2023-02-30"}, "constants → birthday: BIRTHDAY takes a day of the calendar"),
        ({"NEWSLETTER": "maybe"}, "NEWSLETTER takes true or false"),
        ({"COUNTRY": "XX"}, "COUNTRY takes one of DE, FR, GB"),
        ({"INTERESTS": ["books", "x"]}, "INTERESTS takes any of books, music"),
        ({"FIRSTNAME": " "}, "FIRSTNAME takes text"),
        ({"FIRSTNAME": 1.5}, "FIRSTNAME takes text"),
    ],
)
def test_a_constant_is_judged_as_a_cell_is(constants: dict[str, Any], message: str) -> None:
    with pytest.raises(MappingError, match=message):
        bind(["mail"], source="s", mapping=document(constants=constants), account_attributes=ACCOUNT)


@pytest.mark.parametrize("default", ["many", "", True, ["1"]])
def test_a_default_is_judged_as_a_cell_is(default: Any) -> None:
    columns = {"mail": "EMAIL", "p": {"attribute": "POINTS", "type": "number", "default": default}}
    with pytest.raises(MappingError, match=r"columns → p → default: POINTS takes a number such as 12"):
        bound(["mail", "P"], columns)


def test_a_constant_that_the_account_does_not_have_is_never_lost_silently() -> None:
    mapping = document(constants={"shoe": 1, "POINTS": 2})
    with pytest.raises(UnknownColumns, match=r"attributes that the account does not have: shoe\. ") as caught:
        bind(["mail"], source="s", mapping=mapping, account_attributes=ACCOUNT)
    assert caught.value.columns == ("shoe",)
    binding = bind(["mail"], source="s", mapping=mapping, account_attributes=ACCOUNT, unknown_columns="drop")
    assert binding.dropped == ("shoe",)
    assert binding.constants == (("POINTS", 2),)
