"""How a source is cut into partitions: files by their bytes, a table by ranges of a column of whole numbers.

Knows sizes, numbers and names; reads no row, and of files only whether there is anything in them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, cast

from email_contacts.contacts.errors import InvalidOption, SourceUnreadable
from email_contacts.contacts.sources.compression import open_bytes
from email_contacts.contacts.sources.encoding import HEAD_BYTES
from email_contacts.contacts.sources.files import SomeFiles, SourceFile
from email_contacts.contacts.sources.sql_rows import quoted_name, table_query

# In UTF-8 and in UTF-16, with the marks that a file may begin with.
_BLANK = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"


def split_files(files: Sequence[SourceFile], parts: int) -> list[list[SourceFile]]:
    """Cut a list of files into runs of about equal bytes; the same files give the same runs.

    :param files: in the order of their rows.
    :param parts: how many runs; never more than there are files.
    :return: each with one file at least.
    :raises InvalidOption: when the number is below 1.
    """
    check_parts(parts)
    sizes = [cast("Any", file.path).stat().st_size for file in files]
    ends = list(accumulate(sizes))
    parts = min(parts, len(files))
    cuts = [0]
    for part in range(1, parts):
        # The end that is nearest to the part's share, with a file at least for this run and each to come.
        share = ends[-1] * part / parts
        place = bisect_left(ends, share)
        nearest = place if place and share - ends[place - 1] < ends[place] - share else place + 1
        cuts.append(min(max(nearest, cuts[-1] + 1), len(files) - parts + part))
    return [list(files[start:end]) for start, end in zip(cuts, [*cuts[1:], len(files)], strict=True)]


def partitions_of(source: str, files: Sequence[SourceFile], parts: int) -> list[SomeFiles]:
    """Cut a source's files into partitions.

    :param source: the URI of the whole source.
    :param files: as ``find_files`` gives them.
    """
    first = next((file for file in files if _says_something(file)), files[0])
    return [SomeFiles(source, tuple(some), first) for some in split_files(files, parts)]


def _says_something(file: SourceFile) -> bool:
    """Return whether a file may name columns: it is not empty, also where it is compressed, or blank."""
    try:
        with open_bytes(file.path) as unpacked:
            return bool(unpacked.read(HEAD_BYTES).strip(_BLANK))
    except (OSError, SourceUnreadable):  # whoever prepares it says so
        return True


def bounds_query(table: str, column: str, *, quote: str) -> str:
    """Write the statement that asks for the least and the greatest number of a column, and the rows without.

    :param table: as ``table_query`` takes it.
    :param column: the column's name.
    :param quote: what the database puts around names.
    :raises InvalidOption: when a name is none.
    """
    name = quoted_name(column, quote, what="column")
    chosen = f"SELECT MIN({name}), MAX({name}), COUNT(*) - COUNT({name})"
    return chosen + table_query(table, quote=quote).removeprefix("SELECT *")


def range_queries(
    table: str, column: str, parts: int, *, low: Any, high: Any, without: int, quote: str
) -> list[str]:
    """Write the statements that read a table in ranges of equal width, which give all rows in one order.

    The first range is open below and the last one above: what is added meanwhile is in one of them.

    :param low: the least number; None when the table has no row.
    :param high: the greatest one.
    :param without: rows in which the column is NULL.
    :return: one for each partition; never more than there are numbers.
    :raises InvalidOption: when the column has other values than whole numbers.
    """
    check_parts(parts)
    if without:
        raise InvalidOption(
            f'The column "{column}" of {table} is NULL in {without:,} rows, which would be in no partition. '
            "Give a column that is never NULL, such as the primary key."
        )
    for bound in (low, high):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int)):
            raise InvalidOption(
                f'The column "{column}" of {table} holds {type(bound).__name__}; ranges need whole numbers. '
                "Give a column of an integer type, such as the primary key."
            )
    name = quoted_name(column, quote, what="column")
    numbers = 1 if low is None else high - low + 1
    parts = min(parts, numbers)
    starts = [low + numbers * part // parts for part in range(1, parts)]
    queries = []
    for start, end in zip([None, *starts], [*starts, None], strict=True):
        limits = [f"{name} >= {start}"] if start is not None else []
        limits += [f"{name} < {end}"] if end is not None else []
        where = f" WHERE {' AND '.join(limits)}" if limits else ""
        queries.append(f"{table_query(table, quote=quote)}{where} ORDER BY {name}")
    return queries


def check_parts(parts: int) -> None:
    """Check that a source can be cut into so many.

    :raises InvalidOption: when the number is below 1.
    """
    if parts < 1:
        raise InvalidOption(
            f"partitions={parts} is less than 1. Give the number of tasks that prepare at the same time."
        )
