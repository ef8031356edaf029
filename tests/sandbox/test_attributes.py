"""Attributes of the account over HTTP (api-contract §3, §6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.rehearsal import Rehearsal


def test_the_attributes_of_a_fresh_account(sandbox: Rehearsal) -> None:
    attributes = {each["name"]: each for each in sandbox.get("/contacts/attributes")["attributes"]}
    assert list(attributes) == [
        "FIRSTNAME",
        "LASTNAME",
        "SMS",
        "EXT_ID",
        "WHATSAPP",
        "LANDLINE_NUMBER",
        "COUNTRY",
        "BIRTHDAY",
        "POINTS",
        "NEWSLETTER",
        "INTERESTS",
    ]
    assert attributes["FIRSTNAME"] == {"name": "FIRSTNAME", "category": "normal", "type": "text"}
    assert attributes["COUNTRY"]["category"] == "category"
    assert attributes["COUNTRY"]["enumeration"][0] == {"value": 1, "label": "DE"}
    assert attributes["INTERESTS"]["type"] == "multiple-choice"
    assert attributes["INTERESTS"]["multiCategoryOptions"] == ["books", "music", "sports", "travel", "food"]


def test_a_new_attribute_takes_values_and_takes_them_along(sandbox: Rehearsal) -> None:
    answer = sandbox.call("POST", "/contacts/attributes/normal/shoe_size", json={"type": "float"})
    assert answer.status_code == 201
    sandbox.imported([{"email": "a@example.com", "attributes": {"SHOE_SIZE": 43, "FIRSTNAME": "A"}}])
    assert sandbox.attributes("a@example.com") == {"SHOE_SIZE": 43, "FIRSTNAME": "A"}
    assert sandbox.call("DELETE", "/contacts/attributes/normal/SHOE_SIZE").status_code == 204
    assert sandbox.attributes("a@example.com") == {"FIRSTNAME": "A"}
    gone = sandbox.refusal("DELETE", "/contacts/attributes/normal/SHOE_SIZE")
    assert gone == (404, "document_not_found")


def test_options_are_made_and_replaced(sandbox: Rehearsal) -> None:
    levels = [{"value": 1, "label": "gold"}, {"value": 2, "label": "silver"}]
    path = "/contacts/attributes/category/LEVEL"
    assert sandbox.call("POST", path, json={"enumeration": levels}).status_code == 201
    sandbox.imported(fileBody="EMAIL;LEVEL\na@example.com;2\nb@example.com;gold\n")
    assert sandbox.attributes("a@example.com") == {"LEVEL": "silver"}
    assert sandbox.attributes("b@example.com") == {"LEVEL": "gold"}
    assert sandbox.call("PUT", path, json={"enumeration": [{"value": 1, "label": "top"}]}).status_code == 204
    sandbox.imported(fileBody="EMAIL;LEVEL\na@example.com;1\nb@example.com;silver\n")
    assert sandbox.attributes("a@example.com") == {"LEVEL": "top"}
    assert sandbox.attributes("b@example.com") == {"LEVEL": "gold"}
    choices = {"type": "multiple-choice", "multiCategoryOptions": ["a", "b"]}
    assert sandbox.call("POST", "/contacts/attributes/normal/CHOICE", json=choices).status_code == 201
    assert sandbox.refusal("PUT", "/contacts/attributes/normal/LEVEL", json={}) == (404, "document_not_found")


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("normal/X", {}, (400, "missing_parameter")),
        ("normal/X", {"type": "colour"}, (400, "invalid_parameter")),
        ("normal/X", {"type": "multiple-choice"}, (400, "missing_parameter")),
        ("category/X", {}, (400, "missing_parameter")),
        ("category/X", {"enumeration": [{"value": 1, "label": "x" * 201}]}, (400, "invalid_parameter")),
        ("colour/X", {"type": "text"}, (400, "invalid_parameter")),
        ("normal/A.B", {"type": "text"}, (400, "invalid_parameter")),
        ("normal/FIRSTNAME", {"type": "text"}, (400, "duplicate_parameter")),
        ("normal/email", {"type": "text"}, (400, "duplicate_parameter")),
    ],
)
def test_what_is_no_attribute(
    sandbox: Rehearsal, path: str, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert sandbox.refusal("POST", f"/contacts/attributes/{path}", json=body) == expected
    assert len(sandbox.get("/contacts/attributes")["attributes"]) == 11
