"""A mapping proposed from a source's header and first rows.

Knows names (``synonyms``), cells (``column_profile``) and the account's attributes. What cannot be told is
asked, not guessed: such a column leads nowhere until somebody answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from email_contacts.contacts import consent_names
from email_contacts.contacts.column_names import EMAIL, EXT_ID, LANDLINE, PHONES, SMS, WHATSAPP
from email_contacts.contacts.errors import NoIdentifierColumn
from email_contacts.contacts.header_names import check_header, shown_names
from email_contacts.contacts.mapping import cell_types, null_words, synonyms
from email_contacts.contacts.mapping.attributes import Account, AccountAttribute
from email_contacts.contacts.mapping.cell_types import Fitting
from email_contacts.contacts.mapping.column_profile import ColumnProfile, could_be_people
from email_contacts.contacts.mapping.null_words import ColumnNulls
from email_contacts.contacts.mapping.rules import ColumnRule
from email_contacts.contacts.values.normalising import NO_IDENTIFIERS

_KINDS = {EMAIL: "email", EXT_ID: "ext_id"} | dict.fromkeys(PHONES, "phone")
_ATTRIBUTES_OF_PEOPLE = (
    *(synonyms.FIRSTNAME, synonyms.LASTNAME, synonyms.FULLNAME),
    *(synonyms.BIRTHDAY, "STREET", "COMPANY"),
)
_TYPES = ("number", "date", "boolean")


@dataclass(frozen=True)
class Line:
    """What is proposed for one column.

    :param column: its name.
    :param rules: what it becomes: one rule, several where somebody must choose, or none.
    :param note: what there is to say of it: counts and types, no value.
    :param question: what somebody has to decide before the column can be sent.
    """

    column: str
    rules: tuple[ColumnRule, ...] = ()
    note: str = ""
    question: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.rules) == 1 and not self.question


@dataclass(frozen=True)
class Proposal:
    """What is proposed for a source.

    :param lines: one for each column, in their order.
    :param nulls: null values of all columns.
    """

    lines: tuple[Line, ...]
    nulls: tuple[str, ...] = ()


def propose(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    source: str,
    account_attributes: Iterable[AccountAttribute] | None = None,
    region: str | None = None,
) -> Proposal:
    """Propose what the columns of a source become.

    :param columns: the source's columns.
    :param rows: the first rows.
    :param source: its name, for messages.
    :param account_attributes: what the account has; None when that is not known: then any attribute will do.
    :param region: the country of phone numbers without country code.
    :raises HeaderError: when names are blank or repeated.
    :raises NoIdentifierColumn: when no column looks as if it said who the contact is.
    """
    check_header(columns, source=source)
    looks = [ColumnProfile(column, (row[place] for row in rows)) for place, column in enumerate(columns)]
    account = None if account_attributes is None else Account(account_attributes)
    proposer = _Proposer([one.without(one.words(null_words.may_be_null)) for one in looks], account, region)
    lines = [
        _on_consent(proposer.line(filled, one)) for filled, one in zip(proposer.looks, looks, strict=True)
    ]
    if not any(line.is_settled and line.rules[0].attribute in _KINDS for line in lines):
        raise NoIdentifierColumn(
            f"No column of {source} looks as if it said who the contact is: an e-mail address, a number of "
            "your own that comes once, or a phone number with its country code (or with --region). "
            f"Its columns: {shown_names(columns)}. Name one in a mapping of your own."
        )
    return _with_nulls(lines, looks, account)


class _Proposer:
    """Decides for one column after the other; an attribute is filled once.

    :param looks: the columns without any word that may be a null value.
    """

    def __init__(self, looks: Sequence[ColumnProfile], account: Account | None, region: str | None) -> None:
        self.looks = looks
        self._account = account
        self._region = region
        self._groups = {one.column: synonyms.group_of(one.column) for one in looks}
        present = set(self._groups.values())
        if synonyms.FIRSTNAME in present and synonyms.LASTNAME not in present:
            # "Name" next to "Vorname" is the last name.
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

    def line(self, one: ColumnProfile, said: ColumnProfile) -> Line:
        """Propose what a column becomes.

        :param said: the column as it is.
        """
        rule = self._identifiers.get(one.column)
        if rule is not None:
            return Line(one.column, (rule,), _misfits(one, rule, _KINDS[rule.attribute]))
        if one.are_objects():
            note = f"JSON objects; of a query, name their fields as columns: {one.column}.FIELD"
            return Line(one.column, note=note)
        group = self._groups[one.column]
        attribute = self._attribute_of(one, group)
        if attribute is None:
            return Line(one.column, note=self._nowhere(one, group))
        if attribute in self._filled:
            return Line(one.column, note=f"{self._filled[attribute]!r} fills {attribute} already")
        self._filled[attribute] = one.column
        rule = ColumnRule(one.column, attribute)
        known = None if self._account is None else self._account.find(attribute)
        if known is not None:
            return _by_account(one, said, rule, known)
        return _by_cells(one, said.without(said.words(null_words.is_null_in_text)), rule, group)

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


def _by_account(one: ColumnProfile, said: ColumnProfile, rule: ColumnRule, known: AccountAttribute) -> Line:
    """Bring the cells to the type that the account says."""
    found: Fitting | None = None
    if known.type == "date":
        found = cell_types.dates(one, rule, are_meant=True)
    elif known.type == "number":
        found = cell_types.numbers(one, rule)
    elif known.type == "boolean":
        found = cell_types.booleans(one, rule, are_meant=True)
    elif known.type == "multiple_choice":
        found = cell_types.several(said, rule, known.labels)
    if found is None or found == Fitting((replace(rule, type=known.type),)):  # the account says the type
        found = Fitting((rule,))
    judged = one if known.type in _TYPES else said
    return _line(judged, found, known.type, known.labels, note=known.type)


def _by_cells(one: ColumnProfile, text: ColumnProfile, rule: ColumnRule, group: str | None) -> Line:
    """Find the type in the cells.

    :param one: without any word that may be a null value.
    :param text: without those that are null values in text.
    """
    if group == synonyms.POSTAL_CODE:  # a code of digits is no number
        return Line(one.column, (rule,))
    if found := cell_types.dates(one, rule, are_meant=group == synonyms.BIRTHDAY):
        return _line(one, found, "date")
    if synonyms.is_personal(one.column):
        return Line(one.column, (rule,))
    if found := cell_types.booleans(one, rule, are_likely=synonyms.is_yes_or_no(one.column)):
        return _line(one, found, "boolean")
    if found := cell_types.numbers(one, rule):
        return _line(one, found, "number")
    may_be_shown = synonyms.is_category(one.column)
    if found := cell_types.several(text, rule):
        labels = found.rules[0].labels
        if not may_be_shown and could_be_people(labels):
            return Line(one.column, (rule,))
        return _line(text, found, "multiple_choice", labels)
    if (labels := text.labels()) and (may_be_shown or not could_be_people(labels)):
        return _line(text, Fitting((replace(rule, type="category", labels=labels),)), "category", labels)
    return Line(one.column, (rule,))


def _line(
    one: ColumnProfile, found: Fitting, kind: str, labels: Sequence[str] = (), *, note: str = ""
) -> Line:
    if found.question:
        return Line(one.column, found.rules, question=found.question)
    note = _misfits(one, found.rules[0], kind, labels) or note
    if kind == "date" and "rejected" in note and cell_types.has_short_years(one):
        note += ", as years of two digits do not say the century"
    return Line(one.column, found.rules, note)


def _misfits(one: ColumnProfile, rule: ColumnRule, kind: str, labels: Sequence[str] = ()) -> str:
    count = one.misfits(rule, kind, labels)
    return f"{kind}; {count:,} of {one.count:,} cells would be rejected" if count else ""


def _with_nulls(lines: Sequence[Line], looks: Sequence[ColumnProfile], account: Account | None) -> Proposal:
    """Add the null values: those of all columns once, others to their column."""
    nulls = {
        line.column: _nulls_of(line.rules[0], one, account)
        for line, one in zip(lines, looks, strict=True)
        if line.rules
    }
    everywhere = null_words.of_all(list(nulls.values()))
    return Proposal(
        tuple(_with_own(line, nulls[line.column], everywhere) if line.rules else line for line in lines),
        everywhere,
    )


def _nulls_of(rule: ColumnRule, one: ColumnProfile, account: Account | None) -> ColumnNulls:
    known = None if account is None else account.find(rule.attribute)
    if rule.attribute == EXT_ID:
        return ColumnNulls.of_a_type(one, known=NO_IDENTIFIERS)
    if rule.attribute in _KINDS or (rule.type if known is None else known.type) in _TYPES:
        return ColumnNulls.of_a_type(one)
    labels = rule.labels or (() if known is None else known.labels)
    return ColumnNulls.of_texts(one, is_personal=synonyms.is_personal(one.column), labels=labels)


def _with_own(line: Line, nulls: ColumnNulls, everywhere: Sequence[str]) -> Line:
    own = sorted(nulls.certain.keys() - set(everywhere))
    rules = line.rules
    if own:
        rules = tuple(replace(rule, nulls=(*everywhere, *own)) for rule in rules)
    return replace(line, rules=rules, note="; ".join(filter(None, (line.note, nulls.question))))


def _on_consent(line: Line) -> Line:
    """Say of a column that looks like consent how it is made to decide."""
    if consent_names.meaning_of(line.column) is None:
        return line
    advice = "if it is consent, name it as consent_column"
    return replace(line, note="; ".join(filter(None, (line.note if line.rules else "", advice))))


def _attribute_name(column: str) -> str:
    """Make a name for an attribute: capitals, digits and _, as the platform has them."""
    words = "".join(letter if letter.isalnum() else " " for letter in column.strip())
    return "_".join(synonyms.folded(word) for word in words.split()).upper() or "ATTRIBUTE"
