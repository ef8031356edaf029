"""The schema of values: ``schemas/contact.schema.json``, and what a kind and its labels add to it.

Knows kinds of values; ``validation`` composes whole contacts of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def document() -> str:
    """Return the text of ``schemas/contact.schema.json``."""
    return files("email_contacts.contacts").joinpath("schemas/contact.schema.json").read_text("utf-8")


def schema_of(kind: str, labels: Sequence[str] = ()) -> dict[str, Any]:
    """Return the schema of a value, as a part of that document.

    :param kind: the name of its rule there.
    :param labels: what may be chosen; empty when that is not known.
    """
    schema: dict[str, Any] = {"$ref": f"#/$defs/{kind}"}
    if labels:
        one_of_them = {"enum": list(labels)}
        schema |= {"items": one_of_them} if kind == "multiple_choice" else one_of_them
    return schema


def description_of(kind: str, labels: Sequence[str] = ()) -> str:
    """Return what a value may be: ``true or false, yes or no, 1 or 0``, or ``one of DE, FR``."""
    if labels:
        return f"{'any' if kind == 'multiple_choice' else 'one'} of {', '.join(labels)}"
    return str(json.loads(document())["$defs"][kind]["description"])


def judge(kind: str, labels: Sequence[str] = ()) -> Callable[[Any], bool]:
    """Make the judge of single normalised values; for rows there is ``validation.ContactValidator``."""
    import jsonschema_rs

    schema = schema_of(kind, labels) | {"$defs": json.loads(document())["$defs"]}
    options = jsonschema_rs.RegexOptions()
    return jsonschema_rs.Draft202012Validator(schema, pattern_options=options).is_valid


def is_valid(value: Any, kind: str, labels: Sequence[str] = ()) -> bool:
    """Return whether one normalised value is valid."""
    return judge(kind, labels)(value)


def pattern_of(kind: str) -> str:
    """Return the pattern of a kind; it is written for every engine of regular expressions."""
    return str(json.loads(document())["$defs"][kind]["pattern"])
