"""The rows of an import, in any form, and the contact that each names.

Knows ``jsonBody``, ``fileBody`` and the CSV that the platform fetches; must not import Airflow, and keeps,
logs and shows no row.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email_contacts.api import ImportRequest
    from email_contacts.contacts.paths import AnyPath

DELIMITER = ";"
CSV_SUFFIX = ".csv"

# Where a row says who it is: the API's field names and the names of CSV columns (api-contract §2.1, §6), by
# the platform's attribute, in the order in which the platform looks.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "EMAIL": ("email", "EMAIL"),
    "EXT_ID": ("ext_id", "EXT_ID"),
    "SMS": ("SMS",),
    "WHATSAPP": ("WHATSAPP",),
    "LANDLINE_NUMBER": ("LANDLINE_NUMBER",),
}


def rows_of(request: ImportRequest) -> Sequence[Mapping[str, Any]]:
    """The rows of a request as mappings; none where the platform fetches them itself."""
    if request.json_body is not None:
        return request.json_body
    if request.prepared is not None:
        return _rows_of_body(request.prepared)
    if request.file_body is not None:
        return list(csv_rows(io.StringIO(request.file_body, newline="")))
    return ()


def rows_in(path: AnyPath) -> Iterator[Mapping[str, Any]]:
    """Walk the rows of a staged body; a CSV is streamed, another one is read whole: it has at most 8 MB."""
    with path.open("rb") as file:
        if path.name.endswith(CSV_SUFFIX):
            yield from csv_rows(io.TextIOWrapper(file, encoding="utf-8", newline=""))
        else:
            yield from _rows_of_body(file.read())


def csv_rows(lines: Iterable[str]) -> Iterator[Mapping[str, str]]:
    """Walk the rows of a CSV as the preparation writes it: column → cell; a short row has fewer cells.

    :param lines: with their line ends, the header first.
    """
    rows = csv.reader(lines, delimiter=DELIMITER)
    header = _next(rows) or []
    while (row := _next(rows)) is not None:
        if row:
            yield dict(zip(header, row, strict=False))


def _next(rows: Iterator[list[str]]) -> list[str] | None:
    """Read a row whose cells may have any length.

    The module's own limit of 128 KB is neither that of the platform nor of the preparation; but it is one
    setting for the whole process, so it is put back.
    """
    limit = csv.field_size_limit(sys.maxsize)
    try:
        return next(rows, None)
    finally:
        csv.field_size_limit(limit)


def identifiers_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Who a row is about: the platform's attribute → identifier, in the order in which the platform looks."""
    attributes = row.get("attributes")
    everything = {**(attributes if isinstance(attributes, Mapping) else {}), **row}
    found: dict[str, str] = {}
    for attribute, names in _NAMES.items():
        values = (everything.get(name) for name in names)
        texts = (str(value).strip() for value in values if isinstance(value, (str, int)))
        if text := next(filter(None, texts), ""):
            found[attribute] = text
    return found


def attributes_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says of its contact apart from who it is: upper-case attribute → value as it is sent."""
    attributes = row.get("attributes")
    values = attributes if isinstance(attributes, Mapping) else row
    identifiers = {name for names in _NAMES.values() for name in names}
    return {str(name).upper(): value for name, value in values.items() if name not in identifiers}


def is_csv(request: ImportRequest) -> bool:
    """Whether the rows of a request are CSV, whose cells the platform reads by type."""
    return request.file_body is not None or (request.prepared or b"").lstrip().startswith(b'"')


def _rows_of_body(body: bytes) -> Sequence[Mapping[str, Any]]:
    rows: str | list[dict[str, Any]] = json.loads(body)
    return list(csv_rows(io.StringIO(rows, newline=""))) if isinstance(rows, str) else rows
