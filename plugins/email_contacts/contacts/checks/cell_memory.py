"""What the cells of a column with few different ones become: each is decided once, row by row's way.

Knows one column. Countries, answers and choices come again and again, so the normaliser and the schema are
asked for each different cell, and the answer is looked up for the rows.
"""

from __future__ import annotations

import polars as pl

from email_contacts.contacts.checks.schema import judge
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.sources.rows import EMPTY
from email_contacts.contacts.staging.forms import Form

MOST_REMEMBERED = 1 << 16
LONGEST_REMEMBERED = 200


class CellMemory:
    """The cells of a column that were seen, and what is sent for them.

    :param column: the column.
    :param form: how values are written.
    :param joined_by: what stands between the items of cells that are lists; None where cells are text.
    """

    def __init__(self, column: BoundColumn, form: Form, *, joined_by: str | None = None) -> None:
        # Nothing is remembered within: what was remembered here need not be again.
        self._normalise = column.normaliser(text_only=joined_by is None, remembered=0)
        self._joined_by = joined_by
        self._is_valid = judge(column.kind, column.labels)
        self._form = form
        self._known: dict[str, str | None] = {"": ""}
        self._cells = pl.Enum([""])
        self._written = pl.Series([""])

    def written(self, cells: pl.Series) -> pl.Series:
        """Give what is sent for each cell, as the form writes it; null where row by row has to decide."""
        written = self._looked_up(cells)
        if not written.null_count():
            return written
        missing = cells.filter(written.is_null()).unique()
        missing = missing.filter(missing.str.len_chars() <= LONGEST_REMEMBERED)
        new = [cell for cell in missing.to_list() if cell not in self._known]
        if not new or len(self._known) + len(new) > MOST_REMEMBERED:
            return written
        self._known |= {cell: self._decided(cell) for cell in new}
        good = {cell: text for cell, text in self._known.items() if text is not None}
        self._cells, self._written = pl.Enum(list(good)), pl.Series(list(good.values()))
        return self._looked_up(cells)

    def _looked_up(self, cells: pl.Series) -> pl.Series:
        # By way of their numbers, which is twice as quick as to replace texts by texts.
        return self._written.gather(cells.cast(self._cells, strict=False).to_physical())

    def _decided(self, cell: str) -> str | None:
        value = self._normalise(cell if self._joined_by is None else cell.split(self._joined_by))
        if value == EMPTY:
            return ""
        return self._form.literal(value) if self._is_valid(value) else None
