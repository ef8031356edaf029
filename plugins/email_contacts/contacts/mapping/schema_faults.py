"""Rules of a schema that a document breaks, in words that point to a line.

Knows JSON Schema and documents that were read with their lines; not what a document is for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from email_contacts.contacts.mapping.reading import Place, Written

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_NOT_BLANK = "[^ ]"
_KINDS = {
    "object": "names with values",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}
_LIMITS = {
    "minimum": "it must be at least {}",
    "maximum": "it must be at most {}",
    "maxLength": "it must have at most {} characters",
    "maxItems": "it must name at most {}",
    "multipleOf": "it must be a whole number",
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


def check_schema(written: Written, package: str, name: str) -> None:
    """See that a document keeps the rules of a schema.

    :param package: where the schema lies.
    :param name: its file.
    :raises PreparationError: the document's own error; names the place and the rule.
    """
    from jsonschema.exceptions import best_match

    error = best_match(_validator(package, name).iter_errors(written.content))
    if error is not None:
        raise written.wrong(*_told(error))


@cache
def _validator(package: str, name: str) -> Draft202012Validator:
    # Costs a tenth of a second to import, and is needed only where there is a document.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(files(package).joinpath(name).read_text(encoding="utf-8")))


def _told(error: ValidationError) -> tuple[Place, str]:
    """Give the place and the words of a broken rule of the schema.

    Never what the document holds there: any file can be named as a mapping, and errors are logged.
    """
    place: Place = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        holder, schema = cast("dict[str, Any]", error.instance), cast("dict[str, Any]", error.schema)
        extra = next(key for key in holder if key not in schema["properties"])
        return (*place, extra), _unknown(extra, schema["properties"])
    if error.validator == "required" and isinstance(error.instance, dict):
        # Where a setting is nearly the one that is missing, it is that one, misspelled.
        known = cast("dict[str, Any]", error.schema).get("properties", {})
        absent = next(name for name in cast("list[str]", error.validator_value) if name not in error.instance)
        unknown = [key for key in error.instance if key not in known]
        if meant := get_close_matches(absent, unknown, n=1):
            return (*place, meant[0]), _unknown(meant[0], known, absent)
    parts = [str(part) for part in error.absolute_schema_path]
    if "dependentSchemas" in parts:
        setting = parts[parts.index("dependentSchemas") + 1]
        if place[-1] == "type":
            place = place[:-1]
        return (*place, setting), f'"{setting}" needs "type: {_TYPES_NEEDED[setting]}" next to it'
    examples = cast("dict[str, Any]", error.schema).get("examples", ())
    if error.validator == "pattern" and examples:
        return place, f"it must be written like {' or '.join(map(json.dumps, examples))}"
    return place, _rule_told(str(error.validator), error.validator_value, error.instance)


def _unknown(setting: str, known: Iterable[str], meant: str | None = None) -> str:
    """Say which settings there are, and which one may be meant; not which one was found."""
    known = list(known)
    likely = get_close_matches(setting.lower().replace("-", "_"), known, n=1) if meant is None else [meant]
    asked = f'did you mean "{likely[0]}"? The' if likely else "the"
    return f"unknown setting; {asked} settings are {', '.join(known)}"


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
    if rule in _LIMITS:
        return _LIMITS[rule].format(value)
    if rule == "uniqueItems":
        return "it must not name anything twice"
    return f"it violates the rule {rule}: {value}"


def _kind_of(found: Any) -> str:
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return _KINDS[kinds.get(type(found), "number")]
