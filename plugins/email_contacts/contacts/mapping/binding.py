"""A mapping bound to one source and one account: what each cell becomes.

Knows columns, attributes and types; reads no row itself. ``Binding.reader()`` is the per-row step, made
once so that a row costs no decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from email_contacts.contacts.choices import FAIL
from email_contacts.contacts.column_names import (
    EMAIL,
    EXT_ID,
    IDENTIFIERS,
    SMS,
    attribute_of,
    canonical,
)
from email_contacts.contacts.errors import HeaderError, NoIdentifierColumn, UnknownColumns
from email_contacts.contacts.header_names import check_header, shown_names
from email_contacts.contacts.mapping.attributes import AccountAttribute, by_name
from email_contacts.contacts.mapping.bound_column import BoundColumn as BoundColumn
from email_contacts.contacts.mapping.document import ColumnRule, Mapping
from email_contacts.contacts.mapping.fixed_values import bound_constants, with_default
from email_contacts.contacts.sources.rows import EMPTY, Row
from email_contacts.contacts.values import normalising

Contact = dict[str, Any]
_CELLS_REMEMBERED = 1 << 17  # by all columns together: some 25 MB


@dataclass(frozen=True)
class Binding:
    """What becomes of one source.

    :param columns: the columns that are sent, in the source's order.
    :param dropped: columns, then constants, that lead to no attribute and are left out by choice.
    :param constants: attributes that every contact gets, with their normalised, valid values.
    :param key_place: the index of the cell that names a row in the list of rejects, or None.
    """

    columns: tuple[BoundColumn, ...]
    dropped: tuple[str, ...] = ()
    constants: tuple[tuple[str, Any], ...] = ()
    key_place: int | None = None

    def reader(self, *, text_only: bool) -> Callable[[Row], Contact]:
        """Give the function that makes a contact of a row's cells.

        The contact is as jsonBody wants it: ``{"email": ..., "attributes": {...}}``; EXT_ID and SMS travel
        as attributes (api-contract §3). Empty cells become their column's default or are left out, so that
        they erase nothing. Constants come last.

        :param text_only: whether all cells are text.
        """
        email_place = next((column.place for column in self.columns if column.attribute == EMAIL), None)
        email_of = normalising.email
        share = _CELLS_REMEMBERED // len(self.columns)
        constants = dict(self.constants)
        steps = tuple(
            (
                column.place,
                column.attribute,
                column.normaliser(text_only=text_only, remembered=share),
                column.default,
            )
            for column in self.columns
            if column.attribute != EMAIL
        )

        def contact_of(cells: Row) -> Contact:
            attributes: dict[str, Any] = {}
            for place, attribute, normalise, default in steps:
                value = normalise(cells[place])
                if value != EMPTY:
                    attributes[attribute] = value
                elif default != EMPTY:
                    attributes[attribute] = default
            attributes |= constants
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
    key = None if mapping is None or mapping.key is None else canonical(mapping.key)
    key_place: int | None = None
    bound: list[BoundColumn] = []
    unknown: dict[str, ColumnRule | None] = {}
    for place, column in enumerate(columns):
        rule = _rule_for(column, mapping)
        if canonical(column) == key:
            key_place = place
        if rule is None:
            if place != key_place:
                unknown[column] = None
        elif account is not None and rule.attribute not in IDENTIFIERS and rule.attribute not in account:
            unknown[column] = rule
        else:
            bound.append(_bound(place, rule, account or {}, mapping))
    _check_targets(bound, columns, source)
    constants, lost = bound_constants(mapping, account)
    if (unknown or lost) and unknown_columns == FAIL:
        raise _unknown(unknown, lost, mapping, source, columns)
    return Binding(tuple(bound), (*unknown, *lost), constants, key_place)


def _rule_for(column: str, mapping: Mapping | None) -> ColumnRule | None:
    if mapping is None:
        return ColumnRule(column=column, attribute=attribute_of(column))
    rule = mapping.by_column.get(canonical(column))
    return None if rule is None else replace(rule, column=column)


def _bound(
    place: int, rule: ColumnRule, account: dict[str, AccountAttribute], mapping: Mapping | None
) -> BoundColumn:
    if rule.attribute in IDENTIFIERS:
        return BoundColumn(place, rule, {EMAIL: "email", EXT_ID: "ext_id", SMS: "sms"}[rule.attribute])
    known = account.get(rule.attribute)
    kind, labels = rule.type or "value", rule.labels
    if known is not None and mapping is not None:
        _check_against_account(rule, known, mapping)
    if known is not None:
        kind, labels = known.type, rule.labels or known.labels
    return with_default(BoundColumn(place, rule, kind, labels), mapping)


def _check_against_account(rule: ColumnRule, known: AccountAttribute, mapping: Mapping) -> None:
    if rule.type not in (None, known.type):
        raise mapping.written.wrong(
            mapping.place_of(rule, "type"),
            f'{rule.attribute} (column "{rule.column}") is {rule.type}, but in the account it is '
            f"{known.type}, and the platform ignores values of the wrong type (api-contract §1.3). "
            "Give that type, or leave it out",
        )
    strange = [label for label in rule.labels if known.labels and label not in known.labels]
    if strange:
        raise mapping.written.wrong(
            mapping.place_of(rule, "categories" if rule.type == "category" else "options"),
            f"{', '.join(strange)} may not be chosen for {rule.attribute} in the account. "
            f"It has {', '.join(known.labels)}",
        )


def _check_named_columns(mapping: Mapping, columns: Sequence[str], source: str) -> None:
    present = {canonical(column) for column in columns}
    absent = [column for column in mapping.columns if canonical(column) not in present]
    if absent:
        place = ("columns", absent[0]) if canonical(absent[0]) in mapping.by_column else ("key",)
        raise mapping.written.wrong(
            place,
            f"it names columns that {source} does not have: {', '.join(absent)}. "
            f"It has {shown_names(columns)}",
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
            f"(api-contract §2.1). Its columns are {shown_names(columns)}. Rename one, or name it in a "
            'mapping: {"columns": {"name of the column": "EMAIL"}}.'
        )


def _unknown(
    unknown: dict[str, ColumnRule | None],
    lost: Sequence[str],
    mapping: Mapping | None,
    source: str,
    columns: Sequence[str],
) -> UnknownColumns:
    unmapped = [column for column, rule in unknown.items() if rule is None]
    not_in_account = [rule for rule in unknown.values() if rule is not None]
    said = []
    if unmapped:
        names = shown_names(unmapped, header=columns)
        said.append(f"{source} has columns that the mapping does not name: {names}.")
    if mapping is None:
        names = shown_names([rule.column for rule in not_in_account], header=columns)
        said.append(f"{source} has columns that are attributes the account does not have: {names}.")
    elif not_in_account or lost:
        places = {rule.attribute: mapping.place_of(rule) for rule in not_in_account}
        places |= {name: ("constants", name) for name in lost}
        names = ", ".join(map(mapping.written.with_line, places, places.values()))
        said.append(f"The mapping fills attributes that the account does not have: {names}.")
    return UnknownColumns(
        f"{' '.join(said)} Map them to attributes of the account, create the attributes there, or drop "
        'them with unknown_columns="drop".',
        (*unknown, *lost),
    )
