"""A mapping proposed from a source's header and first rows.

Knows names (``synonyms``), cells (``column_profile``) and the account's attributes. What cannot be told is
asked, not guessed: such a column leads nowhere until somebody answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from email_contacts.contacts.column_names import EMAIL, EXT_ID, LANDLINE, PHONES, SMS, WHATSAPP
from email_contacts.contacts.errors import NoIdentifierColumn
from email_contacts.contacts.header_names import check_header, shown_names
from email_contacts.contacts.mapping import synonyms
from email_contacts.contacts.mapping.attributes import Account, AccountAttribute
from email_contacts.contacts.mapping.column_profile import ColumnProfile
from email_contacts.contacts.mapping.rules import ColumnRule

_SEPARATORS = ("|", ";", ",", "/")
_KINDS = {EMAIL: "email", EXT_ID: "ext_id"} | dict.fromkeys(PHONES, "phone")
_ATTRIBUTES_OF_PEOPLE = (
    *(synonyms.FIRSTNAME, synonyms.LASTNAME, synonyms.FULLNAME),
    *("BIRTHDAY", "STREET", "COMPANY"),
)
_DAY_FIRST = "Is 03/04 the 3rd of April or the 4th of March? All cells fit both. Keep the line that is right."


@dataclass(frozen=True)
class Line:
    """What is proposed for one column.

    :param column: its name.
    :param rules: what it becomes: one rule, several where somebody must choose, or none.
    :param note: what there is to say of it: counts and types, no value.
    """

    column: str
    rules: tuple[ColumnRule, ...] = ()
    note: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.rules) == 1


def propose(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    source: str,
    account_attributes: Iterable[AccountAttribute] | None = None,
    region: str | None = None,
) -> tuple[Line, ...]:
    """Propose what the columns of a source become.

    :param columns: the source's columns.
    :param rows: the first rows.
    :param source: its name, for messages.
    :param account_attributes: what the account has; None when that is not known: then any attribute will do.
    :param region: the country of phone numbers without country code.
    :return: one line for each column, in their order.
    :raises HeaderError: when names are blank or repeated.
    :raises NoIdentifierColumn: when no column looks as if it said who the contact is.
    """
    check_header(columns, source=source)
    looks = [ColumnProfile(column, (row[place] for row in rows)) for place, column in enumerate(columns)]
    proposer = _Proposer(looks, None if account_attributes is None else Account(account_attributes), region)
    lines = tuple(map(proposer.line, looks))
    if not any(line.is_settled and line.rules[0].attribute in _KINDS for line in lines):
        raise NoIdentifierColumn(
            f"No column of {source} looks as if it said who the contact is: an e-mail address, a number of "
            "your own that comes once, or a phone number with its country code (or with --region). "
            f"Its columns are {shown_names(columns)}. Name one in a mapping of your own."
        )
    return lines


class _Proposer:
    """Decides for one column after the other; an attribute is filled once."""

    def __init__(self, looks: Sequence[ColumnProfile], account: Account | None, region: str | None) -> None:
        self._account = account
        self._region = region
        self._groups = {one.column: synonyms.group_of(one.column) for one in looks}
        present = set(self._groups.values())
        if synonyms.FIRSTNAME in present and synonyms.LASTNAME not in present:
            # "Name" beside "Vorname" is the last name.
            self._groups = {
                column: synonyms.LASTNAME if group == synonyms.FULLNAME else group
                for column, group in self._groups.items()
            }
        self._identifiers: dict[str, ColumnRule] = {}
        for attribute, first, second in (
            (EMAIL, EMAIL, None),
            (EXT_ID, EXT_ID, synonyms.ID),
            (SMS, SMS, synonyms.PHONE),
            (WHATSAPP, WHATSAPP, None),
            (LANDLINE, LANDLINE, None),
        ):
            named = [one for one in looks if self._groups[one.column] == first]
            named += [one for one in looks if second and self._groups[one.column] == second]
            others = [one for one in looks if attribute == EMAIL and one not in named]
            fitting = (one for one in (*named, *others) if self._fits(one, attribute))
            chosen = next(fitting, None) or next((one for one in named if not one.count), None)
            if chosen is not None:
                self._identifiers[chosen.column] = self._identifier(chosen, attribute)
        self._filled = {rule.attribute: column for column, rule in self._identifiers.items()}

    def line(self, one: ColumnProfile) -> Line:
        rule = self._identifiers.get(one.column)
        if rule is not None:
            return Line(one.column, (rule,), _misfits(one, rule, _KINDS[rule.attribute]))
        group = self._groups[one.column]
        attribute = self._attribute_of(one, group)
        if attribute is None:
            return Line(one.column, note=self._nowhere(one, group))
        if attribute in self._filled:
            return Line(one.column, note=f"{self._filled[attribute]!r} fills {attribute} already")
        self._filled[attribute] = one.column
        rule = ColumnRule(one.column, attribute)
        known = None if self._account is None else self._account.find(attribute)
        return _by_cells(one, rule, group) if known is None else _by_account(one, rule, known)

    def _identifier(self, one: ColumnProfile, attribute: str) -> ColumnRule:
        return ColumnRule(one.column, attribute, region=self._region if attribute in PHONES else None)

    def _fits(self, one: ColumnProfile, attribute: str) -> bool:
        """Say whether a column's cells are such identifiers; a mere "id" must also tell rows apart."""
        if self._groups[one.column] == synonyms.ID and not one.are_different():
            return False
        return one.fit(self._identifier(one, attribute), _KINDS[attribute])

    def _attribute_of(self, one: ColumnProfile, group: str | None) -> str | None:
        """Find the attribute that a column becomes by its name, or None."""
        if self._account is None:
            if group in _ATTRIBUTES_OF_PEOPLE or not synonyms.is_personal(one.column):
                email = ColumnRule(one.column, EMAIL)
                return None if one.fit(email, "email") else group or _attribute_name(one.column)
            return _attribute_name(one.column) if group == synonyms.ID else None
        attributes = (known for known in self._account.attributes if not known.undocumented)
        names = [known.name for known in attributes if known.name not in _KINDS]
        same = [name for name in names if synonyms.folded(name) == synonyms.folded(one.column)]
        alike = [name for name in names if group is not None and synonyms.group_of(name) == group]
        return next(iter(same + alike), None)

    def _nowhere(self, one: ColumnProfile, group: str | None) -> str:
        if group in (SMS, synonyms.PHONE) and SMS not in self._filled and one.count:
            return "most numbers have no country code; give their country as --region"
        if self._account is None:
            return "looks personal, like notes or a second identifier; send it only on purpose"
        return "the account has no attribute with this name"


