"""What a mapping says: one rule for each column, one constant for each attribute that all contacts get.

Knows names and settings as their author gave them; whether they make sense together is ``faults``' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from email_contacts.contacts.column_names import attribute_of

DEFAULT_SEPARATOR = "|"


@dataclass(frozen=True)
class ColumnRule:
    """What one column becomes.

    :param column: its name in the source.
    :param attribute: an identifier, or an attribute of the account as it is sent.
    :param type: one of ``attributes.TYPES``, or None: then the account's type, or text.
    :param formats: of a date, tried in order: strptime's directives, ``iso`` or ``excel``; none: year first.
    :param labels: what may be chosen of a category or multiple choice, or empty: then the account's.
    :param separator: between the choices of a multiple choice in one cell.
    :param spellings: what cells of a category say -> the label; the labels themselves are always read.
    :param booleans: what cells of a boolean say, in addition to true, yes, 1, false, no, 0 -> what is meant.
    :param decimal: of a number: what stands before the decimals; None: a point.
    :param thousands: of a number: what stands between groups of three digits; None: nothing.
    :param region: of a phone number: the country of numbers written without country code, such as ``"DE"``;
        None: every number has one.
    :param nulls: words that are empty cells, instead of the mapping's; None: the mapping's.
    :param default: what an empty cell becomes, as it is written; None: nothing.
    """

    column: str
    attribute: str
    type: str | None = None
    formats: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    separator: str = DEFAULT_SEPARATOR
    spellings: tuple[tuple[str, str], ...] = ()
    booleans: tuple[tuple[str, bool], ...] = ()
    decimal: str | None = None
    thousands: str | None = None
    region: str | None = None
    nulls: tuple[str, ...] | None = None
    default: Any = None


@dataclass(frozen=True)
class Constant:
    """An attribute that every contact gets.

    :param name: the attribute, as the author spells it.
    :param value: as it is written.
    """

    name: str
    value: Any

    @property
    def attribute(self) -> str:
        """The attribute as it is sent where no account says how it spells it."""
        return attribute_of(self.name)


def rule_of(column: str, said: str | dict[str, Any]) -> ColumnRule:
    """Make a rule of what the document says of a column; it keeps to the schema."""
    if isinstance(said, str):
        return ColumnRule(column=column, attribute=attribute_of(said))
    choices = said.get("categories") or said.get("options") or ()
    spellings = choices.items() if isinstance(choices, dict) else ()
    return ColumnRule(
        column=column,
        attribute=attribute_of(said["attribute"]),
        type=said.get("type"),
        formats=_listed(said.get("format")) or (),
        labels=tuple(dict.fromkeys(choices.values() if isinstance(choices, dict) else choices)),
        separator=said.get("separator", DEFAULT_SEPARATOR),
        spellings=tuple((cell.strip(), label) for cell, label in spellings),
        booleans=tuple(
            (cell.strip(), word == "true")
            for word, cells in said.get("booleans", {}).items()
            for cell in cells
        ),
        decimal=said.get("decimal"),
        thousands=said.get("thousands"),
        region=said.get("region"),
        nulls=_listed(said.get("nulls")),
        default=said.get("default"),
    )


def _listed(said: str | list[str] | None) -> tuple[str, ...] | None:
    """Return what may be written as one text or as several."""
    if said is None:
        return None
    return (said,) if isinstance(said, str) else tuple(said)
