"""A bar that shows on a terminal how far a preparation is.

Knows counts only; where standard error is not a terminal, nothing is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from email_contacts.contacts.progress import Progress


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None] | None]:
    """Show a bar while the block runs.

    :return: what reports the progress; None where nothing is shown.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    words = TextColumn("{task.description}")
    with Bar(words, BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)  # how many rows there are is not known before the end

        def tell(progress: Progress) -> None:
            bar.update(task, description=described(progress))

        yield tell


def described(progress: Progress) -> str:
    """Say in a line how far it is: ``1,250,000 rows (610,000 a second), 1,203 rejected``."""
    pace = progress.read / progress.seconds if progress.seconds else 0
    said = f"{progress.read:,} rows ({pace:,.0f} a second), {progress.rejected:,} rejected"
    return f"{said}, {progress.batches:,} batches written" if progress.batches else said
