"""The mapping document as Python objects."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from email_contacts.contacts import Mapping
from email_contacts.contacts.errors import MappingError
from email_contacts.contacts.mapping.document import ColumnRule, Constant


def test_a_document_becomes_rules() -> None:
    mapping = Mapping.from_json(
        {
            "columns": {
                "e-mail": "EMAIL",
                "vorname": {"attribute": "firstname", "default": "friend"},
                "born": {"attribute": "BIRTHDAY", "type": "date", "format": "%d/%m/%Y"},
                "plan": {"attribute": "PLAN", "type": "category", "categories": ["free", "pro"]},
                "kind": {
                    "attribute": "KIND",
                    "type": "category",
                    "categories": {" 1": "a", "2": "b", "3": "a"},
                },
                "tags": {"attribute": "TAGS", "type": "multiple_choice", "options": ["a"], "separator": ","},
                "news": {
                    "attribute": "NEWS",
                    "type": "boolean",
                    "booleans": {"true": ["ja"], "false": ["n "]},
                },
                "mobile": {"attribute": "sms", "region": "DE"},
            },
            "constants": {"source": "shop", "VIP": True},
            "key": "id",
            "unknown_columns": "drop",
        }
    )
    assert mapping.unknown_columns == "drop"
    assert mapping.rules == (
        ColumnRule("e-mail", "EMAIL"),
        ColumnRule("vorname", "FIRSTNAME", default="friend"),
        ColumnRule("born", "BIRTHDAY", "date", ("%d/%m/%Y",)),
        ColumnRule("plan", "PLAN", "category", labels=("free", "pro")),
        ColumnRule(
            "kind", "KIND", "category", labels=("a", "b"), spellings=(("1", "a"), ("2", "b"), ("3", "a"))
        ),
        ColumnRule("tags", "TAGS", "multiple_choice", labels=("a",), separator=","),
        ColumnRule("news", "NEWS", "boolean", booleans=(("ja", True), ("n", False))),
        ColumnRule("mobile", "SMS", region="DE"),
    )
    assert mapping.constants == (Constant("source", "shop"), Constant("VIP", True))
    assert [constant.attribute for constant in mapping.constants] == ["SOURCE", "VIP"]
    assert mapping.key == "id"
    assert mapping.columns == ("e-mail", "vorname", "born", "plan", "kind", "tags", "news", "mobile", "id")


def test_a_key_that_is_mapped_is_named_once() -> None:
    assert Mapping.from_json({"columns": {"id": "EXT_ID"}, "key": "ID"}).columns == ("id",)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], r"^The mapping is wrong at top level: it must be names with values, and is a list"),
        ({}, '"columns" is missing'),
        ({"columns": {}}, "wrong at columns"),
        ({"columns": {"a": 1}}, "wrong at columns → a: it must be names with values, and is a number"),
        ({"columns": {"a": {"attribute": "A", "typ": "date"}}}, "a → typ: unknown setting"),
        (
            {"columns": {"a": {"attribute": "A", "type": "day"}}},
            "wrong at columns → a → type: it must be one of",
        ),
        ({"columns": {"a": {"attribute": "A", "type": "text", "format": "%Y"}}}, 'needs "type: date"'),
        ({"columns": {"a": "EMAIL"}, "unknown_columns": "ignore"}, "wrong at unknown_columns"),
        ({"columns": {"a": "EMAIL", "b": "e-mail"}}, 'columns → b: "a" fills EMAIL already'),
        ({"columns": {"a b": "EMAIL", "A-B": "SMS"}}, '→ A-B: "a b" and "A-B" count as one name'),
        ({"columns": {"a": {"attribute": "SMS", "type": "number"}}}, "SMS is an identifier"),
        ({"columns": {"a": {"attribute": "A", "type": "date", "format": "%Y-%m"}}}, "%d is missing"),
        ({"columns": {"a": {"attribute": "A", "type": "date", "format": "%Y%m%d%"}}}, "% is not supported"),
        ({"columns": {"a": "EMAIL"}, "constants": {"SMS": "1"}}, "SMS says who a contact is"),
        ({"columns": {"a": "EMAIL"}, "key": "a"}, 'key: the column "a" is personal'),
    ],
)
def test_a_wrong_document_is_refused_at_its_place(document: Any, message: str) -> None:
    with pytest.raises(MappingError, match=message) as caught:
        Mapping.from_json(document)
    assert " line " not in str(caught.value)


def test_the_schema_is_one() -> None:
    import json
    from importlib.resources import files

    schema = json.loads(files("email_contacts.contacts").joinpath("schemas/mapping.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
