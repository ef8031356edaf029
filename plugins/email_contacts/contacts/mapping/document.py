"""The mapping: which column becomes which attribute, as its author wrote it.

Knows the document and its rules (``schemas/mapping.schema.json``), neither a source nor an account; what the
two make of it together is ``binding``'s business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping as Document
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

from email_contacts.contacts.errors import MappingError
from email_contacts.contacts.mapping.column_names import IDENTIFIERS, attribute_of, canonical
from email_contacts.contacts.paths import AnyPath

FAIL, DROP = "fail", "drop"
UNKNOWN_COLUMNS = (FAIL, DROP)
DEFAULT_SEPARATOR = "|"
# The names of months depend on the machine's locale, and two digits of a year do not say the century.
_DIRECTIVES = frozenset("YmdHMS%")


@dataclass(frozen=True)
class ColumnRule:
    """What one column becomes.

    :param column: its name in the source.
    :param attribute: EMAIL, EXT_ID, SMS or an attribute of the account.
    :param type: one of ``attributes.TYPES``, or None: then the account's type, or text.
    :param format: of a date that is not ISO 8601: strptime's directives.
    :param labels: what may be chosen of a category or multiple choice, or empty: then the account's.
    :param separator: between the choices of a multiple choice in one cell.
    """

    column: str
    attribute: str
    type: str | None = None
    format: str | None = None
    labels: tuple[str, ...] = ()
    separator: str = DEFAULT_SEPARATOR

    def __post_init__(self) -> None:
        if self.attribute in IDENTIFIERS and self.type not in (None, "text"):
            raise MappingError(
                f'Column "{self.column}": {self.attribute} is an identifier and has no type "{self.type}". '
                "Leave the type out."
            )
        if self.format is not None:
            _check_format(self.column, self.format)


@dataclass(frozen=True)
class Mapping:
    """Columns and the attributes that they become.

    :param rules: one for each column, in the document's order.
    :param unknown_columns: ``"fail"`` or ``"drop"``: what to do with columns that are not named.
    :raises MappingError: when two columns become one attribute, or a column is named twice.
    """

    rules: tuple[ColumnRule, ...]
    unknown_columns: str = FAIL

    def __post_init__(self) -> None:
        _refuse_twice("columns are named", [canonical(rule.column) for rule in self.rules])
        _refuse_twice("attributes are filled", [rule.attribute for rule in self.rules])

    @classmethod
    def from_json(cls, document: Document[str, Any]) -> Mapping:
        """Make a mapping from its document.

        :param document: ``{"columns": {"e-mail": "EMAIL", "born": {"attribute": "BIRTHDAY", "type": "date",
            "format": "%d/%m/%Y"}}, "unknown_columns": "fail"}``.
        :raises MappingError: when the document breaks its schema; names the place and the rule.
        """
        _check_document(document)
        return cls(
            rules=tuple(_rule(column, said) for column, said in document["columns"].items()),
            unknown_columns=document.get("unknown_columns", FAIL),
        )

    @classmethod
    def read(cls, path: AnyPath) -> Mapping:
        """Read a mapping from a JSON file.

        :param path: the file, of any of the kinds that a source can be.
        :raises MappingError: when the file cannot be read, is not JSON, or breaks the schema.
        """
        try:
            with path.open("rb") as file:
                text = file.read().decode("utf-8-sig")
            document = json.loads(text, object_pairs_hook=_no_key_twice)
        except OSError as error:
            raise MappingError(f"The mapping {path} cannot be read: {error.strerror or error}.") from error
        except json.JSONDecodeError as error:
            raise MappingError(
                f"The mapping {path} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
            ) from error
        except UnicodeDecodeError as error:
            raise MappingError(f"The mapping {path} is not UTF-8. Save it as UTF-8.") from error
        return cls.from_json(document)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are named."""
        return tuple(rule.column for rule in self.rules)

    @cached_property
    def by_column(self) -> dict[str, ColumnRule]:
        """The rules by the form in which column names are compared."""
        return {canonical(rule.column): rule for rule in self.rules}


def _rule(column: str, said: str | dict[str, Any]) -> ColumnRule:
    if isinstance(said, str):
        return ColumnRule(column=column, attribute=attribute_of(said))
    return ColumnRule(
        column=column,
        attribute=attribute_of(said["attribute"]),
        type=said.get("type"),
        format=said.get("format"),
        labels=tuple(said.get("categories") or said.get("options") or ()),
        separator=said.get("separator", DEFAULT_SEPARATOR),
    )


def _check_document(document: object) -> None:
    # Costs a tenth of a second to import, and is needed only where there is a mapping.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    schema = json.loads(files("email_contacts.contacts").joinpath("schemas/mapping.schema.json").read_text())
    error = best_match(Draft202012Validator(schema).iter_errors(document))
    if error is not None:
        place = " → ".join(map(str, error.absolute_path)) or "top level"
        raise MappingError(
            f"The mapping is wrong at {place}: {error.message}. docs/preparing-contacts.md shows a mapping."
        )


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse what JSON would let pass with the last one winning, silently."""
    _refuse_twice("keys are in one object", [key for key, _ in pairs])
    return dict(pairs)


def _refuse_twice(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MappingError(f"The mapping is wrong: these {what} twice: {', '.join(twice)}. Keep one of each.")


def _check_format(column: str, date_format: str) -> None:
    directives = re.findall("%(.?)", date_format)
    strange = [f"%{directive}" for directive in directives if directive not in _DIRECTIVES or not directive]
    missing = [f"%{needed}" for needed in "Ymd" if needed not in directives]
    if strange or missing:
        fault = f"{', '.join(strange)} is not supported" if strange else f"{', '.join(missing)} is missing"
        raise MappingError(
            f'Column "{column}": the date format "{date_format}" is wrong: {fault}. '
            'Use %Y, %m and %d, and %H %M %S for a time: "%d.%m.%Y".'
        )
