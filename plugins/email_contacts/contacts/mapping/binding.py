"""A mapping bound to one source and one account: what each cell becomes.

Knows columns, attributes and types; reads no row itself. ``Binding.reader()`` is the per-row step, made
once so that a row costs no decisions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from email_contacts.contacts.choices import FAIL
from email_contacts.contacts.column_names import (
    EMAIL,
    EXT_ID,
    IDENTIFIERS,
    PHONES,
    attribute_of,
    canonical,
)
from email_contacts.contacts.header_names import check_header
from email_contacts.contacts.mapping.attributes import Account, AccountAttribute
from email_contacts.contacts.mapping.binding_faults import (
    check_against_account,
    check_named_columns,
    check_targets,
    unknown_columns_of,
)
from email_contacts.contacts.mapping.bound_column import BoundColumn as BoundColumn
from email_contacts.contacts.mapping.document import ColumnRule, Mapping
from email_contacts.contacts.mapping.fixed_values import bound_constants, with_default
from email_contacts.contacts.mapping.header_matching import matched
from email_contacts.contacts.sources.rows import EMPTY, Row
from email_contacts.contacts.values.normalising import NULLS

Contact = dict[str, Any]
_CELLS_REMEMBERED = 1 << 17  # by all columns together: some 25 MB


@dataclass(frozen=True)
class Binding:
    """How the columns of one source are mapped.

    :param columns: the columns that are sent, in the source's order.
    :param dropped: columns, then constants, that lead to no attribute and are left out by choice.
    :param constants: attributes that every contact gets, with their normalised, valid values.
    :param key_place: the index of the cell that names a row in the list of rejects, or None.
    """

    columns: tuple[BoundColumn, ...]
    dropped: tuple[str, ...] = ()
    constants: tuple[tuple[str, Any], ...] = ()
    key_place: int | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides what cells become, the columns' order included.

        Settings that are not used are left out, so that a later version with more of them says the same.
        """
        columns = [
            {name: value for name, value in asdict(column).items() if name != "place" and value}
            | {"rule": {name: value for name, value in asdict(column.rule).items() if value}}
            for column in self.columns
        ]
        said = json.dumps([columns, self.constants], sort_keys=True, default=str)
        return sha256(said.encode()).hexdigest()

    def reader(self, *, text_only: bool) -> Callable[[Row], Contact]:
        """Give the function that makes a contact of a row's cells.

        The contact is as jsonBody wants it: ``{"email": ..., "attributes": {...}}``; the other identifiers
        travel as attributes (api-contract §3). Empty cells become their column's default or are left out, so
        that they erase nothing. Constants come last.

        :param text_only: whether all cells are text.
        """
        email_column = next((column for column in self.columns if column.attribute == EMAIL), None)
        email_place = None if email_column is None else email_column.place
        share = _CELLS_REMEMBERED // len(self.columns)
        if email_column is not None:
            email_of = email_column.normaliser(text_only=text_only, remembered=share)
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

    Without a mapping the columns' names say it: an identifier in its usual spellings, else the attribute of
    that name, or the one that ``header_matching`` finds in the account. Types come from the mapping and the
    account; otherwise a cell of a CSV is text, and JSON says itself what it is.

    :param columns: the source's columns.
    :param source: its name, for messages.
    :param mapping: what its author says, or None.
    :param account_attributes: what the account has; None when that is not known: then any attribute will do.
    :param unknown_columns: ``"fail"``, or ``"drop"`` columns without an attribute, and name them.
    :raises HeaderError: when names are blank or repeated, or two columns become one attribute.
    :raises NoIdentifierColumn: when none becomes an identifier.
    :raises UnknownColumns: when columns have no attribute and that is to fail.
    :raises MappingError: when the mapping names a column that is not there, or contradicts the account.
    """
    check_header(columns, source=source)
    if mapping is not None:
        check_named_columns(mapping, columns, source)
    account = None if account_attributes is None else Account(account_attributes)
    names = matched(columns, account or Account(()))  # identifiers are known without an account, too
    key = None if mapping is None or mapping.key is None else canonical(mapping.key)
    key_place: int | None = None
    bound: list[BoundColumn] = []
    unknown: dict[str, ColumnRule | None] = {}
    for place, column in enumerate(columns):
        rule = _rule_for(column, mapping, names)
        if canonical(column) == key:
            key_place = place
        if rule is None:
            if place != key_place:
                unknown[column] = None
            continue
        known = None if account is None else account.find(rule.attribute)
        if rule.attribute in IDENTIFIERS or account is None:
            bound.append(_bound(place, rule, None, mapping))
        elif known is None or known.undocumented:
            unknown[column] = rule
        else:
            bound.append(_bound(place, rule, known, mapping))
    check_targets(bound, columns, source)
    constants, lost = bound_constants(mapping, account)
    if (unknown or lost) and unknown_columns == FAIL:
        raise unknown_columns_of(unknown, lost, mapping, source, account, columns)
    return Binding(tuple(bound), (*unknown, *lost), constants, key_place)


def phone_columns(
    columns: Sequence[str],
    *,
    mapping: Mapping | None = None,
    account_attributes: Iterable[AccountAttribute] | None = None,
) -> list[BoundColumn]:
    """Find the columns that become phone numbers, whatever else may be wrong with a source.

    :param columns: as for ``bind``, and so are the others.
    """
    names = matched(columns, Account(account_attributes or ()))
    rules = ((place, _rule_for(column, mapping, names)) for place, column in enumerate(columns))
    return [
        _bound(place, rule, None, mapping)
        for place, rule in rules
        if rule is not None and rule.attribute in PHONES
    ]


def _rule_for(column: str, mapping: Mapping | None, names: dict[str, str]) -> ColumnRule | None:
    if mapping is None:
        return ColumnRule(column=column, attribute=names.get(column) or attribute_of(column))
    rule = mapping.by_column.get(canonical(column))
    return None if rule is None else replace(rule, column=column)


def _bound(
    place: int, rule: ColumnRule, known: AccountAttribute | None, mapping: Mapping | None
) -> BoundColumn:
    nulls = NULLS if mapping is None else _nulls_of(rule, mapping)
    if rule.attribute in IDENTIFIERS:
        kind = {EMAIL: "email", EXT_ID: "ext_id"}.get(rule.attribute, "phone")
        return BoundColumn(place, rule, kind, nulls=nulls)
    if known is None:
        return with_default(BoundColumn(place, rule, rule.type or "value", rule.labels, nulls=nulls), mapping)
    if mapping is not None:
        check_against_account(rule, known, mapping)
    labels = rule.labels or known.labels
    rule = replace(rule, attribute=known.name)  # the account's spelling is sent
    return with_default(BoundColumn(place, rule, known.type, labels, codes=known.codes, nulls=nulls), mapping)


def _nulls_of(rule: ColumnRule, mapping: Mapping) -> tuple[str, ...]:
    """Give the words for nothing, with letters and their accents as one character and as two."""
    words = mapping.nulls if rule.nulls is None else rule.nulls
    if rule.nulls is not None and not words:
        return ()
    forms = (form for word in words for form in (word, normalize("NFC", word), normalize("NFD", word)))
    return tuple(dict.fromkeys((*NULLS, *forms)))
