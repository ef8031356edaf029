"""Rows of a sheet that are totals: the last ones of Excel's tables.

Knows the parts of a workbook that say where its tables are (ECMA-376, part 1, 18.5). Such a row may look
like any other: a word in the first column, which may be that of an identifier, and sums in others.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from email_contacts.contacts.sources.rows import RowFault

TOTALS = RowFault("columns", "The row is the row of totals of an Excel table and no contact: turn it off.")
_TABLE = "/relationships/table"


def totals_of(archive: zipfile.ZipFile, sheet: str) -> Mapping[int, range]:
    """Find the rows of totals: their numbers in the sheet, and the columns of the table, both from 1.

    :param sheet: the name of the sheet's part, such as ``xl/worksheets/sheet1.xml``.
    :raises ValueError: when what a table says of its place cannot be read.
    """
    from openpyxl.utils import range_boundaries

    found = {}
    for table in _tables(archive, sheet):
        count = int(table.get("totalsRowCount") or 0)
        if count:
            left, _, right, bottom = range_boundaries(table.get("ref", ""))
            found.update(dict.fromkeys(range(bottom - count + 1, bottom + 1), range(left, right + 1)))
    return found


def _tables(archive: zipfile.ZipFile, sheet: str) -> Iterator[Any]:
    from openpyxl.xml.functions import fromstring

    parts = frozenset(archive.namelist())
    folder, name = posixpath.split(sheet)
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in parts:
        return
    for relation in fromstring(archive.read(relations)):
        if not relation.get("Type", "").endswith(_TABLE):
            continue
        part = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
        if part in parts:
            yield fromstring(archive.read(part))
