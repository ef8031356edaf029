"""Which rules fit the cells of a column: how its dates, numbers, booleans and choices are written.

Knows the first cells of one column. Gives all rules between which the cells themselves do not decide; where
there are several, a person has to choose. A rule that fits fewer cells than another is not among them: one
31/12 tells the day from the month.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from email_contacts.contacts.mapping.column_profile import ENOUGH, ColumnProfile
from email_contacts.contacts.mapping.rules import ColumnRule
from email_contacts.contacts.values import words
from email_contacts.contacts.values.dates import EXCEL, ISO
from email_contacts.contacts.values.normalising import BOOLEAN_WORDS, boolean

# Formats of which one column has one: those of the first set differ by their signs, and fit no other's cells.
# The year first needs no format, and neither does a time of day after the day.
_DAY_FIRST, _MONTH_FIRST = ("%d/%m/%Y", "%d-%m-%Y"), ("%m/%d/%Y", "%m-%d-%Y")
_TWO_WAYS = frozenset({*_DAY_FIRST, *_MONTH_FIRST})
_FAMILIES = (
    (ISO,),
    ("%d.%m.%Y",),
    ("%d/%m/%Y", "%m/%d/%Y"),
    ("%d-%m-%Y", "%m-%d-%Y"),
    ("%d %b %Y", "%d %B %Y"),
    ("%b %d, %Y", "%B %d, %Y"),
    ("%d-%b-%Y",),
)
_SERIAL = re.compile(r"[1-9][0-9]{4}(?:\.[0-9]+)?").fullmatch  # 18 May 1927 to 14 October 2173
_SHORT_YEAR = re.compile(r"[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{2}").fullmatch
_NOTATIONS = (
    *((None, None), (",", None), (None, ","), (",", "."), (None, " "), (",", " ")),
    *((None, "'"), (",", "'")),
)
_SEPARATORS = (";", "|", ",")
_DOUBTFUL_SEPARATORS = (",",)


@dataclass(frozen=True)
class Fitting:
    """Rules that fit a column.

    :param rules: at least one; several where the cells do not decide.
    :param question: what to ask; empty where there is nothing to ask.
    """

    rules: tuple[ColumnRule, ...]
    question: str = ""


def dates(one: ColumnProfile, rule: ColumnRule, *, are_meant: bool) -> Fitting | None:
    """Find the formats of dates.

    :param are_meant: whether the column is known to be of dates; then numbers are serial days of Excel, and
        also a part of the cells will do.
    """
    if not one.kinds <= ({str, int, float} if are_meant else {str}):
        return None
    read = {said: _days(one, rule, said) for family in _FAMILIES for said in family}
    families = [found for family in _FAMILIES if (found := _told_apart(family, read))]
    serials = [_is_serial(cell) for cell in one.cells] if are_meant else []
    if any(serials):
        read[EXCEL] = [said if is_one else None for said, is_one in zip(serials, serials, strict=True)]
        families.append((EXCEL,))
    covered = _covered(read, families)
    for family in [found for found in families if {*found} & _TWO_WAYS]:
        others = _covered(read, [found for found in families if found != family])
        if one.are_enough(others):  # a few cells do not tell day from month: they are left out
            families.remove(family)
            covered = others
    if not families or not (are_meant or one.are_enough(covered)):
        return None
    families.sort(key=lambda found: -_covered(read, [found]))
    rules = tuple(
        replace(rule, type="date", formats=() if formats == (ISO,) else formats)
        for formats in product(*families)
        if not _is_mixed(formats)
    )
    if len(rules) > 1:
        return Fitting(
            rules,
            "Is 03/04 the 3rd of April or the 4th of March? All cells fit both. Keep the line that is right.",
        )
    if any(serials) and any({*family} & _TWO_WAYS for family in families):
        return Fitting(
            rules,
            "Some days are serial numbers of Excel and others are text: Excel may have taken days for "
            "months. Compare some with the system that they come from.",
        )
    return Fitting(rules)


def has_short_years(one: ColumnProfile) -> bool:
    """Return whether cells are dates whose year has two digits, which do not say the century."""
    return any(type(cell) is str and _SHORT_YEAR(cell) for cell in one.cells)


def numbers(one: ColumnProfile, rule: ColumnRule) -> Fitting | None:
    """Find the signs between the digits of numbers."""
    if one.kinds & {bool, list, dict}:
        return None
    read: dict[tuple[Any, ...], ColumnRule] = {}
    for decimal, thousands in _NOTATIONS:
        tried = replace(rule, type="number", decimal=decimal, thousands=thousands)
        read.setdefault(tuple(one.values(tried, "number")), tried)
    most = max(one.count - values.count(None) for values in read)
    if not one.are_enough(most):
        return None
    rules = tuple(tried for values, tried in read.items() if one.count - values.count(None) == most)
    if len(rules) == 1:
        return Fitting(rules)
    sign = "1,234" if any(type(cell) is str and "," in cell for cell in one.cells) else "1.234"
    return Fitting(
        rules,
        f"Is {sign} more than a thousand, or less than two? All cells fit both. Keep the line that is right.",
    )


def booleans(
    one: ColumnProfile, rule: ColumnRule, *, are_meant: bool = False, are_likely: bool = False
) -> Fitting | None:
    """Find the words for true and false that are not the usual ones.

    :param are_meant: whether the column is known to be of booleans.
    :param are_likely: whether its name sounds so; then 0 and 1 are no and yes.
    """
    rule = replace(rule, type="boolean")
    if one.kinds == {bool}:
        return Fitting((rule,))
    if not one.kinds <= {str, int, bool}:
        return None
    said = Counter(str(cell).casefold() for cell in one.cells)
    usual = {word: count for word, count in said.items() if word in BOOLEAN_WORDS}
    known = {word: count for word, count in said.items() if word in words.MEANINGS} | usual
    if are_meant:
        return Fitting((_with_words(rule, known),))
    if len(_means(known)) < 2 or not one.are_enough(sum(known.values())):
        return None
    found = _with_words(rule, usual if one.are_enough(sum(usual.values())) else known)
    if set(known) == {"0", "1"} and not are_likely:
        return Fitting((found, replace(rule, type="number")), "Are 0 and 1 no and yes, or numbers?")
    letters = {word for word in known if len(word) == 1 and word.isalpha()}
    if (
        letters == set(known)
        and not are_likely
        and not any(letters <= set(pair) for pair in words.LETTERS_OF_BOOLEANS)
    ):
        return Fitting((found, replace(rule, type="text")), "Do the letters say yes and no?")
    return Fitting((found,))


def several(one: ColumnProfile, rule: ColumnRule, labels: Sequence[str] | None = None) -> Fitting | None:
    """Find what stands between several choices in one cell.

    :param labels: what may be chosen, where the account says so; empty where it says only that several may
        be; None where nothing says so.
    """
    rule = replace(rule, type="multiple_choice")
    tried = [replace(rule, separator=sign) for sign in (rule.separator, *_SEPARATORS, "/")]
    if labels:
        return Fitting((min(tried, key=lambda one_way: one.misfits(one_way, "multiple_choice", labels)),))
    if one.kinds != {str}:
        return None
    if any(map(_is_array, one.cells)):
        return _of_arrays(one, rule, are_meant=labels is not None)
    for sign in _SEPARATORS:
        parts = [[part.strip() for part in cell.split(sign)] for cell in one.cells]
        found = _labels_of_lists(one.column, parts)
        if found or (labels is not None and any(len(some) > 1 for some in parts)):
            chosen = replace(rule, separator=sign, labels=found if labels is None else ())
            if labels is None and sign in _DOUBTFUL_SEPARATORS:
                return Fitting(
                    (chosen, replace(rule, type="text")), "Are these several choices, or one text?"
                )
            return Fitting((chosen,))
    return None


def _days(one: ColumnProfile, rule: ColumnRule, said: str) -> list[Any]:
    return one.values(replace(rule, type="date", formats=(said,)), "date")


def _told_apart(family: Sequence[str], read: dict[str, list[Any]]) -> tuple[str, ...]:
    """Return the formats of a family that fit its cells best; none where none does.

    Formats that come to the same days are one, but for those of which other cells would be other days: a
    column may begin with the first of January only, as one does where nobody said when.
    """
    of_family = sum(any(days) for days in zip(*(read[said] for said in family), strict=True))
    counts = {said: len(read[said]) - read[said].count(None) for said in family}
    most = max(counts.values())
    if not of_family or most < ENOUGH * of_family:
        return ()
    best = {
        said if said in _TWO_WAYS else tuple(read[said]): said
        for said in reversed(family)
        if counts[said] == most
    }
    return tuple(sorted(best.values(), key=family.index))


def _covered(read: dict[str, list[Any]], families: Sequence[Sequence[str]]) -> int:
    """Count the cells that one of the families fits."""
    return sum(any(days) for days in zip(*(read[family[0]] for family in families), strict=True))


def _is_mixed(formats: Sequence[str]) -> bool:
    """Return whether the day is first in one format and the month in another: nobody writes so."""
    return bool({*formats} & {*_DAY_FIRST}) and bool({*formats} & {*_MONTH_FIRST})


def _is_serial(cell: Any) -> bool:
    return type(cell) is not bool and bool(_SERIAL(str(cell)))


def _means(said: Iterable[str]) -> set[Any]:
    return {words.MEANINGS.get(word, boolean(word)) for word in said}


def _with_words(rule: ColumnRule, known: dict[str, int]) -> ColumnRule:
    others = sorted(known.keys() - BOOLEAN_WORDS)
    return replace(rule, booleans=tuple((word, words.MEANINGS[word]) for word in others))


def _is_array(cell: str) -> bool:
    return cell[:1] + cell[-1:] in ("[]", "{}")


def _of_arrays(one: ColumnProfile, rule: ColumnRule, *, are_meant: bool) -> Fitting | None:
    lists = one.values(rule, "multiple_choice")
    if not one.are_enough(len(lists) - lists.count(None)):
        return None
    parts = [some for some in lists if isinstance(some, list)]
    found = () if are_meant else _labels_of_lists(one.column, parts)
    return Fitting((replace(rule, labels=found),)) if found or are_meant else None


def _labels_of_lists(column: str, lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the few labels of lists; none unless one comes in lists that differ."""
    if sum(len(some) > 1 for some in lists) < 2:
        return ()
    labels = ColumnProfile(column, [label for some in lists for label in some]).labels()
    different = Counter(label for some in set(map(tuple, lists)) for label in dict.fromkeys(some))
    return labels if any(different[label] > 1 for label in labels) else ()
