"""The mapping: which column becomes which attribute, as its author wrote it.

Knows the document and its rules (``schemas/mapping.schema.json``), neither a source nor an account; what the
two make of it together is ``binding``'s business.
"""

from __future__ import annotations

from collections.abc import Mapping as Document
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from email_contacts.contacts.choices import FAIL
from email_contacts.contacts.column_names import canonical
from email_contacts.contacts.mapping.faults import faults_of
from email_contacts.contacts.mapping.reading import Place, Written, read
from email_contacts.contacts.mapping.rules import ColumnRule as ColumnRule
from email_contacts.contacts.mapping.rules import Constant as Constant
from email_contacts.contacts.mapping.rules import rule_of
from email_contacts.contacts.mapping.schema_faults import check_schema
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.values.dates import EXCEL


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
        check_schema(written, "email_contacts.contacts", "schemas/mapping.schema.json")
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

    @property
    def serial_columns(self) -> dict[str, tuple[str, ...]]:
        """The columns that may hold serial days of Excel, each with its words for nothing."""
        return {
            rule.column: self.nulls if rule.nulls is None else rule.nulls
            for rule in self.rules
            if EXCEL in rule.formats
        }

    def place_of(self, rule: ColumnRule, setting: str = "") -> Place:
        """Give the place of a column's rule in the document, for ``written.wrong``.

        :param rule: one of these, though its column may be spelled as the source does.
        :param setting: a part of the rule, such as ``type``; empty for the rule as a whole.
        """
        place = ("columns", self.by_column[canonical(rule.column)].column)
        return (*place, setting) if setting else place
