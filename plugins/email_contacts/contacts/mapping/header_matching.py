"""Which attribute of the account a column is by its name, where there is no mapping.

Knows names of columns and attributes. A name that is an attribute's but for case, blanks, accents and
punctuation is that attribute, and so is a usual synonym of it; but only where exactly one attribute fits, and
exactly one column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from email_contacts.contacts.column_names import EXT_ID, IDENTIFIERS, attribute_of
from email_contacts.contacts.mapping import synonyms
from email_contacts.contacts.mapping.attributes import Account

# What a number of anybody's is called: too little to tell one person from another.
_OF_OTHERS = (synonyms.ID, synonyms.PHONE, synonyms.NOTES, EXT_ID)
_USUAL_NAMES = {EXT_ID: ("externalid",)}


def matched(columns: Sequence[str], account: Account) -> dict[str, str]:
    """Find the attribute of each column; columns that are none are left out.

    :return: column -> the attribute as the account spells it, or an identifier.
    """
    found = {column: name for column in columns if (name := _exact(column, account)) is not None}
    for alike in (synonyms.folded, _group):
        known = _by(alike, account)
        free = [column for column in columns if column not in found]
        wanted = {column: known[form] for column in free if (form := alike(column)) in known}
        taken, times = set(found.values()), Counter(wanted.values())
        found |= {column: name for column, name in wanted.items() if name not in taken and times[name] == 1}
    return found


def _exact(column: str, account: Account) -> str | None:
    name = attribute_of(column)
    if name in IDENTIFIERS:
        return name
    known = account.find(name)
    return None if known is None else known.name


def _by(alike: Callable[[str], str | None], account: Account) -> dict[str | None, str]:
    """Index identifiers and attributes by a form of their names, where it is the form of one of them."""
    names: Iterable[str] = dict.fromkeys((*IDENTIFIERS, *(known.name for known in account.attributes)))
    forms = {name: {alike(name), *(_USUAL_NAMES.get(name, ()))} - {None} for name in names}
    times = Counter(form for some in forms.values() for form in some)
    return {form: name for name, some in forms.items() for form in some if times[form] == 1}


def _group(name: str) -> str | None:
    group = synonyms.group_of(name)
    return None if group in _OF_OTHERS else group
