"""How each column of a source is mapped: what ``preview`` shows before anything is sent.

Knows the first rows of a source and the binding of its columns. Cells are normalised and judged as a
preparation does, so that both come to the same. Holds no cell that is not masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

from email_contacts.contacts.checks import schema
from email_contacts.contacts.choices import DROP
from email_contacts.contacts.cli.first_rows import first_rows
from email_contacts.contacts.cli.suspicions import opt_outs, suspicions
from email_contacts.contacts.errors import NoRows
from email_contacts.contacts.header_names import shown_name
from email_contacts.contacts.mapping.binding import Binding
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.mapping.rules import DEFAULT_SEPARATOR, ColumnRule
from email_contacts.contacts.masking import mask
from email_contacts.contacts.options import Options
from email_contacts.contacts.sources.opening import Source
from email_contacts.contacts.sources.rows import EMPTY, Row

CELLS_SHOWN = 3


@dataclass(frozen=True)
class ColumnView:
    """How one column is mapped.

    :param column: its name; masked where it looks like data.
    :param attribute: what it becomes; None where it is left out.
    :param type: the rule of its cells, as ``docs/sources-and-mapping.md`` lists them; None where left out.
    :param settings: what else the mapping says of it: ``format %d.%m.%Y``.
    :param cells: its first different cells, masked.
    :param rows: rows that were looked at.
    :param empty: how many of them have nothing in it.
    :param bad: how many of them break its rule.
    :param warnings: what is suspicious, a sentence each.
    """

    column: str
    attribute: str | None
    type: str | None
    settings: tuple[str, ...]
    cells: tuple[str, ...]
    rows: int
    empty: int
    bad: int
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the document."""
        return asdict(self)


def column_views(source: Source, options: Options) -> list[ColumnView]:
    """Look at the first rows of a source; it is read again, and no further.

    :param source: what is prepared.
    :param options: those of the preparation.
    :return: one view for each column, in the source's order; none where the source has no header.
    :raises PreparationError: as the preparation does.
    """
    try:  # attributes of the account that no row has are no columns
        opened = replace(options, account_attributes=None, unknown_columns=DROP).open(source)
    except NoRows:
        return []
    with closing(opened):
        rows = options.with_consent(opened) or opened
        binding = options.bind(rows, source)
        is_decided = options.consent_column is not None
        return list(_views(rows.columns, binding, first_rows(rows), is_decided=is_decided))


def _views(
    columns: Sequence[str], binding: Binding, rows: Sequence[Row], *, is_decided: bool
) -> Iterator[ColumnView]:
    bound = {column.place: column for column in binding.columns}
    for place, name in enumerate(columns):
        cells = [row[place] for row in rows]
        view = _sent(bound[place], cells) if place in bound else _left_out(name, cells)
        yield view if is_decided else replace(view, warnings=(*view.warnings, *opt_outs(name, cells)))


def _left_out(name: str, cells: Sequence[Any]) -> ColumnView:
    filled = [cell for cell in cells if cell != EMPTY]
    empty = len(cells) - len(filled)
    return ColumnView(shown_name(name), None, None, (), _first(filled), len(cells), empty, bad=0)


def _sent(column: BoundColumn, cells: Sequence[Any]) -> ColumnView:
    normalise = column.normaliser(text_only=False, remembered=0)
    is_valid = schema.judge(column.kind, column.labels)
    values = [(cell, normalise(cell)) for cell in cells]
    filled = [(cell, value) for cell, value in values if value != EMPTY]
    bad = [cell for cell, value in filled if not is_valid(value)]
    kept = [cell for cell, _ in filled]
    return ColumnView(
        column=shown_name(column.name),
        attribute=column.attribute,
        type=column.kind,
        settings=tuple(_settings(column.rule)),
        cells=_first(kept),
        rows=len(cells),
        empty=len(cells) - len(filled),
        bad=len(bad),
        warnings=tuple(suspicions(column, kept, bad)),
    )


def _first(cells: Iterable[Any]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(map(mask, cells)), CELLS_SHOWN))


def _settings(rule: ColumnRule) -> Iterator[str]:
    """Name what the mapping says of a column's cells; words of the cells themselves are not shown."""
    if rule.formats:
        yield f"format {', '.join(rule.formats)}"
    if rule.decimal is not None:
        yield f'decimal "{rule.decimal}"'
    if rule.thousands is not None:
        yield f'thousands "{rule.thousands}"'
    if rule.separator != DEFAULT_SEPARATOR:
        yield f'separator "{rule.separator}"'
    if rule.region is not None:
        yield f"region {rule.region}"
    if rule.nulls:
        yield f"nulls {', '.join(rule.nulls)}"
    if rule.booleans:
        yield f"booleans {', '.join(word for word, _ in rule.booleans)}"
