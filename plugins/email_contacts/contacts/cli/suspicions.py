"""What is suspicious in a column: a sentence each, with the setting that would settle it.

Knows the cells of one column and what they become. Shows counts, no cell; words for nothing only where they
come more than once, for a person can be called so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from email_contacts.contacts import consent_names
from email_contacts.contacts.cli.damaged_text import damages
from email_contacts.contacts.mapping import cell_types, null_words
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.mapping.column_profile import ColumnProfile
from email_contacts.contacts.mapping.rules import ColumnRule
from email_contacts.contacts.values import dates, phones
from email_contacts.contacts.values.marks import bare
from email_contacts.contacts.values.normalising import NOTHING

BAD_SHARE = 0.2  # more than this is no longer a matter of single cells
_KINDS = {"email": "e-mail addresses", "ext_id": "EXT_ID", "phone": "phone numbers"} | {
    "number": "numbers",
    "date": "dates",
    "boolean": "booleans",
}
_PLAIN = ("text", "value")
_WORDS_SHOWN = 5
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
# What systems that send mail say of people who must not get any.
_OPTED_OUT = frozenset(
    {
        *("unsubscribed", "unsubscribe", "unsub", "opted out", "opt out", "optout", "optedout", "cleaned"),
        *("suppressed", "blacklisted", "blocklisted", "bounced", "hard bounce", "hard bounced", "complained"),
        *("do not contact", "do not email", "never subscribed", "not subscribed", "non subscribed"),
        *("nonsubscribed", "abgemeldet", "désabonné", "désinscrit", "dado de baja", "disiscritto"),
        *("afgemeld", "uitgeschreven"),
    }
)
# A nought before the point, or another count of digits behind it, is no sign of thousands.
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}").fullmatch


def suspicions(column: BoundColumn, cells: Sequence[Any], bad: Sequence[Any]) -> Iterator[str]:
    """Say what is suspicious about a column that is sent.

    :param column: the column.
    :param cells: those of its first cells that are not empty.
    :param bad: those of them that break its rule.
    """
    texts = [bare(cell) for cell in cells if isinstance(cell, str)]
    if len(bad) > BAD_SHARE * len(cells):
        share = len(bad) / len(cells)
        yield (
            f"{100 * share:.0f} % of its cells ({len(bad):,} of {len(cells):,}) "
            f"are not valid as {_called(column)}."
        )
    if column.kind in _PLAIN:
        yield from _null_values(texts, column.nulls)
    else:
        yield from _how_they_are_written(column, cells, bad)
    if column.kind in (*_PLAIN, "ext_id"):
        yield from damages(texts)
    if column.kind == "phone" and column.rule.region is None:
        yield from _no_country(texts)
    if column.kind == "number" and not bad:
        yield from _thousands_or_decimals(column.rule, texts)
    if column.kind == "date":
        yield from _days_that_are_none(texts, bad)
    yield from _day_or_month(column, cells, bad)


def opt_outs(name: str, cells: Sequence[Any]) -> Iterator[str]:
    """Say that cells of a column tell of people who opted out, where its name does not.

    :param name: of the column, which may be one that is not sent.
    :param cells: its first cells.
    """
    if consent_names.meaning_of(name) is not None:
        return
    words = (_BETWEEN_WORDS.sub(" ", cell.strip().casefold()) for cell in cells if isinstance(cell, str))
    if count := sum(word in _OPTED_OUT for word in words):
        what = "1 cell says" if count == 1 else f"{count:,} cells say"
        yield (
            f"{what} that somebody opted out or cannot be reached, but the column decides nothing: each row "
            "is sent, whatever it says. To hold such people back, name it as consent_column, with its words."
        )


def _thousands_or_decimals(rule: ColumnRule, texts: Sequence[str]) -> Iterator[str]:
    """Tell of numbers whose points could all stand between thousands."""
    pointed = [text for text in texts if "." in text]
    if pointed and rule.decimal is None and rule.thousands is None and all(map(_GROUPED, pointed)):
        cells = "1 cell" if len(pointed) == 1 else f"{len(pointed):,} cells"
        yield (
            f"{cells} with a point could be thousands as well (1.234 for 1,234), and the point is taken for "
            'that of decimals. If that is wrong, give decimal: "," and thousands: "." in a mapping.'
        )


def _days_that_are_none(texts: Sequence[str], bad: Sequence[Any]) -> Iterator[str]:
    """Tell of days that are valid and stand for none."""
    found = Counter(text for text in texts if null_words.is_no_day(text.casefold()))
    found -= Counter(bare(cell) for cell in bad if isinstance(cell, str))
    if found:
        words = _listed(sorted(found)[:_WORDS_SHOWN])
        count = sum(found.values())
        cells = "1 cell is a day that stands" if count == 1 else f"{count:,} cells are days that stand"
        yield f"{cells} for no date in many systems, and would be sent: list as nulls {words}."


def _called(column: BoundColumn) -> str:
    return _KINDS.get(column.kind, column.kind.replace("_", " "))


def _null_values(texts: Sequence[str], nulls: Sequence[str]) -> Iterator[str]:
    """Tell of text that looks like null values."""
    found = Counter(text for text in texts if text.casefold() in NOTHING and text not in nulls)
    if not found:
        return
    count = sum(found.values())
    words = sorted(word for word, times in found.items() if times > 1)[:_WORDS_SHOWN]
    named = f" ({', '.join(words)})" if words else ""
    cells = "1 cell looks like a null value" if count == 1 else f"{count:,} cells look like null values"
    those = "it" if count == 1 else "them"
    yield f"{cells}{named} and would be sent as text. To leave {those} out, list {those} as nulls."


def _how_they_are_written(column: BoundColumn, cells: Sequence[Any], bad: Sequence[Any]) -> Iterator[str]:
    """Tell of the settings that would read the cells that are not valid."""
    refused = ColumnProfile(column.name, bad)
    nulls = refused.words(null_words.may_be_null)
    if nulls:
        count = sum(nulls.values())
        look = "1 cell looks like a null value" if count == 1 else f"{count:,} cells look like null values"
        yield f"{look}: list as nulls {_listed(sorted(nulls)[:_WORDS_SHOWN])}."
    refused, one = refused.without(nulls), ColumnProfile(column.name, cells).without(nulls)
    if not refused.count:
        return
    rule = column.rule
    if column.kind == "number" and (found := cell_types.numbers(one, rule)):
        ways = dict.fromkeys(" and ".join(_signs(way)) for way in found.rules)
        if "" not in ways:
            yield f"Its numbers are written with {' or with '.join(ways)}: say so in a mapping."
    elif column.kind == "boolean" and (found := cell_types.booleans(refused, rule, are_meant=True)):
        words = sorted(word for word, _ in found.rules[0].booleans)
        if words:
            yield f"Its cells say {_listed(words)}: list them as booleans in a mapping."
    elif column.kind == "multiple_choice" and (found := cell_types.several(one, rule, column.labels)):
        (best,) = found.rules
        if one.misfits(best, column.kind, column.labels) < one.misfits(rule, column.kind, column.labels):
            yield f'Between its choices is "{best.separator}": name it as separator in a mapping.'


def _signs(rule: ColumnRule) -> Iterator[str]:
    if rule.decimal is not None:
        yield f'decimal: "{rule.decimal}"'
    if rule.thousands is not None:
        yield f'thousands: "{rule.thousands}"'


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _no_country(texts: Sequence[str]) -> Iterator[str]:
    local = sum(_is_refused(text) and phones.fault_in(text, None) is not None for text in texts)
    if local:
        yield f"{_numbers(local)} no country code. If they are of one country, name it as region."
    digits = sum(text.isdigit() and not text.startswith("00") and not _is_refused(text) for text in texts)
    if digits > BAD_SHARE * len(texts):
        yield (
            f"{_numbers(digits)} digits only, and the first of them are taken for the country code. "
            "If that is wrong, name the country as region."
        )


def _is_refused(text: str) -> bool:
    return str(phones.phone(text)).startswith("?")


def _numbers(count: int) -> str:
    return "1 number has" if count == 1 else f"{count:,} numbers have"


def _day_or_month(column: BoundColumn, cells: Sequence[Any], bad: Sequence[Any]) -> Iterator[str]:
    """Tell of dates without a format, and of a format that fits as well with day and month exchanged."""
    formats = column.rule.formats
    if column.kind == "date" and formats and not bad:
        if cells and any(_fit_exchanged(said, cells) for said in formats):
            yield (
                f"Every date is read as {', '.join(formats)}, and would fit with day and month exchanged "
                "as well. Make sure that this is right."
            )
    elif (column.kind == "date" and not formats and bad) or column.kind == "value":
        one = ColumnProfile(column.name, cells)
        found = cell_types.dates(one, column.rule, are_meant=column.kind == "date")
        likely = [rule.formats for rule in found.rules if rule.formats] if found is not None else []
        if likely:
            either = " or ".join(_written(formats) for formats in likely)
            order = ", day first or month first" if len(likely) > 1 else ""
            sent = " They would be sent as text." if column.kind == "value" else ""
            yield (
                f"Its cells look like dates{order}.{sent} Give type: date and format: {either} in a mapping."
            )


def _written(formats: Sequence[str]) -> str:
    said = ", ".join(f'"{one}"' for one in formats)
    return said if len(formats) == 1 else f"[{said}]"


def _fit_exchanged(said: str, cells: Sequence[Any]) -> bool:
    exchanged = said.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    if exchanged == said or "%m" not in said:
        return False
    read = dates.date_in((exchanged,))
    return not any(str(read(cell)).startswith("?") for cell in cells)
