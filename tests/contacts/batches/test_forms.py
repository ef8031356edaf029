"""The forms in which contacts are sent."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts import Mapping, Options, prepare
from email_contacts.contacts.batches.forms import CsvText, Form, form_of
from email_contacts.contacts.choices import BODIES, FILE_BODY, FILE_URL, JSON_BODY
from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.mapping.binding import Binding, bind
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import ACCOUNT, Prepared

COLUMNS = ("email", "ext_id", "firstname", "points", "newsletter", "interests")
CONTACT = {
    "email": "a@example.com",
    "attributes": {
        "EXT_ID": "C-1",
        "FIRSTNAME": "Zoë",
        "POINTS": 12.5,
        "NEWSLETTER": True,
        "INTERESTS": ["a", "b"],
    },
}


def binding(**options: Any) -> Binding:
    return bind(COLUMNS, source="generated", account_attributes=ACCOUNT, **options)


def body_of(form: Form, *contacts: dict[str, Any]) -> bytes:
    """Put contacts together as a body is."""
    rows = b"".join(map(form.row, contacts))
    return form.head + (rows[: -len(form.separator)] if form.tail else rows) + form.tail


def test_json_body() -> None:
    form = form_of(JSON_BODY, binding())
    assert (
        form.row(CONTACT)
        == (
            '{"email":"a@example.com","attributes":{"EXT_ID":"C-1","FIRSTNAME":"Zoë","POINTS":12.5,"NEWSLETTER":true,'
            '"INTERESTS":["a","b"]}},'
        ).encode()
    )
    assert json.loads(body_of(form, CONTACT, CONTACT)) == [CONTACT, CONTACT]


def test_file_body_is_a_json_string_that_holds_a_csv() -> None:
    form = form_of(FILE_BODY, binding())
    assert form.row(CONTACT) == "a@example.com;C-1;Zoë;12.5;Yes;a,b\\n".encode()
    assert json.loads(body_of(form, CONTACT, {"attributes": {"EXT_ID": "C-2", "NEWSLETTER": False}})) == (
        "EMAIL;EXT_ID;FIRSTNAME;POINTS;NEWSLETTER;INTERESTS\na@example.com;C-1;Zoë;12.5;Yes;a,b\n;C-2;;;No;"
    )


def test_file_url_is_a_csv() -> None:
    form = form_of(FILE_URL, binding())
    assert body_of(form, CONTACT).decode() == (
        "EMAIL;EXT_ID;FIRSTNAME;POINTS;NEWSLETTER;INTERESTS\na@example.com;C-1;Zoë;12.5;Yes;a,b\n"
    )


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a;b", '"a;b"'),
        ('say "hi"', '"say ""hi"""'),
        ("two\nlines", '"two\nlines"'),
        ("two\rlines", '"two\rlines"'),
        ("a,b", "a,b"),
        ("a\\b", "a\\b"),
        ("a\tb", "a\tb"),
    ],
)
def test_cells_are_quoted_where_they_have_to_be(text: str, cell: str) -> None:
    contact = {"email": "a@example.com", "attributes": {"FIRSTNAME": text}}
    lines = form_of(FILE_URL, binding()).row(contact).decode()
    assert lines == f"a@example.com;;{cell};;;\n"
    within = form_of(FILE_BODY, binding()).row(contact)
    assert json.loads(b'"' + within + b'"') == lines


def test_constants_are_in_every_contact() -> None:
    mapping = Mapping.from_json(
        {
            "columns": {name: name for name in COLUMNS[:-1]} | {"interests": "INTERESTS"},
            "constants": {"COUNTRY": "DE", "BIRTHDAY": "2000-02-29"},
        }
    )
    bound = binding(mapping=mapping)
    contact = bound.reader(text_only=True)(["a@example.com", "", "", "", "", ""])
    assert json.loads(body_of(form_of(JSON_BODY, bound), contact)) == [
        {"email": "a@example.com", "attributes": {"COUNTRY": "DE", "BIRTHDAY": "2000-02-29"}}
    ]
    assert body_of(form_of(FILE_URL, bound), contact).decode().splitlines() == [
        "EMAIL;EXT_ID;FIRSTNAME;POINTS;NEWSLETTER;INTERESTS;COUNTRY;BIRTHDAY",
        "a@example.com;;;;;;DE;2000-02-29",
    ]


def test_a_form_that_is_none(write: WriteSource, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match='body="xml" is not one of json_body, file_body, file_url'):
        prepare(write("email\na@example.com\n"), tmp_path / "stage", Options(body="xml"))


text = st.text(st.characters(codec="utf-8"), max_size=30)


@given(st.lists(st.lists(text, min_size=3, max_size=3), max_size=5), st.lists(text, min_size=3, max_size=3))
def test_the_cells_come_back(rows: list[list[str]], names: list[str]) -> None:
    header = tuple(f"{place}{name}" for place, name in enumerate(names))
    texts = []
    for is_in_json in (False, True):
        form = CsvText(header, is_in_json=is_in_json)
        contacts = [{"attributes": dict(zip(header, row, strict=True))} for row in rows]
        body = body_of(form, *contacts)
        texts.append(json.loads(body) if is_in_json else body.decode())
    assert texts[0].removesuffix("\n") == texts[1].removesuffix("\n")
    # Python 3.10 refuses null bytes in a CSV; they are read as any other character.
    reader = csv.reader(io.StringIO(texts[0].replace("\0", "\u2400"), newline=""), delimiter=";", strict=True)
    assert list(reader) == [[cell.replace("\0", "\u2400") for cell in row] for row in (list(header), *rows)]


@pytest.mark.parametrize("body", BODIES)
def test_through_the_preparation(write: WriteSource, tmp_path: Path, body: str) -> None:
    source = write(
        'email,firstname,newsletter\na@example.com,"semi;colon ""quoted""",yes\nb@example.com,plain,no\n'
        'c@example.com,"two\nlines",\nbad,x,\n'
    )
    manifest = prepare(source, tmp_path / "stage", Options(body=body, account_attributes=ACCOUNT))
    assert manifest.body == body
    assert manifest.rows.accepted == sum(batch.contacts for batch in manifest.batches) == 3
    (content,) = Prepared(manifest).bodies
    if body == JSON_BODY:
        firstnames = [contact["attributes"]["FIRSTNAME"] for contact in json.loads(content)]
    else:
        lines = json.loads(content) if body == FILE_BODY else content.decode()
        header, *people = csv.reader(io.StringIO(lines, newline=""), delimiter=";")
        assert header == ["EMAIL", "FIRSTNAME", "NEWSLETTER"]
        assert [person[2] for person in people] == ["Yes", "No", ""]
        firstnames = [person[1] for person in people]
    assert firstnames == ['semi;colon "quoted"', "plain", "two\nlines"]
    expected = "contacts.csv" if body == FILE_URL else "batch-00001.json"
    assert Path(manifest.batches[0].uri).name == expected
