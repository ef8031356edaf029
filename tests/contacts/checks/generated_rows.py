"""Rows of text for several bindings: half of them good, and odd in every way that was thought of.

Knows bindings; the cells are ``generated_cells``'.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

import polars as pl

from email_contacts.contacts import AccountAttribute, Mapping
from email_contacts.contacts.mapping.binding import Binding, BoundColumn, bind
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
                "booleans": {"true": ["ja", "y"], "false": ["nein", "true story"]},
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
        if column.rule.formats:
            usual = [f"{date.fromisoformat(day[:10]):{random.choice(column.rule.formats)}}" for day in usual]
        share = 100 - self.empty
        # Huge cells are odd enough to come once.
        weights = [share * 0.10 / len(odd) if len(cell) < 1_000 else 0.02 for cell in odd]
        weights += [share * 0.90 / len(usual)] * len(usual)
        nothing = ["", None]
        return random.choices([*odd, *usual, *nothing], [*weights, self.empty / 2, self.empty / 2], k=rows)


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
