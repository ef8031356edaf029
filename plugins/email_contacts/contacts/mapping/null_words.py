"""Which words of a source are null values: certainly, or perhaps.

Knows the first cells of the columns and what the columns become. A word is a null value for certain where it
could be nothing else: in a column of numbers, or a sign such as ``-`` anywhere. A surname may be "Null", and
an answer "none": in text such words are null values only where the source writes them so elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from email_contacts.contacts.mapping.column_profile import ColumnProfile
from email_contacts.contacts.values import words

_OFTEN = 2
_NO_DAY = re.compile(r"(?:0000([-/.])00\1?00|00([-/.])00\2?0000)(?:[ t]00:00(?::00(?:\.0+)?)?)?").fullmatch
# The first day of .NET and of Excel, and the last one of all: where a system has to write some day.
_FIRST_OR_LAST_DAY = re.compile(
    r"(?:0001-01-01|1899-12-30|9999-12-31)(?:[ t][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?z?)?"
).fullmatch


def may_be_null(word: str) -> bool:
    """Return whether a cell is a null value in some column or other.

    :param word: in lower case.
    """
    return word in words.NOTHING or word in words.NOTHING_OF_A_TYPE or is_no_day(word)


def is_no_day(word: str) -> bool:
    """Return whether a cell is a day that stands for none: ``0000-00-00``, ``0001-01-01``, ``9999-12-31``.

    :param word: in lower case.
    """
    return bool(_NO_DAY(word) or _FIRST_OR_LAST_DAY(word))


def is_null_in_text(word: str) -> bool:
    """Return whether a cell of text is a null value, and hardly an answer.

    :param word: in lower case.
    """
    return word in words.NOTHING and word not in words.MAY_BE_ANSWERS


@dataclass
class ColumnNulls:
    """The null values of one column.

    :param certain: words, as they are written.
    :param doubtful: words that may be null values -> how many cells.
    :param of_text: words that only a column of another type takes for null values.
    """

    certain: Counter[str] = field(default_factory=Counter)
    doubtful: Counter[str] = field(default_factory=Counter)
    of_text: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of_a_type(cls, one: ColumnProfile, known: Iterable[str] = ()) -> ColumnNulls:
        """Look at a column of numbers, days, yes and no, addresses or phone numbers.

        :param known: words that are read as empty already, in lower case.
        """
        known = frozenset(known)
        return cls(certain=one.words(lambda word: may_be_null(word) and word not in known))

    @classmethod
    def of_texts(cls, one: ColumnProfile, *, is_personal: bool, labels: Sequence[str]) -> ColumnNulls:
        """Look at a column of text.

        :param is_personal: whether it tells of a person, as names do.
        :param labels: what may be chosen.
        """
        own = set(map(str.casefold, labels))
        found = one.words(lambda word: may_be_null(word) and word not in own)
        nulls = cls()
        for word, count in found.items():
            said = word.casefold()
            if said not in words.NOTHING:
                nulls.of_text[word] = count
            elif said not in words.MAY_BE_NAMES or (
                count >= _OFTEN and not is_personal and is_null_in_text(said)
            ):
                nulls.certain[word] = count
            else:
                nulls.doubtful[word] = count
        return nulls

    def settle(self, elsewhere: Iterable[str]) -> None:
        """Take words that come more than once for certain where the source writes null values so."""
        for word in set(elsewhere) & self.doubtful.keys():
            if self.doubtful[word] >= _OFTEN:
                self.certain[word] = self.doubtful.pop(word)

    @property
    def question(self) -> str:
        """Return what is doubtful; a word that comes once may be somebody's name, and is not shown."""
        count = sum(self.doubtful.values())
        if not count:
            return ""
        often = sorted(word for word, times in self.doubtful.items() if times >= _OFTEN)
        named = f" ({', '.join(often)})" if often else ""
        cells = "1 cell is a null value" if count == 1 else f"{count:,} cells are null values"
        return f"{cells}{named} or a name? If null values, list them as nulls"


def of_all(columns: Sequence[ColumnNulls]) -> tuple[str, ...]:
    """Return the words that are null values wherever they come; settles what others decide.

    :param columns: those that are sent.
    """
    for one in columns:
        one.settle(word for other in columns if other is not one for word in other.certain)
    everywhere = Counter(word for one in columns for word in one.certain)
    kept = {word for one in columns for word in (*one.doubtful, *one.of_text)}
    return tuple(sorted(everywhere.keys() - kept))
