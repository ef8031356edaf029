"""Mappings as files: the two notations, and the line that every refusal names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Mapping
from email_contacts.contacts.errors import MappingError
from email_contacts.contacts.mapping.reading import read

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(content: str | bytes, name: str = "people.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def refusal(path: Path) -> str:
    with pytest.raises(MappingError) as caught:
        Mapping.read(path)
    return str(caught.value)


def content_of(path: Path) -> Any:
    return read(path).content


def test_plain_scalars_mean_what_they_mean_in_json(save: Save) -> None:
    path = save(
        "no: no\nyes: [yes, On, OFF, True, true, false]\n"
        "2024-01-05: 2024-01-05\n12: [12, -3.5, 1e3, 007, 0x1F]\n"
        "more: [1_000, 1:30, .5, +1, .inf, null, ~, \"true\", '12', NULL]\nempty:\ntext: |\n  true\n"
    )
    assert content_of(path) == {
        "no": "no",
        "yes": ["yes", "On", "OFF", "True", True, False],
        "2024-01-05": "2024-01-05",
        "12": [12, -3.5, 1000.0, "007", "0x1F"],
        "more": ["1_000", "1:30", ".5", "+1", ".inf", None, None, "true", "12", "NULL"],
        "empty": None,
        "text": "true\n",
    }


@pytest.mark.parametrize("name", ["m.yaml", "m.yml", "M.YAML", "m.json"])
def test_one_document_in_either_notation(save: Save, name: str) -> None:
    document = {
        "columns": {"größe\n\t😀": {"attribute": "A", "type": "category", "categories": {"1": 'fr"ee'}}},
        "constants": {"B": [], "C": 1.5, "D": False, "E": ["x", "y"]},
    }
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False, indent=3)):
        assert content_of(save(b"\xef\xbb\xbf" + text.encode(), name)) == document


def test_json_may_be_indented_by_tabs(save: Save) -> None:
    document = {"columns": {"a": "EMAIL", "b": {"attribute": "B", "type": "dat"}}}
    path = save(json.dumps(document, indent="\t").replace("\n", "\r\n"), "people.json")
    assert refusal(path).startswith(
        "The mapping people.json is wrong in line 6, at columns → b → type: it must be one of text, "
    )


def test_lines_of_all_places(save: Save) -> None:
    yaml = save("# what\ncolumns:\n  a: EMAIL\n  b:\n    options:\n      - x\n      - {y: z}\n")
    as_json = save('\n{ "columns" :\n{"a":"EMAIL",\n"b":\n{"options":[\n"x",\n{"y":"z"}]}}}', "people.json")
    lines = {
        ("columns",): 2,
        ("columns", "a"): 3,
        ("columns", "b"): 4,
        ("columns", "b", "options"): 5,
        ("columns", "b", "options", 0): 6,
        ("columns", "b", "options", 1): 7,
        ("columns", "b", "options", 1, "y"): 7,
    }
    assert read(yaml).lines == {(): 2} | lines
    assert read(as_json).lines == {(): 2} | lines


def test_the_message_in_full(save: Save) -> None:
    path = save(
        "columns:\n  Mail: EMAIL\n  Geboren:\n    attribute: BIRTHDAY\n    type: dat\n", "kunden.yaml"
    )
    assert refusal(path) == (
        "The mapping kunden.yaml is wrong in line 5, at columns → Geboren → type: it must be one of "
        "text, number, date, boolean, category, multiple_choice. "
        "docs/sources-and-mapping.md shows a mapping."
    )


HEAD = "columns:\n  mail: EMAIL\n"  # two lines


@pytest.mark.parametrize(
    ("content", "message"),
    [
        # not the notation
        (HEAD + "  b: [x\n", "line 4: it is not YAML at column 1: expected ',' or ']'"),
        (HEAD + "\tb: x\n", "line 3: it is not YAML at column 1: found character '\\t'"),
        (HEAD + "  b: x: y\n", "line 3: it is not YAML at column 7: mapping values are not allowed here"),
        (HEAD + "  b: \x01\n", "line 3: it has a character that YAML does not allow"),
        (HEAD + "  mail: SMS\n", "line 3: a key appears twice. Keep one"),
        (HEAD + "columns:\n  a: SMS\n", "line 3: a key appears twice"),
        (HEAD + "  b: &b SMS\n", "line 3: anchors and aliases are not supported"),
        (HEAD + "  b: *b\n", "line 3: anchors and aliases are not supported"),
        (HEAD + "  &k b: SMS\n", "line 3: anchors and aliases are not supported"),
        (
            HEAD + "  b: !!python/name:os.system\n",
            "line 3: tags are not supported",
        ),
        (HEAD + "  b: !!str SMS\n", "line 3: tags are not supported"),
        (HEAD + "  ? [b]\n  : SMS\n", "line 3: a key is not a text"),
        (HEAD + '  b: "\\ud800"\n', "line 3: an escape is half of a surrogate pair"),
        (HEAD + '  "\\udc00": B\n', "line 3: an escape is half of a surrogate pair"),
        (HEAD + "---\n" + HEAD, "line 3: a second document begins. Keep one"),
        (HEAD.encode() + b"  \xfc: SMS\n", "is not UTF-8 in line 3. Save it as UTF-8"),
        # not the schema
        ("", "is wrong at top level: it must be names with values, and is empty"),
        ("# nothing yet\n", "is wrong at top level: it must be names with values, and is empty"),
        ("\n- a\n", "line 2, at top level: it must be names with values, and is a list"),
        ("key: a\n", 'line 1, at top level: "columns" is missing'),
        ("key: a\ncolumns: {}\n", "line 2, at columns: it must not be empty"),
        ("columns:\n  ' ': EMAIL\n", "line 1, at columns: it must not be empty or blank"),
        (
            HEAD + "colums: {}\n",
            'line 3, at top level: unknown setting; did you mean "columns"? The settings are columns',
        ),
        (HEAD + "unknown_columns: ignore\n", "line 3, at unknown_columns: it must be one of fail, drop"),
        (
            HEAD + "key: 12\n",
            "line 3, at key: it must be a text, and is a number. Put it in quotes if it is a text",
        ),
        (HEAD + "constants: {}\n", "line 3, at constants: it must not be empty"),
        (HEAD + "constants:\n  A:\n", "line 4, at constants → A: it must be a text or a number"),
        (HEAD + "constants:\n  A: [1]\n", "line 4, at constants → A → 0: it must be a text, and is a number"),
        (HEAD + "  b: true\n", "line 3, at columns → b: it must be names with values, and is true or false"),
        (HEAD + "  b:\n    type: date\n", 'line 3, at columns → b: "attribute" is missing'),
        (
            HEAD + "  b:\n    attribute: B\n    typ: date\n",
            'line 5, at columns → b → typ: unknown setting; did you mean "type"?',
        ),
        (
            HEAD + "  b: {atribute: B}\n",
            'line 3, at columns → b → atribute: unknown setting; did you mean "attri',
        ),
        (
            HEAD + "unknown-columns: drop\n",
            'line 3, at top level: unknown setting; did you mean "unknown_columns"?',
        ),
        (
            "column:\n  a: EMAIL\n",
            'line 1, at top level: unknown setting; did you mean "columns"? The settings',
        ),
        (HEAD + "nulls: [NULL, NULL]\n", "line 3, at nulls: it must not name anything twice"),
        (
            HEAD + "  b: {attribute: B, region: de}\n",
            'line 3, at columns → b → region: it must be written like "DE" or "GB"',
        ),
        (
            HEAD + "  b:\n    attribute: B\n    default: {}\n",
            "line 5, at columns → b → default: it must be a text or a number",
        ),
        (
            HEAD + "  b:\n    attribute: B\n    type: category\n    categories: [x, 2]\n",
            "line 6, at columns → b → categories → 1: it must be a text, and is a number. Put it in quotes",
        ),
        (
            HEAD + "  b:\n    attribute: B\n    type: category\n    categories:\n      1: free\n      2: 3\n",
            "line 8, at columns → b → categories → 2: it must be a text, and is a number. Put it in quotes",
        ),
        (
            HEAD + "  b:\n    attribute: B\n    type: boolean\n    booleans:\n      yes: [ja]\n",
            "line 7, at columns → b → booleans → yes: unknown setting; the settings are true, false",
        ),
        (
            HEAD + "  b:\n    attribute: B\n    format: '%Y'\n    type: text\n",
            'line 5, at columns → b → format: "format" needs "type: date" next to it',
        ),
        (HEAD + "  b:\n    attribute: B\n    format: x\n", 'line 5, at columns → b → format: "format" needs'),
        (
            HEAD + "  b:\n    attribute: B\n    booleans: {true: [ja]}\n",
            'line 5, at columns → b → booleans: "booleans" needs "type: boolean" next to it',
        ),
        (
            HEAD + "  b: {attribute: B, separator: x}\n",
            '"separator" needs "type: multiple_choice" next to it',
        ),
        (HEAD + "  b: {attribute: B, options: [x]}\n", '"options" needs "type: multiple_choice" next to it'),
        (HEAD + "  b: {attribute: B, categories: [x]}\n", '"categories" needs "type: category" next to it'),
        # not making sense
        (HEAD + "  E-Mail: EMAIL\n", 'line 3, at columns → E-Mail: "mail" fills EMAIL already'),
        (HEAD + "  MAIL: A\n", 'line 3, at columns → MAIL: "mail" and "MAIL" count as one name'),
        (
            HEAD + "  b:\n    attribute: SMS\n    type: number\n",
            'line 5, at columns → b → type: SMS is an identifier and has no type "number"',
        ),
        (
            HEAD + "  b:\n    attribute: EXT_ID\n    default: x\n",
            "line 5, at columns → b → default: EXT_ID is an identifier and cannot have a default",
        ),
        (
            HEAD + "  b:\n    attribute: B\n    type: date\n    format: '%d.%m.%y'\n",
            'line 6, at columns → b → format: the date format "%d.%m.%y" is wrong: %y is not supported',
        ),
        (
            HEAD + "  b:\n    attribute: B\n    region: DE\n",
            "line 5, at columns → b → region: a region is for",
        ),
        (HEAD + "  b:\n    attribute: SMS\n    region: UK\n", 'line 5, at columns → b → region: "UK" is no'),
        (
            HEAD + "  b:\n    attribute: B\n    type: boolean\n    booleans: {true: [j], false: [n, J]}\n",
            'line 6, at columns → b → booleans: "J" is listed both as true and as false',
        ),
        (HEAD + "constants:\n  e-mail: x\n", "line 4, at constants → e-mail: EMAIL says who a contact is"),
        (HEAD + "  b: SHOE\nconstants:\n  Shoe: x\n", 'line 5, at constants → Shoe: "b" fills SHOE already'),
        (HEAD + "constants:\n  A: 1\n  a: 2\n", 'line 5, at constants → a: "A" fills A already'),
        (HEAD + "key: MAIL\n", 'line 3, at key: the column "MAIL" is personal'),
        ("columns:\n  id: EXT_ID\nkey: sms\n", 'line 3, at key: the column "sms" is personal'),
    ],
)
def test_a_refusal_names_the_line(save: Save, content: str | bytes, message: str) -> None:
    said = refusal(save(content))
    assert said.startswith("The mapping ")
    assert message in said
    assert "people.yaml" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{\n"columns": }', "line 2: it is not JSON at column 12: Expecting value"),
        ("", "line 1: it is not JSON at column 1"),
        ('{"columns": {\n"a": "EMAIL",\n"a": "SMS"}}', "line 3: a key appears twice. Keep one"),
        ('{"columns":\n{"a": NaN}}', "it is not JSON: NaN is not a JSON number"),
        ('{"columns": ' + "1" * 5000 + "}", "people.json is wrong in line 1"),
        ('{"columns":\n{"a": "\\ud800"}}', "line 2: an escape is half of a surrogate pair"),
        ('{"columns":\n{"\\udc00": "A"}}', "line 2: an escape is half of a surrogate pair"),
        ("[" * 100_000, "people.json is nested too deep"),
        (b'{\n\n"\xff', "is not UTF-8 in line 3. Save it as UTF-8"),
    ],
)
def test_json_that_is_none(save: Save, content: str | bytes, message: str) -> None:
    assert message in refusal(save(content, "people.json"))


def test_yaml_nested_too_deep(save: Save) -> None:
    assert "people.yaml is nested too deep" in refusal(save("columns: " + "[" * 3_000))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path / "people.yaml").endswith(
        "people.yaml cannot be read: No such file or directory."
    )


@pytest.mark.parametrize("name", ["people.txt", "people", "people.yaml.bak"])
def test_the_name_says_the_notation(save: Save, name: str) -> None:
    assert "must have a name that ends in .yaml" in refusal(save(HEAD, name))


def test_a_mapping_is_read_from_object_storage(tmp_path: Path) -> None:
    from airflow.sdk import ObjectStoragePath

    path = ObjectStoragePath((tmp_path / "mapping.yaml").as_uri())
    with pytest.raises(MappingError, match=r"mapping\.yaml cannot be read"):
        Mapping.read(path)
    (tmp_path / "mapping.yaml").write_text(HEAD)
    assert Mapping.read(path).columns == ("mail",)
