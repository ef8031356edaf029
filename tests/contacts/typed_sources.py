"""The same cells as sources of each kind that knows types; and as a CSV, which knows none."""

from __future__ import annotations

import csv
import json
import pickle
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from email_contacts.contacts import Mapping, Query
from tests.contacts.cells import values
from tests.contacts.prepared import Prepared, prepared

NAMES = ("email", "x")
# A type of SQLite's own, by which a query gives any value of Python.
sqlite3.register_converter("python", pickle.loads)


def as_csv(folder: Path, rows: Sequence[Sequence[Any]]) -> Path:
    path = folder / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([NAMES, *([mail, _written(cell)] for mail, cell in rows)])
    return path


def as_ndjson(folder: Path, rows: Sequence[Sequence[Any]]) -> Path:
    path = folder / "people.ndjson"
    path.write_text("".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows))
    return path


def as_json(folder: Path, rows: Sequence[Sequence[Any]]) -> Path:
    path = folder / "people.json"
    path.write_text(json.dumps([dict(zip(NAMES, row, strict=True)) for row in rows], indent=1))
    return path


def as_parquet(folder: Path, rows: Sequence[Sequence[Any]]) -> Path:
    path = folder / "people.parquet"
    mails, cells = zip(*rows, strict=True)
    pq.write_table(pa.table({"email": list(mails), "x": pa.array(list(cells))}), path)
    return path


def as_workbook(folder: Path, rows: Sequence[Sequence[Any]]) -> Path:
    path, book = folder / "people.xlsx", openpyxl.Workbook()
    for row in [NAMES, *rows]:
        book.active.append(list(row))
    book.save(path)
    return path


def as_query(folder: Path, rows: Sequence[Sequence[Any]]) -> Query:
    with sqlite3.connect(folder / "crm.db") as database:
        database.execute("CREATE TABLE people (email TEXT, x python)")
        stored = [(mail, None if cell is None else pickle.dumps(cell)) for mail, cell in rows]
        database.executemany("INSERT INTO people VALUES (?, ?)", stored)
    database.close()
    types = sqlite3.PARSE_DECLTYPES
    return Query(
        lambda: sqlite3.connect(folder / "crm.db", detect_types=types), "SELECT email, x FROM people"
    )


TYPED: dict[str, Callable[[Path, Sequence[Sequence[Any]]], Any]] = {
    "NDJSON": as_ndjson,
    "JSON": as_json,
    "Parquet": as_parquet,
    "workbook": as_workbook,
    "query": as_query,
}
SOURCES = {"CSV": as_csv, **TYPED}


def prepared_from(kind: str, folder: Path, cells: Sequence[Any], rule: Any = None) -> Prepared:
    """Prepare cells of a column ``x``, each with an address of its own.

    :param rule: what the mapping says of the column; None where it is not sent.
    """
    source = SOURCES[kind](folder, [(f"p{place}@example.com", cell) for place, cell in enumerate(cells)])
    columns = {"email": "EMAIL"} | ({} if rule is None else {"x": {"attribute": "X", **rule}})
    mapping = Mapping.from_json({"columns": columns, "unknown_columns": "drop"})
    return prepared(source, folder / "stage", mapping=mapping)


def sent(kind: str, folder: Path, cells: Sequence[Any], rule: Any) -> list[Any]:
    """Give what the cells become: ``!`` and the rule where the row is rejected, None for nothing."""
    found = prepared_from(kind, folder, cells, rule)
    rejected = {row: f"!{broken}" for row, _, broken in found.rules}
    taken = iter(values(found, rule.get("attribute", "X")))
    return [rejected.get(row) or next(taken) for row in range(1, len(cells) + 1)]


def _written(cell: Any) -> str:
    """Give a cell as a CSV has it."""
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)
