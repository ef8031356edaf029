"""Rows of text for several bindings: half of them good, and odd in every way that was thought of.

Knows bindings; the cells are ``generated_cells``'.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

import polars as pl

from email_contacts.contacts import AccountAttribute, Mapping
from email_contacts.contacts.mapping.binding import Binding, BoundColumn, bind
from email_contacts.contacts.mapping.rules import ColumnRule
from email_contacts.contacts.sources.rows import Frame
from tests.contacts.checks.generated_cells import odd_cells, usual_cells
from tests.contacts.prepared import ACCOUNT

ROWS_IN_A_FRAME = 4_000
MAPPING = Mapping.from_json(
    {
        "columns": {
            "mail": "EMAIL",
            "no": "EXT_ID",
            "phone": {"attribute": "SMS", "region": "DE"},
            "name": {"attribute": "FIRSTNAME", "default": "Friend é"},
            "title": {"attribute": "TITLE", "default": 'Dear "one"; \\'},
            "land": {
                "attribute": "COUNTRY",
                "type": "category",
                "categories": {"Deutschland": "DE", "Vereinigtes Königreich": "GB", "fr": "FR"},
                "default": "FR",
            },
            "born": {"attribute": "BIRTHDAY", "type": "date", "format": "%d.%m.%Y"},
            "points": {"attribute": "POINTS", "type": "number", "default": 12.50},
            "news": {
                "attribute": "NEWSLETTER",
                "type": "boolean",
                "booleans": {"true": ["ja", "y", "7"], "false": ["nein", "true story"]},
                "default": False,
            },
            "likes": {"attribute": "INTERESTS", "type": "multiple_choice", "default": ["music"]},
            "since": {"attribute": "SINCE", "type": "date", "default": "2020-02-29"},
        },
        "constants": {"SOURCE": 'shop "1"; é', "TAGS": ["a", "b;c"], "LEVEL": 2.50},
    }
)
MORE_OF_THE_ACCOUNT = (
    AccountAttribute("SINCE", "date"),
    AccountAttribute("TITLE"),
    AccountAttribute("SOURCE"),
    AccountAttribute("TAGS", "multiple_choice"),
    AccountAttribute("LEVEL", "number"),
)
OPEN_ACCOUNT = (
    AccountAttribute("CITY"),
    AccountAttribute("COUNTRY", "category"),
    AccountAttribute("TAGS", "multiple_choice"),
    AccountAttribute("POINTS", "number"),
)


WRITTEN = {
    "phones and words for nothing": {
        "mail": "EMAIL",
        "no": "EXT_ID",
        "mobile": {"attribute": "SMS", "region": "FR", "nulls": ["+33600000000", "0600000000"]},
        "chat": {"attribute": "WHATSAPP", "region": "US"},
        "desk": "LANDLINE_NUMBER",
        "name": {"attribute": "FIRSTNAME", "nulls": ["NULL", "N/A"]},
    },
    "dates, numbers and choices": {
        "mail": "EMAIL",
        "born": {"attribute": "BIRTHDAY", "type": "date", "format": ["%d/%m/%Y", "iso", "excel"]},
        "since": {"attribute": "SINCE", "type": "date", "format": ["%m.%d.%Y %H:%M", "%d %b %Y"]},
        "points": {"attribute": "POINTS", "type": "number", "decimal": ",", "thousands": "."},
        "score": {"attribute": "LEVEL", "type": "number", "thousands": " "},
        "likes": {"attribute": "INTERESTS", "type": "multiple_choice", "separator": ";"},
    },
}


def _day(cell: str, rule: ColumnRule, random: Random) -> str:
    if not rule.formats:
        return cell
    day, said = date.fromisoformat(cell[:10]), random.choice(rule.formats)
    if said == "excel":
        return str((day - date(1899, 12, 30)).days) + random.choice(("", ".5"))
    written = day.isoformat() if said == "iso" else f"{day:{said}}"
    return written + random.choice(("", "", " 10:30", " 3:04 PM", "T23:59:59.123+00"))


def _number(cell: str, rule: ColumnRule, random: Random) -> str:
    if not (rule.decimal or rule.thousands):
        return cell
    whole, point, decimals = cell.partition(".")
    grouped = f"{int(whole):,}".replace(",", rule.thousands or "") if random.random() < 0.5 else whole
    return grouped + (point and (rule.decimal or ".")) + decimals


def _phone(cell: str, rule: ColumnRule, random: Random) -> str:
    form = random.choice(("plain", "digits", "national", "spaced", "00", "marked"))
    if form == "marked":
        return f"'{cell}"
    if form == "digits":
        return cell[1:]
    if form == "00":
        return f"00{cell[1:]}"
    if form == "plain" or rule.region is None:
        return cell
    digits = "".join(random.choices("0123456789", k=7))
    area = (
        random.choice(("6", "1")) + digits[0]
        if rule.region == "FR"
        else random.choice("23456789") + digits[:2]
    )
    if rule.region == "US":
        return f"({area}) {digits[:3]}-{digits[3:]}" if form == "spaced" else f"1{area}{digits}"
    return (
        f"0{area}{digits}"
        if form == "national"
        else f"0{area[0]} {area[1]}{digits[0]} {digits[1:4]} {digits[4:]}"
    )


def _choices(cell: str, rule: ColumnRule, random: Random) -> str:
    chosen = cell.split("|")
    forms = (rule.separator.join(chosen), "{" + ",".join(chosen) + "}", json.dumps(chosen))
    return cell if rule.separator == "|" else random.choice(forms)


# Usual cells of a kind, written as the rule of their column says.
REWRITTEN: dict[str, Callable[[str, ColumnRule, Random], str]] = {
    "date": _day,
    "number": _number,
    "phone": _phone,
    "multiple_choice": _choices,
}


@dataclass(frozen=True)
class Case:
    """A binding, and what rows are made for it.

    :param binding: the binding.
    :param empty: how many of a hundred cells have nothing.
    :param wholes: of a hundred contacts, how many the reference evaluator sees as a whole.
    """

    binding: Binding
    empty: int
    wholes: int = 0

    def frames(self, rows: int, seed: int) -> Iterator[Frame]:
        """Generate frames, each with other cells."""
        for first in range(0, rows, ROWS_IN_A_FRAME):
            random = Random(seed * 1_000_003 + first)
            cells = {
                str(column.place): self._cells(column, random, min(ROWS_IN_A_FRAME, rows - first))
                for column in self.binding.columns
            }
            yield Frame(pl.DataFrame(cells, dict.fromkeys(cells, pl.String)))

    def _cells(self, column: BoundColumn, random: Random, rows: int) -> list[str | None]:
        odd, usual = odd_cells(column.kind, random, 160), usual_cells(column.kind, random, 120)
        if column.kind in REWRITTEN:
            usual = [REWRITTEN[column.kind](cell, column.rule, random) for cell in usual]
        share = 100 - self.empty
        # Huge cells are odd enough to come once.
        weights = [share * 0.10 / len(odd) if len(cell) < 1_000 else 0.02 for cell in odd]
        weights += [share * 0.90 / len(usual)] * len(usual)
        nothing = [*column.nulls, "", None]
        return random.choices(
            [*odd, *usual, *nothing], [*weights, *[self.empty / len(nothing)] * len(nothing)], k=rows
        )


def bound(columns: str, **options: Any) -> Binding:
    return bind(columns.split(","), source="generated", **options)


CASES = {
    "account": Case(
        bound(
            "email,ext_id,sms,firstname,country,birthday,points,newsletter,interests",
            account_attributes=ACCOUNT,
        ),
        empty=20,
        wholes=4,
    ),
    "no account": Case(bound('note,ext_id,EMAIL,sms,q"uo;te'), empty=10, wholes=10),
    "mapping": Case(
        bound(
            "mail,no,phone,name,title,land,born,points,news,likes,since",
            mapping=MAPPING,
            account_attributes=(*ACCOUNT, *MORE_OF_THE_ACCOUNT),
        ),
        empty=30,
        wholes=4,
    ),
    "labels not known": Case(
        bound("city,country,tags,points,ext_id", account_attributes=OPEN_ACCOUNT), empty=0, wholes=10
    ),
    "e-mail only": Case(bound("email"), empty=5, wholes=20),
    "no e-mail": Case(bound("sms,points,ext_id", account_attributes=OPEN_ACCOUNT), empty=25, wholes=15),
}
CASES |= {
    name: Case(
        bound(
            ",".join(columns),
            mapping=Mapping.from_json({"columns": columns, "nulls": ["NULL", "-"]}),
            account_attributes=(*ACCOUNT, *MORE_OF_THE_ACCOUNT),
        ),
        empty=20,
    )
    for name, columns in WRITTEN.items()
}
