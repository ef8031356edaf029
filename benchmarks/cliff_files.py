"""Files with one kind of column each, for ``benchmarks.cliffs``.

Knows what is in them, how each format is written, and the mapping that reads it. All have an address, one
column of the kind, and a city; so has the plain file that they are compared with.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

from email_contacts.contacts import Mapping, Options

PLAIN = "plain, three columns"
Cell = Callable[[Random, int], Any]
Row = tuple[Any, ...]
TEXT_COLUMNS = 50


def _name(_: Random, row: int) -> str:
    return f"Ada {row % 977}"


def _address(_: Random, row: int) -> str:
    return f"p{row}@example.com"


@dataclass(frozen=True)
class Cliff:
    """A kind of file.

    :param wanted: most times the CPU time of the plain file.
    :param cell: makes the column's cells.
    :param rule: what the mapping says of the column.
    :param nulls: words for nothing.
    :param email: makes the addresses.
    :param form: how it is written: a name of ``FORMS``.
    """

    wanted: float
    cell: Cell = _name
    rule: dict[str, Any] = field(default_factory=lambda: {"attribute": "A"})
    nulls: tuple[str, ...] = ()
    email: Cell = _address
    form: str = "csv"

    def write(self, folder: Path, rows: int) -> Path:
        """Write the file.

        :return: its path.
        """
        random = Random(1)
        path = folder / f"contacts.{self.form.split()[-1]}"
        made = ((self.email(random, row), self.cell(random, row), f"Ulm {row % 331}") for row in range(rows))
        FORMS[self.form](path, made)
        return path

    @property
    def options(self) -> Options:
        """The options that read it."""
        if self.form == "wide csv":  # its columns say themselves what they are
            return Options()
        city = "address.city" if "nested" in self.form else "CITY"
        second = {"attribute": "CITY", "type": "date"} if self.form == "parquet" else "CITY"
        columns = {"email": "EMAIL", "A": self.rule, city: second}
        said = {"columns": columns, "nulls": list(self.nulls), "unknown_columns": "drop"}
        return Options(mapping=Mapping.from_json(said))


def _write_csv(path: Path, rows: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        lines = csv.writer(file, lineterminator="\n", delimiter=delimiter)
        lines.writerows(chain([("email", "A", "CITY")], rows))


def _write_wide(path: Path, rows: Iterator[Row]) -> None:
    header = ("email", *(f"T{column}" for column in range(TEXT_COLUMNS)))
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(header) + "\n")
        for number, (email, *_) in enumerate(rows):
            cells = (f"text {number * column % 997}" for column in range(TEXT_COLUMNS))
            file.write(",".join((email, *cells)) + "\n")


def _flat(row: Row) -> dict[str, Any]:
    return dict(zip(("email", "A", "CITY"), row, strict=True))


def _nested(row: Row) -> dict[str, Any]:
    email, cell, city = row
    return {"email": email, "attributes": {"A": cell}, "address": {"city": city}}


def _with_orders(row: Row) -> dict[str, Any]:
    return _flat(row) | {"orders": [{"id": len(row[1]), "item": "book"}, {"id": 2, "item": "map"}]}


def _lines(objects: Iterator[dict[str, Any]]) -> Iterator[str]:
    return (f"{json.dumps(one)}\n" for one in objects)


def _array(objects: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "["
    for number, one in enumerate(objects):
        yield f"{', ' if number else ''}{json.dumps(one)}"
    yield "]\n"


def _writer_of_json(
    shaped: Callable[[Row], dict[str, Any]], written: Callable[[Iterator[dict[str, Any]]], Iterator[str]]
) -> Callable[[Path, Iterator[Row]], None]:
    def write(path: Path, rows: Iterator[Row]) -> None:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(written(map(shaped, rows)))

    return write


def _write_parquet(path: Path, rows: Iterator[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    random, start = Random(2), datetime(2020, 1, 1)
    emails = [email for email, *_ in rows]
    columns = {
        "email": emails,
        "A": [random.random() * 1_000 for _ in emails],
        "CITY": [start + timedelta(seconds=37 * row) for row in range(len(emails))],
    }
    pq.write_table(pa.table(columns), path)


FORMS: dict[str, Callable[[Path, Iterator[Row]], None]] = {
    "csv": _write_csv,
    "tsv": _write_csv,
    "wide csv": _write_wide,
    "ndjson": _writer_of_json(_flat, _lines),
    "json": _writer_of_json(_flat, _array),
    "orders ndjson": _writer_of_json(_with_orders, _lines),
    "nested ndjson": _writer_of_json(_nested, _lines),
    "nested json": _writer_of_json(_nested, _array),
    "parquet": _write_parquet,
}


def _digits(random: Random, count: int) -> str:
    return f"{random.randrange(10**count):0{count}}"


def _phone(region: str | None = None) -> dict[str, Any]:
    return {"attribute": "SMS"} | ({"region": region} if region else {})


def _french(separator: str) -> Cell:
    return lambda random, _: separator.join(("06", *(_digits(random, 2) for _ in range(4))))


def _american(random: Random, _: int) -> str:
    return f"(4{_digits(random, 2)}) 555-{_digits(random, 4)}"


def _brazilian(random: Random, _: int) -> str:
    return f"(11) 9{_digits(random, 4)}-{_digits(random, 4)}"


def _day(random: Random, _: int) -> str:
    return f"{random.randint(1, 28)}/{random.randint(1, 12)}/{random.randint(1930, 2010)}"


def _decimal(random: Random, _: int) -> str:
    return f"{random.randint(1, 9)}.{_digits(random, 3)},{random.randint(10, 99)}"


def _interests(before: str, quote: str, after: str) -> Cell:
    def cell(random: Random, _: int) -> str:
        chosen = random.sample(("books", "music", "art", "food"), 2)
        return before + ",".join(f"{quote}{one}{quote}" for one in chosen) + after

    return cell


def _half_bad(_: Random, row: int) -> str:
    return f"p{row}{'@' if row % 2 else '..'}example.com"


def _half_bad_phone(random: Random, row: int) -> str:
    return f"+336{_digits(random, 8)}" if row % 2 else f"+336{_digits(random, 5)}"


def _few_texts(_: Random, row: int) -> int | str:
    return row if row % 700 else "many"


_NUMBER = {"attribute": "A", "type": "number"}
_CHOICES = {"attribute": "A", "type": "multiple_choice"}
CLIFFS = {
    PLAIN: Cliff(1),
    "the same with tabs": Cliff(1.5, form="tsv"),
    "phone with +": Cliff(2, lambda random, _: f"+336{_digits(random, 8)}", _phone()),
    "phone, 33612345678": Cliff(3, lambda random, _: f"336{_digits(random, 8)}", _phone()),
    "phone, 33612345678, region": Cliff(3, lambda random, _: f"336{_digits(random, 8)}", _phone("FR")),
    "phone, 06 12 34 56 78": Cliff(3, _french(" "), _phone("FR")),
    "phone, 0612345678": Cliff(3, _french(""), _phone("FR")),
    "phone, (415) 555-0132": Cliff(3, _american, _phone("US")),
    "phone, (11) 91234-5678": Cliff(3, _brazilian, _phone("BR")),
    "Parquet, double and time stamp": Cliff(2, rule={"attribute": "A", "type": "number"}, form="parquet"),
    "quotes in every row": Cliff(4, lambda _, row: f'Ada "the {row % 977}th"'),
    "line breaks in every row": Cliff(4, lambda _, row: f"Ada\n{row % 977}"),
    "half of all rows bad": Cliff(4, email=_half_bad),
    "half of all phone numbers bad": Cliff(4, _half_bad_phone, _phone()),
    "NDJSON, three keys": Cliff(3, form="ndjson"),
    "JSON array, three keys": Cliff(3, form="json"),
    "NDJSON, nested": Cliff(3, form="nested ndjson"),
    "NDJSON, orders not sent": Cliff(3, form="orders ndjson"),
    "JSON array, nested": Cliff(3, form="nested json"),
    "NDJSON, few of another type": Cliff(3, _few_texts, _NUMBER, form="ndjson"),
    "JSON array, few of another type": Cliff(3, _few_texts, _NUMBER, form="json"),
    "NDJSON, decimals as 1.0": Cliff(3, lambda _, row: row % 977 / 2, _NUMBER, form="ndjson"),
    f"{TEXT_COLUMNS} text columns": Cliff(6, form="wide csv"),
    "nulls": Cliff(3, lambda _, row: ("NULL", "\\N", "Ada")[row % 3], nulls=("NULL",)),
    "list of date formats": Cliff(
        3, _day, {"attribute": "A", "type": "date", "format": ["%d/%m/%Y", "%d.%m.%Y"]}
    ),
    "decimal comma": Cliff(
        3, _decimal, {"attribute": "A", "type": "number", "decimal": ",", "thousands": "."}
    ),
    "arrays of PostgreSQL": Cliff(3, _interests("{", "", "}"), _CHOICES),
    "arrays of JSON": Cliff(3, _interests("[", '"', "]"), _CHOICES),
}
