"""Values that the mapping gives: the defaults of empty cells, and constants.

Knows the mapping, the account and how one value is checked. A value is made uniform and judged as a cell of
its attribute is, once, so that rows need not be.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from email_contacts.contacts.checks import schema
from email_contacts.contacts.mapping.attributes import Account
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.mapping.document import Mapping
from email_contacts.contacts.mapping.reading import Place
from email_contacts.contacts.mapping.rules import ColumnRule

Constants = tuple["tuple[str, Any]", ...]


def with_default(column: BoundColumn, mapping: Mapping | None) -> BoundColumn:
    """Return a column its default, where its rule has one.

    :raises MappingError: when it is not a value that the column may have.
    """
    if mapping is None or column.rule.default is None:
        return column
    place = mapping.place_of(column.rule, "default")
    return replace(column, default=_checked(column.rule.default, column, mapping, place))


def bound_constants(mapping: Mapping | None, account: Account | None) -> tuple[Constants, tuple[str, ...]]:
    """Find out what every contact gets.

    :param account: the account's attributes; None when they are not known.
    :return: attributes with their values, and the names of constants whose attribute the account lacks.
    :raises MappingError: when a value is not one that its attribute may have.
    """
    constants: list[tuple[str, Any]] = []
    lost: list[str] = []
    if mapping is None:
        return (), ()
    for constant in mapping.constants:
        known = None if account is None else account.find(constant.attribute)
        if account is not None and (known is None or known.undocumented):
            lost.append(constant.name)
            continue
        attribute = constant.attribute if known is None else known.name
        rule = ColumnRule(constant.name, attribute)
        kind, labels = (known.type, known.labels) if known is not None else ("value", ())
        value = _checked(
            constant.value, BoundColumn(-1, rule, kind, labels), mapping, ("constants", constant.name)
        )
        constants.append((attribute, value))
    return tuple(constants), tuple(lost)


def _checked(written: Any, column: BoundColumn, mapping: Mapping, place: Place) -> Any:
    value = replace(column, nulls=()).normaliser(text_only=False, remembered=0)(written)
    if not schema.is_valid(value, column.kind, column.labels):
        raise mapping.written.wrong(
            place, f"{column.attribute} takes {schema.description_of(column.kind, column.labels)}"
        )
    return value
