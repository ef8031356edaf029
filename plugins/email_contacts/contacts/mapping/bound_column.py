"""A column of the source that is sent: what its cells are, and what makes them uniform.

Knows one column and its type; not how it came to have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from email_contacts.contacts.mapping.rules import ColumnRule
from email_contacts.contacts.sources.rows import EMPTY
from email_contacts.contacts.values import choices, dates, normalising, numerals, phones
from email_contacts.contacts.values.marks import bare

_NORMALISERS: dict[str, normalising.Normaliser] = {
    "email": normalising.email,
    "ext_id": normalising.ext_id,
    "text": normalising.text,
    "value": normalising.value,
    "number": numerals.number,
    "date": dates.date,
    "boolean": normalising.boolean,
}
# Of cells that came as days: formats are those of text, and a day is no identifier of a person.
_OF_DAYS: dict[str, normalising.Normaliser] = {"date": dates.date, "ext_id": normalising.refused}
_FEW_VALUES = ("number", "date", "boolean", "category", "multiple_choice")
_PLAIN_TEXT = ("text", "value")


@dataclass(frozen=True)
class BoundColumn:
    """A column of the source that is sent.

    :param place: its index in a row.
    :param rule: what the mapping says of it, or what its name says.
    :param kind: ``email``, ``ext_id``, ``phone``, one of ``attributes.TYPES``, or ``value`` when the type
        is not known; the name of its rule in ``contact.schema.json``.
    :param labels: what may be chosen; empty when that is not known.
    :param default: what an empty cell becomes, normalised and valid; ``""`` for nothing.
    :param codes: the account's numbers of the labels.
    :param nulls: words that are empty cells, exactly as they are written.
    """

    place: int
    rule: ColumnRule
    kind: str
    labels: tuple[str, ...] = ()
    default: Any = EMPTY
    codes: tuple[tuple[str, str], ...] = ()
    nulls: tuple[str, ...] = normalising.NULLS

    @property
    def name(self) -> str:
        """The column's name as the source spells it."""
        return self.rule.column

    @property
    def attribute(self) -> str:
        """What it becomes, as the account spells it."""
        return self.rule.attribute

    def normaliser(self, *, text_only: bool, remembered: int) -> normalising.Normaliser:
        """Return what makes its cells uniform.

        :param text_only: whether all cells are text; then there are quicker ways to the same.
        :param remembered: how many different cells may be remembered for that.
        """
        normalise = self._exact_normaliser()
        if text_only and self.kind in _PLAIN_TEXT:
            normalise = bare
        normalise = normalising.without(self.nulls, normalise, of_days=_OF_DAYS.get(self.kind))
        if text_only and self.kind in _FEW_VALUES:
            return normalising.Remembered(normalise, most=remembered).__getitem__
        return normalise

    def _exact_normaliser(self) -> normalising.Normaliser:
        rule = self.rule
        if self.kind == "phone":
            return partial(phones.phone, region=rule.region) if rule.region else phones.phone
        if self.kind == "boolean" and rule.booleans:
            return normalising.boolean_in(dict(rule.booleans))
        if self.kind == "category":
            return choices.category(self.labels, dict(rule.spellings), dict(self.codes))
        if self.kind == "multiple_choice":
            return choices.multiple_choice(self.labels, rule.separator)
        if self.kind == "date" and rule.formats:
            return dates.date_in(rule.formats)
        if self.kind == "number" and (rule.decimal or rule.thousands):
            return numerals.number_in(rule.decimal or numerals.POINT, rule.thousands)
        return _NORMALISERS[self.kind]
