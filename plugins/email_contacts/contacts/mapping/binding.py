"""A mapping bound to one source and one account: what each cell becomes.

Knows columns, attributes and types; reads no row itself. ``Binding.reader()`` is the per-row step, made
once so that a row costs no decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from email_contacts.contacts.checks import normalising
from email_contacts.contacts.errors import HeaderError, MappingError, NoIdentifierColumn, UnknownColumns
from email_contacts.contacts.mapping.attributes import AccountAttribute, by_name
from email_contacts.contacts.mapping.column_names import (
    EMAIL,
    EXT_ID,
    IDENTIFIERS,
    SMS,
    attribute_of,
    canonical,
    check_header,
)
from email_contacts.contacts.mapping.document import FAIL, ColumnRule, Mapping
from email_contacts.contacts.sources.rows import EMPTY, Row

Contact = dict[str, Any]
_LABELLED = ("category", "multiple_choice")


@dataclass(frozen=True)
class BoundColumn:
    """A column of the source that is sent.

    :param place: its index in a row.
    :param rule: what the mapping says of it, or what its name says.
    :param kind: ``email``, ``ext_id``, ``sms``, one of ``attributes.TYPES``, or ``value`` when the type
        is not known; the name of its rule in ``contact.schema.json``.
    :param labels: what may be chosen; empty when that is not known.
    """

    place: int
    rule: ColumnRule
    kind: str
    labels: tuple[str, ...] = ()

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
        normalise = self._normaliser()
        if text_only and self.kind in _FEW_VALUES:
            return normalising.Remembered(normalise, most=remembered).__getitem__
        return normalise

    def _normaliser(self) -> normalising.Normaliser:
        if self.kind == "category":
            return normalising.category(self.labels)
        if self.kind == "multiple_choice":
            return normalising.multiple_choice(self.labels, self.rule.separator)
        if self.kind == "date" and self.rule.format is not None:
            return normalising.date_in(self.rule.format)
        return _NORMALISERS[self.kind]


_NORMALISERS: dict[str, normalising.Normaliser] = {
    "email": normalising.email,
    "ext_id": normalising.text,
    "sms": normalising.sms,
    "text": normalising.text,
    "value": normalising.value,
    "number": normalising.number,
    "date": normalising.date,
    "boolean": normalising.boolean,
}
_FEW_VALUES = ("number", "date", "boolean", "category", "multiple_choice")
_CELLS_REMEMBERED = 1 << 17  # by all columns together: some 25 MB
_PLAIN_TEXT = ("text", "ext_id", "value")


@dataclass(frozen=True)
class Binding:
    """The columns of one source that are sent, in their order, and those that are dropped."""

    columns: tuple[BoundColumn, ...]
    dropped: tuple[str, ...] = ()

    def reader(self, *, text_only: bool) -> Callable[[Row], Contact]:
        """Give the function that makes a contact of a row's cells.

        The contact is as jsonBody wants it: ``{"email": ..., "attributes": {...}}``; EXT_ID and SMS travel
        as attributes (api-contract §3). Empty cells are left out, so that they erase nothing.

        :param text_only: whether all cells are text.
        """
        email_place = next((column.place for column in self.columns if column.attribute == EMAIL), None)
        email_of = normalising.email
        share = _CELLS_REMEMBERED // len(self.columns)
        steps = tuple(
            (column.place, column.attribute, column.normaliser(text_only=text_only, remembered=share))
            for column in self.columns
            if column.attribute != EMAIL
        )

        def contact_of(cells: Row) -> Contact:
            attributes: dict[str, Any] = {}
            for place, attribute, normalise in steps:
                value = normalise(cells[place])
                if value != EMPTY:
                    attributes[attribute] = value
            if email_place is None or (email := email_of(cells[email_place])) == EMPTY:
                return {"attributes": attributes}
            return {"email": email, "attributes": attributes}

        return contact_of


def bind(
    columns: Sequence[str],
    *,
    source: str,
    mapping: Mapping | None = None,
    account_attributes: Iterable[AccountAttribute] | None = None,
    unknown_columns: str = FAIL,
) -> Binding:
    """Find out what each column of a source becomes.

    Without a mapping the columns' names say it: EMAIL in its usual spellings, EXT_ID, SMS, else the attribute
    of that name. Types come from the mapping and the account; otherwise a cell of a CSV is text,
    and JSON says itself what it is.

    :param columns: the source's columns.
    :param source: its name, for messages.
    :param mapping: what its author says, or None.
    :param account_attributes: what the account has; None when that is not known: then any attribute will do.
    :param unknown_columns: ``"fail"``, or ``"drop"`` columns that lead nowhere, and name them.
    :raises HeaderError: when names are blank or repeated, or two columns become one attribute.
    :raises NoIdentifierColumn: when none becomes EMAIL, EXT_ID or SMS.
    :raises UnknownColumns: when columns lead nowhere and that is to fail.
    :raises MappingError: when the mapping names a column that is not there, or contradicts the account.
    """
    check_header(columns, source=source)
    if mapping is not None:
        _check_named_columns(mapping, columns, source)
    account = None if account_attributes is None else by_name(account_attributes)
    bound: list[BoundColumn] = []
    unmapped: list[str] = []
    not_in_account: list[str] = []
    for place, column in enumerate(columns):
        rule = _rule_for(column, mapping)
        if rule is None:
            unmapped.append(column)
        elif account is not None and rule.attribute not in IDENTIFIERS and rule.attribute not in account:
            not_in_account.append(column)
        else:
            bound.append(_bound(place, rule, account or {}))
    _check_targets(bound, columns, source)
    unknown = tuple(column for column in columns if column in {*unmapped, *not_in_account})
    if unknown and unknown_columns == FAIL:
        raise _unknown(unknown, unmapped, source)
    return Binding(columns=tuple(bound), dropped=unknown)


def _rule_for(column: str, mapping: Mapping | None) -> ColumnRule | None:
    if mapping is None:
        return ColumnRule(column=column, attribute=attribute_of(column))
    rule = mapping.by_column.get(canonical(column))
    return None if rule is None else replace(rule, column=column)


def _bound(place: int, rule: ColumnRule, account: dict[str, AccountAttribute]) -> BoundColumn:
    if rule.attribute in IDENTIFIERS:
        return BoundColumn(place, rule, {EMAIL: "email", EXT_ID: "ext_id", SMS: "sms"}[rule.attribute])
    known = account.get(rule.attribute)
    if known is None:
        return BoundColumn(place, rule, rule.type or "value", rule.labels)
    if rule.type not in (None, known.type):
        raise MappingError(
            f'The mapping says that {rule.attribute} (column "{rule.column}") is {rule.type}, but in the '
            f"account it is {known.type}, and the platform ignores values of the wrong type "
            "(api-contract §1.3). Mend the mapping."
        )
    strange = [label for label in rule.labels if known.labels and label not in known.labels]
    if strange:
        raise MappingError(
            f"The mapping allows {', '.join(strange)} for {rule.attribute}, which the account does not have. "
            f"It has {', '.join(known.labels)}."
        )
    return BoundColumn(place, rule, known.type, rule.labels or known.labels)


def _check_named_columns(mapping: Mapping, columns: Sequence[str], source: str) -> None:
    present = {canonical(column) for column in columns}
    absent = [column for column in mapping.columns if canonical(column) not in present]
    if absent:
        raise MappingError(
            f"The mapping names columns that {source} does not have: {', '.join(absent)}. "
            f"It has {', '.join(columns)}."
        )


def _check_targets(bound: Sequence[BoundColumn], columns: Sequence[str], source: str) -> None:
    first: dict[str, str] = {}
    for column in bound:
        if column.attribute in first:
            raise HeaderError(
                f'In {source} both "{first[column.attribute]}" and "{column.name}" become '
                f"{column.attribute}. Remove one, or name the one to use in a mapping."
            )
        first[column.attribute] = column.name
    if not set(IDENTIFIERS) & set(first):
        raise NoIdentifierColumn(
            f"{source} has no column that says who the contact is: one of EMAIL, EXT_ID or SMS "
            f"(api-contract §2.1). Its columns are {', '.join(columns)}. Rename one, or name it in a "
            f'mapping: {{"columns": {{"{columns[0]}": "EMAIL"}}}}.'
        )


def _unknown(unknown: Sequence[str], unmapped: Sequence[str], source: str) -> UnknownColumns:
    why = "the mapping does not name" if unmapped else "are attributes the account does not have"
    return UnknownColumns(
        f"{source} has columns that {why}: {', '.join(unknown)}. Map them to attributes of the account, "
        'create the attributes there, or drop the columns with unknown_columns="drop".',
        unknown,
    )
