"""A contacts file of any length, the same one each time: invented people at example.com.

``python -m benchmarks.contacts_file {csv,ndjson,json,parquet,xlsx} PATH ROWS``

Knows the people and how each format writes them. Everything but a person's number comes round again after
``PERIOD`` rows, so a file is one template filled over and over: a million rows in a second or two, in the
memory of one period.

Of the rows 1 % are bad, each in one field; 0.5 % bring again somebody who came long before, with the address
in capitals; 0.2 % have a doubled quote or a newline in a name; every last name is quoted;
10 % have a letter outside ASCII.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PERIOD = 21_000
COLUMNS = (
    "email",
    "ext_id",
    "firstname",
    "lastname",
    "country",
    "birthday",
    "points",
    "newsletter",
    "interests",
)
COUNTRIES = ("DE", "FR", "GB", "IN", "US", "ES", "IT", "NL")
CHOICES = ("books", "music", "sports", "travel", "food")
INTERESTS = ("books", "music|sports", "travel", "food|books|travel", "")
FIRST = ("Ada", "Ben", "Carla", "Dmitri", "Élise", "Farid", "Grace", "Hana", "Ines", "Jonas") * 2
FIRST = (*FIRST[:14], "Emil", *FIRST[15:])  # one in twenty is outside ASCII, of the last names too
LAST = (
    "Okafor",
    "Tanaka",
    "O'Neill",
    "de la Cruz",
    "Smith, Jr.",
    "Moreau",
    "Novak",
    "Rossi",
    "Meyer",
    "Singh",
) * 2
LAST = (*LAST[:17], "Sørensen", *LAST[18:])

_PARQUET_PERIODS = 12  # a row group of some 250,000 rows
_BAD_EMAIL = "email"
_PLAIN = re.compile(r'[^",\r\n]*').fullmatch
_FAULTS: tuple[tuple[str, Any], ...] = (
    (_BAD_EMAIL, None),
    ("birthday", "2023-02-30"),
    ("birthday", "1990-13-05"),
    ("points", "1_000"),
    ("newsletter", "perhaps"),
    ("country", "XX"),
    ("interests", "books|chess"),
)
Cells = dict[str, Any]


def write_contacts(path: Path, rows: int) -> None:
    """Write a CSV of the sandbox's default attributes.

    :param rows: data rows to write.
    """
    lines = [_csv_line(cells) for cells in map(_cells, range(PERIOD))]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        file.writelines(_filled(lines, rows))


def write_ndjson(path: Path, rows: int) -> None:
    """Write the same people as JSON objects, with numbers, booleans and arrays.

    :param rows: lines to write.
    """
    lines = [_ndjson_line(_typed(_cells(place))) for place in range(PERIOD)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(_filled(lines, rows))


def write_json(path: Path, rows: int) -> None:
    """Write the same objects as one array.

    :param rows: objects to write.
    """
    between = ",\n"
    lines = [_ndjson_line(_typed(_cells(place)))[:-1] + between for place in range(PERIOD)]
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, text in enumerate(_filled(lines, rows)):
            file.write((between if number else "[") + text.removesuffix(between))
        file.write("]\n" if rows else "[]\n")


def write_xlsx(path: Path, rows: int) -> None:
    """Write the same people as a workbook, with days, numbers and booleans; faults are those of Parquet.

    :param rows: rows to write.
    """
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("People")
    sheet.append(COLUMNS)
    people = [_columnar(_cells(place)) for place in range(PERIOD)]
    others = [[cells[name] for name in COLUMNS[2:-1]] + ["|".join(cells["interests"])] for cells in people]
    for persons in _persons(rows):
        for cells, rest, person in zip(people, others, persons, strict=False):
            sheet.append([cells["email"] % person, cells["ext_id"] % person, *rest])
    book.save(path)


def write_parquet(path: Path, rows: int) -> None:
    """Write the same people as Parquet, with dates, numbers, booleans and lists.

    A typed column cannot hold some of the faults; in those rows the address is bad instead.

    :param rows: rows to write.
    """
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    types = {
        "birthday": pyarrow.date32(),
        "points": pyarrow.float64(),
        "newsletter": pyarrow.bool_(),
        "interests": pyarrow.list_(pyarrow.string()),
    }
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in COLUMNS])
    people = [_columnar(_cells(place)) for place in range(PERIOD)]
    emails, ids = [cells["email"] for cells in people], [cells["ext_id"] for cells in people]
    others = [pyarrow.array([cells[name] for cells in people], types.get(name)) for name in COLUMNS[2:]]
    with ParquetWriter(path, schema) as file:
        tables = []
        for persons in _persons(rows):
            count = len(persons)
            columns = [
                pyarrow.array([text % person for text, person in zip(texts, persons, strict=False)])
                for texts in (emails, ids)
            ]
            columns += [column.slice(0, count) for column in others]
            tables.append(pyarrow.Table.from_arrays(columns, schema=schema))
            if len(tables) == _PARQUET_PERIODS:
                file.write_table(pyarrow.concat_tables(tables))
                tables = []
        if tables:
            file.write_table(pyarrow.concat_tables(tables))


def _cells(place: int) -> Cells:
    """Return the text cells of the row at a place of the period; the person's number is left open."""
    address = "PERSON.%d@EXAMPLE.COM" if place % 200 == 199 else "person.%d@example.com"
    first, last = FIRST[place % 20], LAST[place // 20 % 20]
    if place % 1000 == 20:
        last = f'{last} "Bee" Jones'
    elif place % 1000 == 570:
        first = f"{first}\nMaria"
    cells: Cells = {
        "email": address,
        "ext_id": "C-%08d",
        "firstname": first,
        "lastname": last,
        "country": COUNTRIES[place // 3 % 8],
        "birthday": f"{1950 + place * 7919 % 50}-{1 + place // 50 % 12:02}-{1 + place // 600 % 28:02}",
        "points": f"{place * 37 % 1000}{('', '.5', '.25', '.75')[place % 4]}",
        "newsletter": "yes" if place % 3 else "no",
        "interests": INTERESTS[place // 7 % 5],
    }
    if place % 100 == 50:
        field, fault = _FAULTS[place // 100 % len(_FAULTS)]
        cells[field] = "person.%d at example.com" if field == _BAD_EMAIL else fault
    return cells


def _typed(cells: Cells) -> Cells:
    """Return the cells as JSON has them; a fault stays the text that it is."""
    points, newsletter = cells["points"], {"yes": True, "no": False}.get(cells["newsletter"])
    return cells | {
        "points": points if "_" in points else float(points) if "." in points else int(points),
        "newsletter": cells["newsletter"] if newsletter is None else newsletter,
        "interests": [choice for choice in cells["interests"].split("|") if choice],
    }


def _columnar(cells: Cells) -> Cells:
    from datetime import date

    typed = _typed(cells)
    try:
        birthday = date(*map(int, typed["birthday"].split("-")))
    except ValueError:
        birthday = None
    holds = {
        "birthday": birthday is not None and birthday.isoformat() == typed["birthday"],
        "points": not isinstance(typed["points"], str),
        "newsletter": isinstance(typed["newsletter"], bool),
    }
    typed |= {name: None for name, held in holds.items() if not held}
    if not all(holds.values()):
        typed["email"] = "person.%d at example.com"
    return typed | {"birthday": birthday if holds["birthday"] else None}


def _csv_line(cells: Cells) -> str:
    """Quote where it is needed, and the last name always."""
    texts = {
        name: text if name != "lastname" and _PLAIN(text) else _quoted(text) for name, text in cells.items()
    }
    return ",".join(texts.values()) + "\n"


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _ndjson_line(cells: Cells) -> str:
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":")) + "\n"


def _filled(lines: list[str], rows: int) -> Iterator[str]:
    """Put the persons' numbers into the lines, each one's twice: address and id."""
    for persons in _persons(rows):
        count = len(persons)
        numbers = [0] * (2 * count)
        numbers[::2] = numbers[1::2] = persons
        yield "".join(lines[:count]) % tuple(numbers)


def _persons(rows: int) -> Iterator[list[int]]:
    """Yield the persons' numbers, one period after the other.

    The last of 200 rows brings somebody from the first half of the file so far, each of them once.
    """
    for start in range(0, rows, PERIOD):
        persons = list(range(start, min(start + PERIOD, rows)))
        again = range(start // 200, start // 200 + len(persons[199::200]))
        persons[199::200] = [block // 2 * 200 + 97 + block % 2 * 10 for block in again]
        yield persons


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "csv": write_contacts,
    "ndjson": write_ndjson,
    "json": write_json,
    "parquet": write_parquet,
    "xlsx": write_xlsx,
}

if __name__ == "__main__":
    WRITERS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
