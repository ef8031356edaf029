"""Two days of one audience: the same people, of whom some changed, came and left.

``python -m benchmarks.changes_file FOLDER ROWS`` writes ``yesterday.csv`` and ``today.csv``.

Of the rows of today 0.8 % changed and 0.2 % are new; as many as are new have left.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEADER = "email,ext_id,firstname,lastname,country,birthday,points,newsletter\n"
COUNTRIES = ("DE", "FR", "GB", "IN", "US", "ES", "IT", "NL")
_PERIOD = 1000
_CHANGED_OF_PERIOD, _LEFT_OF_PERIOD = 8, 2


@dataclass(frozen=True)
class Expected:
    """What a comparison has to find."""

    new: int
    changed: int
    gone: int


def expected(rows: int) -> Expected:
    """Return what changed between the two days."""
    periods = rows // _PERIOD
    return Expected(periods * _LEFT_OF_PERIOD, periods * _CHANGED_OF_PERIOD, periods * _LEFT_OF_PERIOD)


def write_days(folder: Path, rows: int) -> None:
    """Write both days.

    :param rows: of each; a multiple of 1,000.
    """
    for name, is_today in (("yesterday", False), ("today", True)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8") as file:
            file.write(HEADER)
            file.writelines(_lines(rows, is_today=is_today))


def _lines(rows: int, *, is_today: bool) -> Iterator[str]:
    for number in range(rows):
        place = number % _PERIOD
        changes = is_today and place < _CHANGED_OF_PERIOD
        replaced = is_today and place >= _PERIOD - _LEFT_OF_PERIOD
        person = number + rows if replaced else number
        yield (
            f"person{person}@example.com,X-{person},Ada{number % 97},Sørensen{number % 89},"
            f"{COUNTRIES[number % 8]},19{number % 90 + 10}-0{number % 9 + 1}-{number % 19 + 10},"
            f"{number % 5000 + changes},{'yes' if number % 3 else 'no'}\n"
        )


if __name__ == "__main__":
    write_days(Path(sys.argv[1]), int(sys.argv[2]))