def _by_account(one: ColumnProfile, rule: ColumnRule, known: AccountAttribute) -> Line:
    """Bring the cells to the type that the account says."""
    if known.type == "date" and one.count:
        return _dates(one, rule) or Line(one.column, (rule,), _misfits(one, rule, "date") or "date")
    if known.type == "boolean":
        words = one.booleans()
        if words:
            rule = replace(rule, type="boolean", booleans=words)
    if known.type == "multiple_choice" and one.count:
        rules = [replace(rule, type="multiple_choice", separator=said) for said in _SEPARATORS]
        best = min(rules, key=lambda tried: one.misfits(tried, "multiple_choice", known.labels))
        rule = rule if best is rules[0] else best
    return Line(one.column, (rule,), _misfits(one, rule, known.type, known.labels) or known.type)


def _by_cells(one: ColumnProfile, rule: ColumnRule, group: str | None) -> Line:
    """Find the type in the cells."""
    if group == synonyms.POSTAL_CODE:  # a code of digits is no number
        return Line(one.column, (rule,))
    if (dates := _dates(one, rule)) is not None:
        return dates
    personal = synonyms.is_personal(one.column)
    if not personal and (words := one.booleans()) is not None:
        return Line(one.column, (replace(rule, type="boolean", booleans=words),))
    if not personal and one.are_numbers():
        rule = replace(rule, type="number")
        return Line(one.column, (rule,), _misfits(one, rule, "number"))
    if not personal and (labels := one.labels()):
        rule = replace(rule, type="category", labels=labels)
        return Line(one.column, (rule,), _misfits(one, rule, "category", labels))
    return Line(one.column, (rule,))


def _dates(one: ColumnProfile, rule: ColumnRule) -> Line | None:
    rules = tuple(replace(rule, type="date", formats=said) for said in one.date_formats())
    if not rules:
        return None
    if len(rules) > 1:
        return Line(one.column, rules, _DAY_FIRST)
    return Line(one.column, rules, _misfits(one, rules[0], "date"))


def _misfits(one: ColumnProfile, rule: ColumnRule, kind: str, labels: Sequence[str] = ()) -> str:
    count = one.misfits(rule, kind, labels)
    return f"{kind}; {count:,} of {one.count:,} cells would be rejected" if count else ""


def _attribute_name(column: str) -> str:
    """Make a name for an attribute: capitals, digits and _, as the platform has them."""
    words = "".join(letter if letter.isalnum() else " " for letter in column.strip())
    return "_".join(synonyms.folded(word) for word in words.split()).upper() or "ATTRIBUTE"
