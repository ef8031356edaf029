"""Cutting many rows at once gives what ``csv`` gives row by row."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from email_contacts.contacts.errors import RowTooLong
from email_contacts.contacts.sources import line_feed
from email_contacts.contacts.sources.csv_blocks import framed
from email_contacts.contacts.sources.csv_lines import whole_rows
from email_contacts.contacts.sources.csv_rows import CsvRows
from email_contacts.contacts.sources.rows import Row, RowFault
from tests.amount import amount
from tests.contacts.sources.reading import rows_in, rows_of

# Short pieces, of which a line is made: most make good rows, some do not.
GOOD = [
    "a",
    "",
    " b ",
    "Zoë",
    "x y",
    '"q"',
    '"a,b"',
    '"say ""hi"""',
    '"two\nlines"',
    '"cr\r\nlf"',
    '""',
    "\t",
    "'",
]
BAD = ['5"', '"a" ', '"open', "a\rb", '"a"b', '""x', "\0", "\x1c", "\ufeff", '"""', '"lone\rreturn"']
UNCLOSED = "a quote that is never closed"
ENDS = ["\n"] * 20 + ["\r\n"] * 4 + ["\n\n", "\r", "\n \n"]


def generated(chance: random.Random, *, faults: bool) -> str:
    """Make the text of a CSV with three columns."""
    lines = []
    for _ in range(chance.randrange(1, 40)):
        cells = [chance.choice(GOOD) for _ in range(3)]
        if faults and chance.random() < 0.15:
            cells[chance.randrange(3)] = chance.choice(BAD)
        if chance.random() < 0.05:
            more = chance.choice(["more", "", " ", '""'])
            cells = cells[: chance.randrange(3)] if chance.random() < 0.5 else [*cells, more]
        lines.append(",".join(cells) + chance.choice(ENDS))
    return "a,b,c\n" + "".join(lines)


def by_csv(path: Path) -> Iterator[Row | str]:
    """Read row by row, as the standard library does; a fault is its rule."""
    with path.open(encoding="utf-8", newline="") as file:
        null_seen = False

        def lines() -> Iterator[str]:
            nonlocal null_seen
            for line in file:
                null_seen |= "\0" in line
                yield line

        reader = csv.reader(lines(), strict=True, skipinitialspace=True)
        next(reader)
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                if "unexpected end" in str(error):
                    yield UNCLOSED
                    return
                null_seen, rule = False, "null_byte" if null_seen else "quoting"
                yield rule
                continue
            if cells is None:
                return
            if null_seen:
                null_seen = False
                yield "null_byte"
            elif not any(map(str.strip, cells)):
                continue
            elif any(map(str.strip, cells[3:])) or len(cells) < 3:
                yield "columns"
            else:
                yield [cell.strip() for cell in cells[:3]]


def by_blocks(path: Path) -> list[Row | str]:
    rows = CsvRows(path, delimiter=",", encoding=None, longest_row=8_000_000)
    found: list[Row | str] = []
    try:
        for block in rows.blocks():
            found += [
                row.rule if isinstance(row, RowFault) else [cell.strip() for cell in row]
                for row in rows_in(block)
            ]
    except RowTooLong as error:
        found.append(UNCLOSED if "never closed" in str(error) else str(error))
    finally:
        rows.close()
    return found


@pytest.mark.parametrize("faults", [False, True], ids=["well quoted", "with faults"])
@pytest.mark.parametrize("block_bytes", [1 << 21, 64])
def test_the_rows_are_those_of_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: bool, block_bytes: int
) -> None:
    monkeypatch.setattr(line_feed, "BLOCK_BYTES", block_bytes)
    path = tmp_path / "generated.csv"
    for seed in range(amount(700, quick=70)):
        path.write_bytes(generated(random.Random(seed), faults=faults).encode())
        found, expected = by_blocks(path), list(by_csv(path))
        if found[-1:] == [UNCLOSED]:  # the rows before it may not have been handed over any more
            found, expected = [*found[:-1], UNCLOSED], [*expected[: len(found) - 1], expected[-1]]
        assert found == expected, f"seed {seed}"


