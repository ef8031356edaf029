"""The mapping document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Mapping
from email_contacts.contacts.errors import MappingError
from email_contacts.contacts.mapping.document import ColumnRule


def test_a_document_becomes_rules() -> None:
    mapping = Mapping.from_json(
        {
            "columns": {
                "e-mail": "EMAIL",
                "vorname": {"attribute": "firstname"},
                "born": {"attribute": "BIRTHDAY", "type": "date", "format": "%d/%m/%Y"},
                "plan": {"attribute": "PLAN", "type": "category", "categories": ["free", "pro"]},
                "tags": {"attribute": "TAGS", "type": "multiple_choice", "options": ["a"], "separator": ","},
            },
            "unknown_columns": "drop",
        }
    )
    assert mapping.unknown_columns == "drop"
    assert mapping.rules == (
        ColumnRule("e-mail", "EMAIL"),
        ColumnRule("vorname", "FIRSTNAME"),
        ColumnRule("born", "BIRTHDAY", "date", "%d/%m/%Y"),
        ColumnRule("plan", "PLAN", "category", labels=("free", "pro")),
        ColumnRule("tags", "TAGS", "multiple_choice", labels=("a",), separator=","),
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], r"wrong at top level: \[\] is not of type 'object'"),
        ({}, "'columns' is a required property"),
        ({"columns": {}}, "wrong at columns"),
        ({"columns": {"a": 1}}, "wrong at columns → a: 1 is not of type 'object'"),
        ({"columns": {"a": {"attribute": "A", "typ": "date"}}}, "'typ' was unexpected"),
        ({"columns": {"a": {"attribute": "A", "type": "day"}}}, "wrong at columns → a → type: 'day'"),
        ({"columns": {"a": {"attribute": "A", "type": "text", "format": "%Y"}}}, "'date' was expected"),
        ({"columns": {"a": "EMAIL"}, "unknown_columns": "ignore"}, "wrong at unknown_columns"),
        ({"columns": {"a": "EMAIL", "b": "e-mail"}}, "attributes are filled twice: EMAIL"),
        ({"columns": {"a b": "EMAIL", "A-B": "SMS"}}, "columns are named twice: A_B"),
        ({"columns": {"a": {"attribute": "SMS", "type": "number"}}}, "SMS is an identifier"),
        (
            {"columns": {"a": {"attribute": "A", "type": "date", "format": "%d.%m.%y"}}},
            '"%d.%m.%y" is wrong: %y is not supported',
        ),
        ({"columns": {"a": {"attribute": "A", "type": "date", "format": "%Y-%m"}}}, "%d is missing"),
        ({"columns": {"a": {"attribute": "A", "type": "date", "format": "%Y%m%d%"}}}, "% is not supported"),
    ],
)
def test_a_wrong_document_is_refused_at_its_place(document: Any, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        Mapping.from_json(document)


def test_a_mapping_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({"columns": {"größe": "EMAIL"}}, ensure_ascii=False), encoding="utf-8-sig")
    assert Mapping.read(path).columns == ("größe",)


def test_a_mapping_is_read_from_object_storage(tmp_path: Path) -> None:
    from airflow.sdk import ObjectStoragePath

    path = ObjectStoragePath((tmp_path / "mapping.json").as_uri())
    with pytest.raises(MappingError, match=r"mapping\.json cannot be read"):
        Mapping.read(path)
    (tmp_path / "mapping.json").write_text('{"columns": {"mail": "EMAIL"}}')
    assert Mapping.read(path).columns == ("mail",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b'{"columns": }', "is not JSON: Expecting value in line 1, column 13"),
        (b"\xff", "is not UTF-8"),
        (b'{"columns": {"a": "EMAIL", "a": "SMS"}}', "keys are in one object twice: a"),
    ],
)
def test_a_file_that_is_no_mapping(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "mapping.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MappingError, match=message):
        Mapping.read(path)
