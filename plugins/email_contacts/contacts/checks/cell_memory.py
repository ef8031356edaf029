"""What the cells of a column with few different ones become: each is decided once, row by row's way.

Knows one column. Countries, answers and choices come again and again, so the normaliser and the schema are
asked for each different cell, and the answer is looked up for the rows.
"""

from __future__ import annotations

import polars as pl

from email_contacts.contacts.batches.forms import Form, NotWritable
from email_contacts.contacts.checks.schema import judge
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.sources.rows import EMPTY

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
        self._known: dict[str, str | None] = {}
        self._remember({"": "" if column.default == EMPTY else form.literal(column.default)})

    def numbers(self, cells: pl.Expr) -> pl.Expr:
        """Return the number under which each cell is known; null where it is not."""
        # By way of numbers is twice as quick as to replace texts by texts.
        return cells.cast(self._cells, strict=False).to_physical()

    def written(self, numbers: pl.Series) -> pl.Series:
        """Return what is sent for cells, as the form writes it; null where row by row has to decide."""
        return self._written.gather(numbers)

    def learn(self, cells: pl.Series) -> bool:
        """Decide cells that are not known; tell whether there was any to remember."""
        missing = cells.filter(cells.cast(self._cells, strict=False).is_null() & cells.is_not_null()).unique()
        new = missing.filter(missing.str.len_chars() <= LONGEST_REMEMBERED).to_list()
        if not new or len(self._known) + len(new) > MOST_REMEMBERED:
            return False
        self._remember({cell: self._decided(cell) for cell in new})
        return True

    def _remember(self, decided: dict[str, str | None]) -> None:
        self._known |= decided
        self._cells = pl.Enum(list(self._known))
        self._written = pl.Series(list(self._known.values()), dtype=pl.String)

    def _decided(self, cell: str) -> str | None:
        value = self._normalise(cell if self._joined_by is None else cell.split(self._joined_by))
        if value == EMPTY:
            return self._known[""]
        try:
            return self._form.literal(value) if self._is_valid(value) else None
        except NotWritable:
            return None
