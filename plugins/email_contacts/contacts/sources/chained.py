"""Rows of several files, one file after the other, as rows of one source.

Knows files by their names and rows by their columns; the readers know the rest. One file is open at a time.
All of them are opened once before the first row is given, so that a folder with a file that does not fit
fails at once: that costs a header of a CSV, a footer of a Parquet file, the first rows of an NDJSON file.

Files of CSV and Parquet have the same columns, in any order and any spelling that counts as the same; cells
are put in the order of the first file. A file without a byte holds no rows. Objects of NDJSON name their own
keys, so there the columns are those of all files together, and a file may lack some.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from operator import itemgetter

from email_contacts.contacts.column_names import canonical
from email_contacts.contacts.errors import NoRows, PreparationError, SourceChanged, SourceEmpty
from email_contacts.contacts.header_names import check_header, shown_column, shown_names
from email_contacts.contacts.sources.files import SourceFile
from email_contacts.contacts.sources.rows import Block, Frame, RowFault, Rows

# Opens a file; the names are columns that its rows may have in addition to those that the reader finds.
OpenFile = Callable[[SourceFile, Sequence[str]], Rows]
NOTHING = "nothing"
_SHOWN = 10


class ChainedRows:
    """The rows of several files.

    :param files: at least one, in their order.
    :param open_file: opens one of them.
    :param first: the file whose columns all of them have, where it is not among them; its rows are not given.
    :param rows_name_columns: whether each row names its columns, as NDJSON's do.
    :param notes: what is known of the files already, for the log.
    :raises SourceChanged: when the columns of a file, or their types, are not those of the first one.
    :raises SourceEmpty: when no file has a row, where rows name the columns.
    :raises PreparationError: as the readers do.
    """

    narrow_columns: frozenset[str] = frozenset()

    def __init__(
        self,
        files: Sequence[SourceFile],
        open_file: OpenFile,
        *,
        first: SourceFile | None = None,
        rows_name_columns: bool = False,
        notes: Sequence[str] = (),
    ) -> None:
        self._open_file = open_file
        self._files: list[SourceFile] = []
        self._starts: list[int] = []
        self._late: dict[str, None] = {}
        self._open: Rows | None = None
        self._first: SourceFile
        self.columns: tuple[str, ...] = ()
        self._types: dict[str, tuple[str, str]] = {}
        self.text_only = self.reads_ahead = True
        self._notes = [*notes]
        self.likely_header: int | None = None
        looked_at = files if first is None or first in files else (first, *files)
        for file in looked_at:
            with _file_named(file):
                try:
                    rows = open_file(file, ())
                except SourceEmpty:
                    self._notes.append(f"{file.name} holds no rows, not even a header")
                    continue
                with closing(rows):
                    self._look_at(file, rows, rows_name_columns=rows_name_columns)
            self._files.append(file)
        if not self._files:
            kind = NoRows if rows_name_columns else SourceEmpty
            raise kind(f"None of the {len(looked_at)} files holds a row, or even a header.")
        self._first = self._files[0]
        self._files = [file for file in self._files if file in files]

    @property
    def late_columns(self) -> tuple[str, ...]:
        """Columns that came up late in any file and were dropped."""
        return tuple(self._late)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found out about the files."""
        return tuple(self._notes)

    def blocks(self) -> Iterator[Block]:
        """Walk the rows of all files in blocks, once.

        :raises SourceChanged: when a file has other columns than it had before.
        :raises PreparationError: as the readers do.
        """
        row = 0
        for file in self._files:
            self._starts.append(row)
            with _file_named(file), closing(self._open_file(file, self.columns)) as rows:
                self._open = rows
                order = self._order(file, rows)
                for block in rows.blocks():
                    row += len(block)
                    yield block if order is None else _reordered(block, order)
                self._late |= dict.fromkeys(rows.late_columns)
        self._open = None

    def place(self, row: int) -> str:
        """Say in which file a row lies, and as which row of it."""
        index = bisect_right(self._starts, row - 1) - 1
        return f"{self._files[index].name}:{row - self._starts[index]}" if index >= 0 else ""

    def close(self) -> None:
        """Close the file that is open."""
        if self._open is not None:
            self._open.close()

    def _look_at(self, file: SourceFile, rows: Rows, *, rows_name_columns: bool) -> None:
        check_header(rows.columns, source=file.name)
        self.text_only = self.text_only and rows.text_only
        self.reads_ahead = self.reads_ahead and rows.reads_ahead
        if rows_name_columns:
            known = set(map(canonical, self.columns))
            self.columns += tuple(name for name in rows.columns if canonical(name) not in known)
            return
        if not self._files:
            self.columns, self._first = rows.columns, file
            self.likely_header = rows.likely_header
            self._notes += rows.notes
        self._check_names(file, rows.columns)
        self._check_types(file, rows)

    def _check_names(self, file: SourceFile, columns: Sequence[str]) -> None:
        lacking = _without(self.columns, columns)
        strange = _without(columns, self.columns)
        if lacking or strange:
            differs = (("lacks", lacking, self.columns), ("adds", strange, columns))
            said = " and ".join(
                f"{verb} {shown_names(names, header=header)}" for verb, names, header in differs if names
            )
            raise SourceChanged(
                f"{file.name} has other columns than {self._first.name}: it {said}. "
                "All files of a source have the same columns. Export it again, or prepare it separately.",
                [*lacking, *strange],
            )

    def _check_types(self, file: SourceFile, rows: Rows) -> None:
        """Compare types with those of the files before; a column without any value is of each type."""
        changed: dict[str, str] = {}
        for name, kind in zip(rows.columns, getattr(rows, "types", ()), strict=False):
            if kind == NOTHING:
                continue
            before, where = self._types.setdefault(canonical(name), (kind, file.name))
            if before != kind:
                changed[name] = f"{shown_column(name, rows.columns)} is {kind}, but {before} in {where}"
        if changed:
            said = "; ".join(list(changed.values())[:_SHOWN])
            raise SourceChanged(
                f"{file.name} has other types than the files before it: {said}. All files of a source have "
                "the same types. Export it again, or prepare it separately.",
                list(changed),
            )

    def _order(self, file: SourceFile, rows: Rows) -> list[int] | None:
        """Where in a file's rows each column of the source is; None when they are in place already."""
        self._check_names(file, rows.columns)
        if rows.columns == self.columns:
            return None
        places = {canonical(name): place for place, name in enumerate(rows.columns)}
        return [places[canonical(name)] for name in self.columns]


def _reordered(block: Block, order: Sequence[int]) -> Block:
    if len(order) == 1:
        return block
    pick = itemgetter(*order)
    if isinstance(block, Frame):
        own = {place: list(pick(row)) for place, row in block.own.items()}
        return replace(block, cells=block.cells[:, list(order)], own=own)
    return [row if isinstance(row, RowFault) else list(pick(row)) for row in block]


def _without(names: Iterable[str], others: Iterable[str]) -> list[str]:
    known = set(map(canonical, others))
    return [name for name in names if canonical(name) not in known]


@contextmanager
def _file_named(file: SourceFile) -> Iterator[None]:
    """Name the folder in a reader's error: names such as part-0.parquet say little without."""
    try:
        yield
    except PreparationError as error:
        folder = file.name.rpartition("/")[0]
        if folder and file.name not in str(error):
            error.args = (f"In {folder}: {error}", *error.args[1:])
        raise
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{file.name} is gone since the files of the source were listed. Another try lists them again."
        ) from error
