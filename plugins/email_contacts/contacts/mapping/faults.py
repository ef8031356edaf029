"""What no schema can say of a mapping: rules that do not make sense by themselves or together.

Knows rules and constants; neither a source nor an account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from email_contacts.contacts.column_names import EMAIL, IDENTIFIERS, SMS, attribute_of, canonical
from email_contacts.contacts.mapping.reading import Place
from email_contacts.contacts.mapping.rules import ColumnRule, Constant
from email_contacts.contacts.values import phones

Fault = tuple[Place, str]
# The names of months depend on the machine's locale, and two digits of a year do not say the century.
_DIRECTIVES = frozenset("YmdHMS%")


def faults_of(rules: Sequence[ColumnRule], constants: Sequence[Constant], key: str | None) -> Iterator[Fault]:
    """Walk the faults of a mapping, each with its place in the document."""
    named: dict[str, str] = {}
    filled: dict[str, str] = {}
    for rule in rules:
        place: Place = ("columns", rule.column)
        if (name := canonical(rule.column)) in named:
            yield place, f'"{named[name]}" and "{rule.column}" count as one name. Keep one of the columns'
        if rule.attribute in filled:
            yield place, f'"{filled[rule.attribute]}" fills {rule.attribute} already. Keep one of the two'
        named[name] = filled[rule.attribute] = rule.column
        yield from ((place + inner, fault) for inner, fault in _faults_of_rule(rule))
    for constant in constants:
        place = ("constants", constant.name)
        if constant.attribute in IDENTIFIERS:
            yield place, f"{constant.attribute} says who a contact is and cannot be the same for all"
        elif constant.attribute in filled:
            yield (
                place,
                f'"{filled[constant.attribute]}" fills {constant.attribute} already. Keep one of the two',
            )
        filled[constant.attribute] = constant.name
    if key is not None:
        becomes = {attribute_of(key)} | {
            rule.attribute for rule in rules if canonical(rule.column) == canonical(key)
        }
        if becomes & {EMAIL, SMS}:
            yield ("key",), f'the column "{key}" is personal, and the list of rejects shows the key as it is'


def _faults_of_rule(rule: ColumnRule) -> Iterator[Fault]:
    if rule.attribute in IDENTIFIERS:
        if rule.type not in (None, "text"):
            yield ("type",), f'{rule.attribute} is an identifier and has no type "{rule.type}". Leave it out'
        if rule.default is not None:
            yield ("default",), f"{rule.attribute} is an identifier and cannot have a default. Leave it out"
    if rule.format is not None:
        yield from _faults_of_format(rule.format)
    if rule.region is not None:
        if rule.attribute != SMS:
            yield ("region",), f"a region is for the column that becomes SMS, not {rule.attribute}"
        elif not phones.is_region(rule.region):
            yield ("region",), f'"{rule.region}" is no country of phone numbers. Great Britain is GB, say'
    meant: dict[str, bool] = {}
    for cell, means in rule.booleans:
        if meant.setdefault(cell.casefold(), means) is not means:
            yield ("booleans",), f'"{cell}" is given as true and as false'


def _faults_of_format(date_format: str) -> Iterator[Fault]:
    directives = re.findall("%(.?)", date_format)
    strange = [f"%{directive}" for directive in directives if directive not in _DIRECTIVES or not directive]
    missing = [f"%{needed}" for needed in "Ymd" if needed not in directives]
    if strange or missing:
        fault = f"{', '.join(strange)} is not supported" if strange else f"{', '.join(missing)} is missing"
        yield (
            ("format",),
            f'the date format "{date_format}" is wrong: {fault}. '
            'Use %Y, %m and %d, and %H %M %S for a time: "%d.%m.%Y"',
        )