def test_what_is_well_quoted_is_cut_at_once() -> None:
    data = b'1,"a, ""b""",x\r\n\n2,"two\nlines",\n"3",,z\n'
    rows = whole_rows(data + b'4,"unfinished\n', delimiter=",", longest=100)
    assert (rows.data, rows.is_stuck) == (data, False)
    frame = framed(rows, delimiter=",", width=3)
    assert frame is not None
    assert rows_in(frame) == [["1", 'a, "b"', "x"], ["2", "two\nlines", ""], ["3", "", "z"]]


def test_a_row_with_a_wrong_number_of_cells_costs_that_row_only() -> None:
    rows = whole_rows(b'1,2\n\n1\n"a,b",4\n1,"2,3",4\n5,6\n', delimiter=",", longest=100)
    frame = framed(rows, delimiter=",", width=2)
    assert frame is not None
    assert rows_in(frame) == [
        ["1", "2"],
        RowFault("columns", "The row has 1 cell, the header has 2."),
        ["a,b", "4"],
        RowFault("columns", "The row has 3 cells, the header has 2."),
        ["5", "6"],
    ]


@pytest.mark.parametrize(
    "row", [b'x,5" pipe\n', b'x,"a"b\n', b'x, "a"\n', b"x,a\rb,c\n", b'"""a",""b"\n', b'a"\n', b"\rx,y\n"]
)
def test_rows_stop_before_one_that_breaks_a_rule(row: bytes) -> None:
    rows = whole_rows(b"1,2\n" + row + b"3,4\n", delimiter=",", longest=100)
    assert (rows.data, rows.is_stuck) == (b"1,2\n", True)


@pytest.mark.parametrize(
    "data", [b"1,\0\n", b"\xef\xbb\xbf1,2\n", b"1,\xff\n", b"1," + b"x" * 200_000 + b"\n"]
)
def test_bytes_that_csv_has_to_be_asked_about(data: bytes) -> None:
    rows = whole_rows(data, delimiter=",", longest=1_000_000)
    assert framed(rows, delimiter=",", width=2) is None


def test_a_row_that_is_too_long_is_left_alone() -> None:
    rows = whole_rows(b"1,2\n" + b"x" * 60 + b",y\n3,4\n", delimiter=",", longest=50)
    assert (rows.data, rows.is_stuck) == (b"1,2\n", True)


def test_one_column(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text('a\n1\n\n""\n2\n\n')
    assert rows_of(CsvRows(path, delimiter=",", encoding=None, longest_row=100)) == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("data", "is_trimmed"),
    [
        ('de la Cruz,"Smith, Jr."\r\nx,y\n', True),
        (" a,b\n", False),
        ("a,b \r\n", False),
        ('a," b"\n', False),
        ("a,b\t\n", False),
        ("a\x1c b,c\n", False),
        ("a,\u00a0b\n", False),
        ("a,b\u3000\n", False),
        ('"two\nlines",é\n', True),
        ('"\nline",é\n', False),
        ('"line\r\n",é\n', False),
        ('"a,b , c",d\n', True),
    ],
)
def test_whether_cells_need_trimming(data: str, is_trimmed: bool) -> None:
    frame = framed(whole_rows(data.encode(), delimiter=",", longest=100), delimiter=",", width=2)
    assert frame is not None
    assert frame.is_trimmed is is_trimmed


def test_tabs_between_cells_are_nothing_to_escape() -> None:
    frame = framed(whole_rows(b"a\tb\n1\t2\n", delimiter="\t", longest=100), delimiter="\t", width=2)
    assert frame is not None
    assert frame.is_unescaped
    assert frame.is_odd is not None
    assert not frame.is_odd.any()
    odd = framed(whole_rows(b'a\t"b\tc"\n1\t2\n', delimiter="\t", longest=100), delimiter="\t", width=2)
    assert odd is not None
    assert not odd.is_unescaped
