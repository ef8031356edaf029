"""What no schema can say of a mapping: rules that do not make sense by themselves or together.

Knows rules and constants; neither a source nor an account.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from email_contacts.contacts.column_names import EMAIL, IDENTIFIERS, PHONES, attribute_of, canonical
from email_contacts.contacts.mapping.reading import Place
from email_contacts.contacts.mapping.rules import ColumnRule, Constant
from email_contacts.contacts.values import dates, phones
from email_contacts.contacts.values.numerals import POINT, alike

Fault = tuple[Place, str]


def faults_of(rules: Sequence[ColumnRule], constants: Sequence[Constant], key: str | None) -> Iterator[Fault]:
    """Walk the faults of a mapping, each with its place in the document."""
    named: dict[str, str] = {}
    filled: dict[str, str] = {}
    for rule in rules:
        place: Place = ("columns", rule.column)
        if (name := canonical(rule.column)) in named:
            yield place, f'"{named[name]}" and "{rule.column}" count as one name. Keep one of the columns'
        attribute = canonical(rule.attribute)
        if attribute in filled:
            yield place, f'"{filled[attribute]}" fills {rule.attribute} already. Keep one of the two'
        named[name] = filled[attribute] = rule.column
        yield from ((place + inner, fault) for inner, fault in _faults_of_rule(rule))
    for constant in constants:
        place, attribute = ("constants", constant.name), canonical(constant.attribute)
        if constant.attribute in IDENTIFIERS:
            yield place, f"{constant.attribute} says who a contact is and cannot be the same for all"
        elif attribute in filled:
            yield place, f'"{filled[attribute]}" fills {constant.attribute} already. Keep one of the two'
        filled[attribute] = constant.name
    if key is not None:
        becomes = {attribute_of(key)} | {
            rule.attribute for rule in rules if canonical(rule.column) == canonical(key)
        }
        if becomes & {EMAIL, *PHONES}:
            yield ("key",), f'the column "{key}" is personal, and the list of rejects shows the key as it is'


def _faults_of_rule(rule: ColumnRule) -> Iterator[Fault]:
    if rule.attribute in IDENTIFIERS:
        if rule.type not in (None, "text"):
            yield ("type",), f'{rule.attribute} is an identifier and has no type "{rule.type}". Leave it out'
        if rule.default is not None:
            yield ("default",), f"{rule.attribute} is an identifier and cannot have a default. Leave it out"
    for said in rule.formats:
        if fault := dates.faults_of(said):
            yield (
                ("format",),
                f'the date format "{said}" is wrong: {fault}. '
                'Use %Y, %m and %d, as in "%d.%m.%Y"; or "iso"; or "excel" for serial days',
            )
    decimal = rule.decimal or POINT
    if rule.thousands is not None and decimal in alike(rule.thousands):
        yield (
            ("thousands",),
            f'"{rule.thousands}" cannot stand in both places. Name what stands before decimals as "decimal"',
        )
    if rule.region is not None:
        if rule.attribute not in PHONES:
            yield ("region",), f"a region is for a column of {', '.join(PHONES)}, not {rule.attribute}"
        elif not phones.is_region(rule.region):
            yield (
                ("region",),
                f'"{rule.region}" is not a country with phone numbers; use an ISO 3166 code, such as GB',
            )
    meant: dict[str, bool] = {}
    for cell, means in rule.booleans:
        if meant.setdefault(cell.casefold(), means) is not means:
            yield ("booleans",), f'"{cell}" is listed both as true and as false'
