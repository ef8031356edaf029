"""The forms in which contacts are sent (api-contract §2.1).

Knows how a valid contact is written in each form: one at a time (``row``, the reference), and many at once of
columns whose values are plain (``rows``). Both give the same bytes.

====================  ====================================================================================
``json_body``         typed; a batch is the value of "jsonBody": a JSON array
``file_body``         half the bytes; a batch is the value of "fileBody": a JSON string that holds a CSV
``file_url``          one CSV of any size, which the platform fetches
====================  ====================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import orjson
import polars as pl

from email_contacts.contacts.batches import escaping
from email_contacts.contacts.batches.joining import Joined, Part, in_one
from email_contacts.contacts.choices import FILE_BODY, FILE_URL, JSON_BODY
from email_contacts.contacts.column_names import EMAIL
from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.mapping.binding import Binding, Contact

CHOICES_JOINED_BY = ","
# What a body ends with, and what each contact does.
TAILS = {JSON_BODY: b"]", FILE_BODY: b'"', FILE_URL: b""}
SEPARATORS = {JSON_BODY: b",", FILE_BODY: b"\\n", FILE_URL: b"\n"}


class NotWritable(ValueError):
    """A value that a form cannot write so that the platform reads the same; the message does not show it."""


@dataclass(frozen=True)
class Values:
    """A column of plain values: they hold nothing that the form would have to escape.

    :param attribute: what they are.
    :param text: one text for each row; empty where there is no value.
    :param is_literal: whether the text is a value of JSON as it stands, such as a number.
    :param may_be_empty: whether any is.
    """

    attribute: str
    text: pl.Expr
    is_literal: bool
    may_be_empty: bool


class Form(Protocol):
    """A form in which contacts are sent."""

    @property
    def head(self) -> bytes:
        """What a body begins with."""
        ...

    @property
    def tail(self) -> bytes:
        """What it ends with."""
        ...

    @property
    def separator(self) -> bytes:
        """What each row ends with; the last one of a body does not where there is a tail."""
        ...

    @property
    def special(self) -> str:
        """A pattern of what cannot be in a plain text."""
        ...

    @property
    def own_special(self) -> str:
        """What of that is neither a quote, nor a backslash, nor a control character: a text, or none."""
        ...

    def row(self, contact: Contact) -> bytes:
        """Write a contact, and the separator.

        :raises NotWritable: when the form cannot.
        """
        ...

    def literal(self, value: Any) -> str:
        """Write a value of an attribute as it stands in a row.

        :raises NotWritable: when the form cannot.
        """
        ...

    def escaped(self, text: pl.Expr) -> pl.Expr:
        """Write many texts as they stand between the quotes of a row, if there are any."""
        ...

    def rows(self, columns: Sequence[Values]) -> Joined:
        """Write many contacts, each with the separator."""
        ...


def form_of(name: str, binding: Binding) -> Form:
    """Give the form of a name for the contacts of a binding.

    :raises InvalidOption: when an option of a multiple choice cannot be told apart in that form.
    """
    if name == JSON_BODY:
        return JsonBody(binding.constants)
    several = [column for column in binding.columns if column.kind == "multiple_choice"]
    choices: list[tuple[str, Sequence[str]]] = [(column.attribute, column.labels) for column in several]
    choices += [(attribute, value) for attribute, value in binding.constants if isinstance(value, list)]
    for attribute, options in choices:
        if (option := next((one for one in options if CHOICES_JOINED_BY in one), None)) is not None:
            raise InvalidOption(
                f'body="{name}" joins options with commas, and {attribute} has the option "{option}". '
                f'Use body="{JSON_BODY}".'
            )
    attributes = [column.attribute for column in binding.columns]
    constants = dict(binding.constants)
    return CsvText((*attributes, *constants), constants, is_in_json=name == FILE_BODY)


def longest_contact(form: Form, limit: int) -> int:
    """Say how many bytes a contact may have, with its separator, so that a body holds it.

    :param limit: bytes that a body may have.
    """
    return limit - len(form.head) - len(form.tail) + len(form.separator)


@dataclass(frozen=True)
class JsonBody:
    """Elements of a JSON array.

    :param constants: attributes that every contact has, with their values.
    """

    constants: tuple[tuple[str, Any], ...] = ()
    head: ClassVar[bytes] = b"["
    tail: ClassVar[bytes] = b"]"
    separator: ClassVar[bytes] = b","
    special: ClassVar[str] = r'["\\\x00-\x1f]'
    own_special: ClassVar[str] = ""

    def row(self, contact: Contact) -> bytes:
        """Write a contact, and the comma after it."""
        return orjson.dumps(contact) + b","

    def literal(self, value: Any) -> str:
        """Write a value as JSON."""
        return orjson.dumps(value).decode()

    def escaped(self, text: pl.Expr) -> pl.Expr:
        """Write many texts as JSON, without the quotes around them."""
        return escaping.in_json(text)

    def rows(self, columns: Sequence[Values]) -> Joined:
        """Write many contacts: ``{"email":…,"attributes":{…}},``."""
        parts: list[Part] = ["{"]
        email = next((column for column in columns if column.attribute == EMAIL), None)
        if email is not None:
            parts += _optional(email, '"email":"', email.text, '",')
        parts.append('"attributes":{')
        members = [self._member(column) for column in columns if column.attribute != EMAIL]
        certain = [place for place, column in enumerate(members) if not column.may_be_empty]
        fixed = ",".join(f"{self.literal(name)}:{self.literal(value)}" for name, value in self.constants)
        if certain:
            # Beside a value that is there in any case it is known on which side the comma goes.
            for place, member in enumerate(members):
                before, after = ("", ",") if place < certain[0] else ("," if place > certain[0] else "", "")
                parts += _optional(member, before + member.key, member.text, member.close + after)
            parts.append(f",{fixed}" if fixed else "")
        elif fixed:
            for member in members:
                parts += _optional(member, member.key, member.text, f"{member.close},")
            parts.append(fixed)
        elif members:
            written = [
                pl.when(member.text != "").then(in_one([member.key, member.text, member.close]))
                for member in members
            ]
            parts.append(pl.concat_str(written, separator=",", ignore_nulls=True))
        return Joined([*parts, "}},"])

    def _member(self, column: Values) -> _Member:
        quote = "" if column.is_literal else '"'
        key = f"{self.literal(column.attribute)}:{quote}"
        return _Member(column.attribute, column.text, column.is_literal, column.may_be_empty, key, quote)


@dataclass(frozen=True)
class CsvText:
    """Lines of a CSV with semicolons, and a newline at their ends.

    :param header: the attributes, in the order of the cells.
    :param constants: attributes that every contact has, with their values.
    :param is_in_json: whether the text stands within a JSON string, and so has to be written for that.
    """

    header: tuple[str, ...]
    constants: dict[str, Any] = field(default_factory=dict)
    is_in_json: bool = False
    special: ClassVar[str] = r'[;"\\\x00-\x1f]'
    own_special: ClassVar[str] = ";"

    @property
    def head(self) -> bytes:
        """The header's line, behind the quote where there is one."""
        return (b'"' if self.is_in_json else b"") + self._line([_cell(name) for name in self.header])

    @property
    def tail(self) -> bytes:
        """The closing quote."""
        return b'"' if self.is_in_json else b""

    @property
    def separator(self) -> bytes:
        """The newline."""
        return b"\\n" if self.is_in_json else b"\n"

    def row(self, contact: Contact) -> bytes:
        """Write a contact's line."""
        attributes = contact["attributes"]
        return self._line(
            [
                _cell(contact.get("email", "") if name == EMAIL else attributes.get(name, ""))
                for name in self.header
            ]
        )

    def literal(self, value: Any) -> str:
        """Write a value as a cell."""
        return self._written(_cell(value))

    def escaped(self, text: pl.Expr) -> pl.Expr:
        """Write many texts as cells."""
        cell = escaping.in_quotes(text)
        return escaping.in_json(cell) if self.is_in_json else cell

    def rows(self, columns: Sequence[Values]) -> Joined:
        """Write many lines."""
        cells = [column.text for column in columns]
        rest = "".join(f";{self.literal(value)}" for value in self.constants.values())
        cells[-1] = pl.concat_str(cells[-1], pl.lit(rest + self.separator.decode()))
        return Joined(cells, separator=";")

    def _line(self, cells: Sequence[str]) -> bytes:
        return self._written(";".join(cells)).encode() + self.separator

    def _written(self, text: str) -> str:
        return orjson.dumps(text)[1:-1].decode() if self.is_in_json else text


def _cell(value: Any) -> str:
    """Write a value as a cell: the platform reads Yes and No, and choices with commas between (§2.1, §3)."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        if any(CHOICES_JOINED_BY in option for option in value):
            raise NotWritable(
                f'An option contains a comma, which joins options in this form. Use body="{JSON_BODY}".'
            )
        return escaping.quoted(CHOICES_JOINED_BY.join(value))
    return escaping.quoted(value) if isinstance(value, str) else orjson.dumps(value).decode()


@dataclass(frozen=True)
class _Member(Values):
    key: str
    close: str


def _optional(column: Values, before: str, text: pl.Expr, after: str) -> list[Part]:
    """Write a value between two texts, or nothing at all where it is empty."""
    if not column.may_be_empty:
        return [before, text, after]
    return [pl.when(text != "").then(in_one([before, text, after])).otherwise(pl.lit(""))]
