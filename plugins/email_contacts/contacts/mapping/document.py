"""The mapping: which column becomes which attribute, as its author wrote it.

Knows the document and its rules (``schemas/mapping.schema.json``), neither a source nor an account; what the
two make of it together is ``binding``'s business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Document
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from email_contacts.contacts.choices import FAIL
from email_contacts.contacts.column_names import canonical
from email_contacts.contacts.mapping.faults import faults_of
from email_contacts.contacts.mapping.reading import Place, Written, read
from email_contacts.contacts.mapping.rules import ColumnRule as ColumnRule
from email_contacts.contacts.mapping.rules import Constant as Constant
from email_contacts.contacts.mapping.rules import rule_of
from email_contacts.contacts.paths import AnyPath

if TYPE_CHECKING:
    from jsonschema import ValidationError

_NOT_BLANK = "[^ ]"
_KINDS = {
    "object": "names with values",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}
_TYPES_NEEDED = {
    "format": "date",
    "decimal": "number",
    "thousands": "number",
    "booleans": "boolean",
    "categories": "category",
    "options": "multiple_choice",
    "separator": "multiple_choice",
}


@dataclass(frozen=True)
class Mapping:
    r"""Columns and the attributes that they become.

    :param rules: one for each column, in the document's order.
    :param unknown_columns: ``"fail"`` or ``"drop"``: what to do with columns that are not named, and with
        attributes that the account does not have.
    :param constants: attributes that every contact gets.
    :param key: the column that names a row in the list of rejects.
    :param nulls: words that are empty cells, exactly as they are written, in addition to ``\N``.
    :param written: where it was written, for messages.
    :raises MappingError: when rules contradict each other, such as two columns for one attribute.
    """

    rules: tuple[ColumnRule, ...]
    unknown_columns: str = FAIL
    constants: tuple[Constant, ...] = ()
    key: str | None = None
    nulls: tuple[str, ...] = ()
    written: Written = field(default_factory=Written, repr=False, compare=False)

    def __post_init__(self) -> None:
        for place, fault in faults_of(self.rules, self.constants, self.key):
            raise self.written.wrong(place, fault)

    @classmethod
    def from_json(cls, document: Document[str, Any]) -> Mapping:
        """Make a mapping from its document.

        :param document: ``{"columns": {"e-mail": "EMAIL", "born": {"attribute": "BIRTHDAY", "type": "date",
            "format": "%d/%m/%Y"}}, "constants": {"SOURCE": "shop"}, "unknown_columns": "fail"}``.
        :raises MappingError: when the document breaks its schema; names the place and the rule.
        """
        return cls._of(Written(document))

    @classmethod
    def read(cls, path: AnyPath) -> Mapping:
        """Read a mapping from a file in YAML or JSON.

        :param path: the file, of any of the kinds that a source can be; its name ends in ``.yaml``, ``.yml``
            or ``.json``.
        :raises MappingError: when the file cannot be read, is in neither notation, or breaks the schema;
            names the line.
        """
        return cls._of(read(path))

    @classmethod
    def _of(cls, written: Written) -> Mapping:
        _check_schema(written)
        document = written.content
        return cls(
            rules=tuple(rule_of(column, said) for column, said in document["columns"].items()),
            unknown_columns=document.get("unknown_columns", FAIL),
            constants=tuple(Constant(name, value) for name, value in document.get("constants", {}).items()),
            key=document.get("key"),
            nulls=tuple(document.get("nulls", ())),
            written=written,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are named, the key's among them."""
        named = tuple(rule.column for rule in self.rules)
        return named if self.key is None or canonical(self.key) in self.by_column else (*named, self.key)

    @cached_property
    def by_column(self) -> dict[str, ColumnRule]:
        """The rules by the form in which column names are compared."""
        return {canonical(rule.column): rule for rule in self.rules}

    def place_of(self, rule: ColumnRule, setting: str = "") -> Place:
        """Give the place of a column's rule in the document, for ``written.wrong``.

        :param rule: one of these, though its column may be spelled as the source does.
        :param setting: a part of the rule, such as ``type``; empty for the rule as a whole.
        """
        place = ("columns", self.by_column[canonical(rule.column)].column)
        return (*place, setting) if setting else place


def _check_schema(written: Written) -> None:
    # Costs a tenth of a second to import, and is needed only where there is a mapping.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    schema = json.loads(files("email_contacts.contacts").joinpath("schemas/mapping.schema.json").read_text())
    error = best_match(Draft202012Validator(schema).iter_errors(written.content))
    if error is not None:
        raise written.wrong(*_told(error))


def _told(error: ValidationError) -> tuple[Place, str]:
    """Give the place and the words of a broken rule of the schema.

    Never what the document holds there: any file can be named as a mapping, and errors are logged.
    """
    place: Place = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        holder, schema = cast("dict[str, Any]", error.instance), cast("dict[str, Any]", error.schema)
        extra = next(key for key in holder if key not in schema["properties"])
        return (
            *place,
            extra,
        ), f"unknown setting; the settings are {', '.join(schema['properties'])}"
    parts = [str(part) for part in error.absolute_schema_path]
    if "dependentSchemas" in parts:
        setting = parts[parts.index("dependentSchemas") + 1]
        if place[-1] == "type":
            place = place[:-1]
        return (*place, setting), f'"{setting}" needs "type: {_TYPES_NEEDED[setting]}" next to it'
    return place, _rule_told(str(error.validator), error.validator_value, error.instance)


def _rule_told(rule: str, value: Any, found: Any) -> str:
    """Put a rule of the schema in words, and say of what was found only which kind it is."""
    if rule == "type":
        wanted = [value] if isinstance(value, str) else value
        advice = ". Put it in quotes if it is a text" if wanted == ["string"] else ""
        return f"it must be {' or '.join(map(_KINDS.__getitem__, wanted))}, and is {_kind_of(found)}{advice}"
    if rule == "required":
        absent = next(name for name in value if name not in found)
        return f'"{absent}" is missing'
    if rule == "enum":
        return f"it must be one of {', '.join(value)}"
    if rule in ("minProperties", "minItems", "minLength") or (rule, value) == ("pattern", _NOT_BLANK):
        return "it must not be empty or blank"
    if rule == "pattern":
        return f"it must match {value}"
    return f"it violates the rule {rule}: {value}"


def _kind_of(found: Any) -> str:
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return _KINDS[kinds.get(type(found), "number")]
