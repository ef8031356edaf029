"""A column of the source that is sent: what its cells are, and what makes them uniform.

Knows one column and its type; not how it came to have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from email_contacts.contacts.mapping.rules import ColumnRule
from email_contacts.contacts.sources.rows import EMPTY
from email_contacts.contacts.values import normalising, phones

_NORMALISERS: dict[str, normalising.Normaliser] = {
    "email": normalising.email,
    "ext_id": normalising.text,
    "text": normalising.text,
    "value": normalising.value,
    "number": normalising.number,
    "date": normalising.date,
    "boolean": normalising.boolean,
}
_FEW_VALUES = ("number", "date", "boolean", "category", "multiple_choice")
_PLAIN_TEXT = ("text", "ext_id", "value")


@dataclass(frozen=True)
class BoundColumn:
    """A column of the source that is sent.

    :param place: its index in a row.
    :param rule: what the mapping says of it, or what its name says.
    :param kind: ``email``, ``ext_id``, ``sms``, one of ``attributes.TYPES``, or ``value`` when the type
        is not known; the name of its rule in ``contact.schema.json``.
    :param labels: what may be chosen; empty when that is not known.
    :param default: what an empty cell becomes, normalised and valid; ``""`` for nothing.
    """

    place: int
    rule: ColumnRule
    kind: str
    labels: tuple[str, ...] = ()
    default: Any = EMPTY

    @property
    def name(self) -> str:
        """The column's name as the source spells it."""
        return self.rule.column

    @property
    def attribute(self) -> str:
        """What it becomes."""
        return self.rule.attribute

    def normaliser(self, *, text_only: bool, remembered: int) -> normalising.Normaliser:
        """Give what makes its cells uniform.

        :param text_only: whether all cells are text; then there are quicker ways to the same.
        :param remembered: how many different cells may be remembered for that.
        """
        if text_only and self.kind in _PLAIN_TEXT:
            return str.strip
        normalise = self._exact_normaliser()
        if text_only and self.kind in _FEW_VALUES:
            return normalising.Remembered(normalise, most=remembered).__getitem__
        return normalise

    def _exact_normaliser(self) -> normalising.Normaliser:
        if self.kind == "sms":
            return partial(phones.sms, region=self.rule.region) if self.rule.region else phones.sms
        if self.kind == "boolean" and self.rule.booleans:
            return normalising.boolean_in(dict(self.rule.booleans))
        if self.kind == "category":
            return normalising.category(self.labels, dict(self.rule.spellings))
        if self.kind == "multiple_choice":
            return normalising.multiple_choice(self.labels, self.rule.separator)
        if self.kind == "date" and self.rule.format is not None:
            return normalising.date_in(self.rule.format)
        return _NORMALISERS[self.kind]
