"""The columns of a source as a table for a terminal: what each becomes, and what is suspicious.

Knows layout; shows what a ``ColumnView`` holds and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from textwrap import fill
from typing import TYPE_CHECKING

from email_contacts.contacts.cli.column_views import ColumnView

if TYPE_CHECKING:
    from rich.text import Text

_INDENT = "  "
_TYPES = {"value": "as it is", "ext_id": "EXT_ID"}


def column_table(views: Sequence[ColumnView], *, width: int) -> str:
    """Lay out a table, and below it the warnings.

    :param views: the columns.
    :param width: columns of the terminal.
    """
    rows = views[0].rows if views else 0
    if not rows:
        title = "what the columns become"
    else:
        looked_at = "the first row" if rows == 1 else f"the first {rows:,} rows"
        title = f"what the columns become, from {looked_at}; bad is a share of the cells that are not empty"
    warnings = [
        fill(f"{view.column}: {warning}", width, initial_indent="  ! ", subsequent_indent="    ")
        for view in views
        for warning in view.warnings
    ]
    table = f"{fill(title, width)}\n{_table(views, width)}"
    return "\n\n".join([table, "\n".join(["warnings", *warnings])]) if warnings else table


def _table(views: Sequence[ColumnView], width: int) -> str:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("column", "attribute", "type", "first cells"):
        table.add_column(heading, overflow="fold", min_width=min(8, len(heading)))
    for heading in ("empty", "bad"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=len(heading))
    for view in views:
        kind = ", ".join([_TYPES.get(view.type, view.type), *view.settings]) if view.type else ""
        table.add_row(
            _text(view.column),
            _text("(left out)" if view.attribute is None else view.attribute),
            _text(kind),
            _text("  ".join(view.cells)),
            _text(_share(view.empty, view.rows)),
            _text("" if view.attribute is None else _share(view.bad, view.rows - view.empty)),
        )
    out = StringIO()
    console = Console(file=out, width=width - len(_INDENT), color_system=None, force_terminal=False)
    console.print(table)
    return "\n".join(f"{_INDENT}{line}".rstrip() for line in out.getvalue().splitlines())


def _text(said: str) -> Text:
    """Take a text as it is, not as markup; what a terminal would obey is not printed."""
    from rich.text import Text

    return Text("".join(letter if letter.isprintable() else "?" for letter in said))


def _share(count: int, rows: int) -> str:
    """Return a share that is 0 or 100 only where it is: ``0.1 %`` of a thousand."""
    if not rows:
        return ""
    percent = 100 * count / rows
    exact = percent.is_integer() or 1 <= percent <= 99
    return f"{percent:.0f} %" if exact else f"{percent:.1f} %"
