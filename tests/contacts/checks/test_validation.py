"""The schema of a contact, and that its two evaluators agree on it.

``jsonschema`` is the reference; ``jsonschema-rs`` decides the rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.contacts.checks.validation import ContactValidator, contact_schema
from email_contacts.contacts.column_names import EMAIL
from email_contacts.contacts.mapping.binding import bind
from tests.amount import amount
from tests.contacts.prepared import ACCOUNT

BINDING = bind(
    ["email", "ext_id", "sms", "firstname", "country", "birthday", "points", "newsletter", "interests"],
    source="generated",
    account_attributes=ACCOUNT,
)
REFERENCE = jsonschema.Draft202012Validator(contact_schema(BINDING))
VALIDATOR = ContactValidator(BINDING)
FAST = jsonschema_rs.Draft202012Validator(
    contact_schema(BINDING), pattern_options=jsonschema_rs.RegexOptions()
)


def wrong_attributes(paths: Iterable[Iterable[str | int]]) -> set[str]:
    """Tell from the places of a schema's errors which attributes are wrong.

    :param paths: as evaluators give them: ``["email"]``, ``["attributes", "TAGS", 0]``, or ``[]`` for the
        contact as a whole (no identifier).
    """
    wrong = set()
    for path in paths:
        match tuple(path):
            case ("email", *_):
                wrong.add(EMAIL)
            case ("attributes", str(attribute), *_):
                wrong.add(attribute)
    return wrong


def is_valid(contact: dict[str, Any]) -> bool:
    """Ask both evaluators; they must agree, on the whole and on what is wrong."""
    reference = REFERENCE.is_valid(contact)
    assert VALIDATOR.is_valid(contact) is reference, contact
    assert wrong_attributes(error.instance_path for error in FAST.iter_errors(contact)) == wrong_attributes(
        error.absolute_path for error in REFERENCE.iter_errors(contact)
    )
    return reference


def with_attribute(name: str, value: Any) -> dict[str, Any]:
    return {"email": "a@example.com", "attributes": {name: value}}


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(contact_schema(BINDING))


@pytest.mark.parametrize(
    "email",
    [
        "a@example.com",
        "first.last+tag@mail.example.co.uk",
        "o'neil_{}@x-y.example.org",
        "a@xn--bcher-kva.example",
        "a" * 64 + "@example.com",
        "1@1.example.museum",
    ],
)
def test_addresses(email: str) -> None:
    assert is_valid({"email": email, "attributes": {}})


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "a@b",
        "a@@example.com",
        "a b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "a@-example.com",
        "a@example-.com",
        "a@.com",
        "a@example.c",
        "a@example.123",
        "a@example.com.",
        "A@example.com",
        "jané@example.com",
        "a@bücher.example",
        "a@example.com\n",
        "a@example.com\0",
        "a\n@example.com",
        '"a b"@example.com',
        "a@[127.0.0.1]",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "bbbbbbbbb." * 25 + "com",
    ],
)
def test_what_is_no_address(email: str) -> None:
    assert not is_valid({"email": email, "attributes": {}})


@pytest.mark.parametrize("sms", ["447700900123", "123456", "123456789012345"])
def test_phone_numbers(sms: str) -> None:
    assert is_valid({"attributes": {"SMS": sms}})


@pytest.mark.parametrize(
    "sms", ["12345", "1234567890123456", "0151234567", "+447700900123", "44770090012x", "123456\n", "١٢٣٤٥٦"]
)
def test_what_is_no_phone_number(sms: str) -> None:
    assert not is_valid({"attributes": {"SMS": sms}})


@given(day=st.dates())
def test_every_day_of_the_calendar(day: dt.date) -> None:
    assert is_valid(with_attribute("BIRTHDAY", day.isoformat()))


@given(year=st.integers(0, 9999), month=st.integers(0, 13), day=st.integers(0, 32))
def test_a_date_is_valid_when_the_calendar_has_it(year: int, month: int, day: int) -> None:
    try:
        exists = bool(dt.date(year, month, day))
    except ValueError:
        exists = False
    assert is_valid(with_attribute("BIRTHDAY", f"{year:04d}-{month:02d}-{day:02d}")) is exists


@pytest.mark.parametrize(
    "date", ["1990-1-5", "1990-01-05\n", "19900105", "1990-01-05T00:00", "١٩٩٠-01-05", ""]
)
def test_what_is_no_date(date: str) -> None:
    assert not is_valid(with_attribute("BIRTHDAY", date))


@pytest.mark.parametrize(
    ("attribute", "value", "valid"),
    [
        ("POINTS", 12, True),
        ("POINTS", -0.5, True),
        ("POINTS", 9007199254740991, True),
        ("POINTS", 9007199254740992, False),
        ("POINTS", 1e300, False),
        ("POINTS", "12", False),
        ("POINTS", True, False),
        ("NEWSLETTER", False, True),
        ("NEWSLETTER", 0, False),
        ("COUNTRY", "DE", True),
        ("COUNTRY", "de", False),
        ("INTERESTS", ["books"], True),
        ("INTERESTS", [], False),
        ("INTERESTS", ["books", "books"], False),
        ("INTERESTS", "books", False),
        ("FIRSTNAME", "Zoë\n", True),
        ("FIRSTNAME", "", False),
        ("FIRSTNAME", "a\0b", False),
        ("EXT_ID", "\0", False),
        ("SHOE", "x", False),
    ],
)
def test_values_of_each_type(attribute: str, value: Any, valid: bool) -> None:
    assert is_valid(with_attribute(attribute, value)) is valid


def test_a_contact_needs_an_identifier() -> None:
    assert is_valid({"attributes": {"EXT_ID": "x"}})
    assert not is_valid({"attributes": {"FIRSTNAME": "x"}})
    assert not is_valid({"attributes": {}})
    assert not is_valid({"email": "a@example.com"})


texts = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["\0", "\n", "\r\n", "\u2028", "\x85"]
)
emailish = st.builds(
    "{}{}{}{}".format,
    st.from_regex(r"[a-zé.]{1,6}", fullmatch=True),
    st.sampled_from(["@", "@@", ""]),
    st.sampled_from(["example.com", "x.y", "a-.com", "ü.de"]),
    st.sampled_from(["", "\n", "\0", " ", "\u2028"]),
)
datish = st.from_regex(r"[0-9٠-٩]{3,4}-[0-9]{1,2}-[0-9]{1,2}\n?", fullmatch=True)
digits = st.from_regex(r"\+?[0-9٠-٩]{4,17}\n?", fullmatch=True)
scalars = (
    texts
    | emailish
    | datish
    | digits
    | st.booleans()
    | st.none()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["DE", "FR", "books", "music"])
)
values = scalars | st.lists(scalars, max_size=3)
names = st.sampled_from([column.attribute for column in BINDING.columns] + ["SHOE"])
contacts = st.fixed_dictionaries(
    {"attributes": st.dictionaries(names, values, max_size=5)}, optional={"email": values}
)


@settings(max_examples=amount(600, quick=60), deadline=None)
@given(contact=contacts)
def test_the_evaluators_agree_on_anything(contact: dict[str, Any]) -> None:
    is_valid(contact)


@settings(max_examples=amount(300, quick=30), deadline=None)
@given(cells=st.lists(texts | emailish | datish | digits, min_size=9, max_size=9))
def test_the_evaluators_agree_on_what_rows_become(cells: list[str]) -> None:
    contact = BINDING.reader(text_only=True)(cells)
    if not is_valid(contact):
        wrong = wrong_attributes(error.absolute_path for error in REFERENCE.iter_errors(contact))
        first = next((column.name for column in BINDING.columns if column.attribute in wrong), "")
        assert VALIDATOR.reject(1, "", cells, contact).field == first


def test_a_reject_says_what_is_asked_for() -> None:
    read = BINDING.reader(text_only=True)
    cells = ["a@example.com", "", "", "", "UK", "1990-13-5", "", "", ""]
    reject = VALIDATOR.reject(7, "C-7", cells, read(cells))
    assert (reject.row, reject.key, reject.field, reject.rule, reject.value) == (
        7,
        "C-7",
        "country",
        "category",
        "**",
    )
    assert reject.message == "Give one of: DE, FR, GB."
