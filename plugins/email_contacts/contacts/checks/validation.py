"""What a valid contact is: one JSON Schema document for each binding, and its evaluation per row.

Knows normalised contacts. The rules are ``schemas/contact.schema.json``; a binding adds which attributes
there are, of which type, with which labels. The document is the meaning; ``jsonschema-rs`` evaluates it here,
and the tests hold the reference evaluator ``jsonschema`` against it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jsonschema_rs

from email_contacts.contacts.checks.schema import document, judge, schema_of
from email_contacts.contacts.column_names import EMAIL, IDENTIFIERS
from email_contacts.contacts.mapping.binding import Binding, BoundColumn, Contact
from email_contacts.contacts.masking import mask
from email_contacts.contacts.sources.rows import EMPTY, Row, Strange
from email_contacts.contacts.staging.rejects import Reject
from email_contacts.contacts.values.reasons import reason

_LABELS_SHOWN = 10
_STRANGE = (
    "It is a value of the type {kind}, which no contact can have. Leave the column out, or convert it in the "
    "source."
)


def contact_schema(binding: Binding) -> dict[str, Any]:
    """Compose the schema of the contacts that a binding makes.

    :return: a new JSON Schema document (draft 2020-12).
    """
    schema: dict[str, Any] = json.loads(document())
    properties = schema["properties"]["attributes"]["properties"]
    for column in binding.columns:
        if column.attribute not in IDENTIFIERS:
            properties[column.attribute] = schema_of(column.kind, column.labels)
    for attribute, value in binding.constants:
        properties[attribute] = {"const": value}
    return schema


@dataclass(frozen=True)
class JudgedColumn:
    """A column, and what is said of its wrong cells.

    :param column: the column.
    :param is_valid: judges a normalised value.
    :param message: what is asked for.
    """

    column: BoundColumn
    is_valid: Callable[[Any], bool]
    message: str

    def fault_of(self, cell: Any) -> str:
        """Say what is wrong with a cell whose value is not valid."""
        rule = self.column.rule
        why = reason(self.column.kind, cell, region=rule.region, separator=rule.separator)
        return self.message if why is None else f"{self.message} {why}"


class ContactValidator:
    """Decides whether contacts are valid, and says why not.

    :param binding: how the contacts were made.
    """

    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        self._descriptions = json.loads(document())["$defs"]
        names = [column.name for column in binding.columns if column.attribute in IDENTIFIERS]
        fill = "Fill one of" if len(names) > 1 else "Fill"
        self.nobody = f"{fill} {', '.join(names)}: it says who the contact is."
        # The linear-time engine: no value, however made, can stall it.
        self._validator = jsonschema_rs.Draft202012Validator(
            contact_schema(binding), pattern_options=jsonschema_rs.RegexOptions()
        )
        self.is_valid = self._validator.is_valid

    def unwritable(self, number: int, key: str, cells: Row, contact: Contact, why: str) -> Reject:
        """Reject a row that cannot be written in the form that is sent, for what an option in it holds.

        :param why: the form's reason.
        """
        lists = (
            column
            for column in self.binding.columns
            if isinstance(contact["attributes"].get(column.attribute), list)
        )
        column = next(lists)
        return Reject(number, key, column.name, column.kind, why, mask(cells[column.place]))

    def reject(self, number: int, key: str, cells: Row, contact: Contact) -> Reject:
        """Say why a contact is invalid: its first wrong field in the order of the columns.

        :param number: the row's number.
        :param key: what names it in the source.
        :param cells: the row, for the masked value.
        :param contact: what was made of it; ``is_valid(contact)`` is false.
        """
        values = contact["attributes"] | {EMAIL: contact.get("email", EMPTY)}
        for one in self.columns:
            value = values.get(one.column.attribute, EMPTY)
            if value != EMPTY and not one.is_valid(value):
                cell = cells[one.column.place]
                if isinstance(cell, Strange):
                    return Reject(number, key, one.column.name, "type", _STRANGE.format(kind=cell.kind))
                return Reject(number, key, one.column.name, one.column.kind, one.fault_of(cell), mask(cell))
        return Reject(number, key, "", "identifier", self.nobody)

    @cached_property
    def columns(self) -> Sequence[JudgedColumn]:
        """The columns, each with what is said of its wrong cells; made for the first reject."""
        return [
            JudgedColumn(column, judge(column.kind, column.labels), self._message(column))
            for column in self.binding.columns
        ]

    def _message(self, column: BoundColumn) -> str:
        if column.labels:
            shown = ", ".join(column.labels[:_LABELS_SHOWN])
            more = len(column.labels) - _LABELS_SHOWN
            labels = f"{shown} and {more} more" if more > 0 else shown
            if column.kind == "category":
                return f"Give one of: {labels}."
            return f'Give any of: {labels}; separated by "{column.rule.separator}".'
        if column.rule.formats:
            return f"Give a day of the calendar as {' or '.join(column.rule.formats)}."
        return f"Give {self._descriptions[column.kind]['description']}."
