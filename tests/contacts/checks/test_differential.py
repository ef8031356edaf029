"""The quick way past the validator gives what the validator's way gives: the same rows, the same bytes.

Two hundred thousand generated rows and more, about half of them valid, are judged (a) as frames, (b) row by
row with ``jsonschema-rs`` and (c) by the reference evaluator ``jsonschema``. It is asked once for each
different value, which composes its verdict of every row, and for more than twenty thousand contacts as a
whole. Where a frame's row is plainly good, (b) and (c) must accept it, and each form must write the same
bytes. Where it is rejected at once, (b) and (c) must reject it, and (b) with the same words.
``test_differential_can_fail`` shows that the check finds a quick way that was loosened.
"""

from __future__ import annotations

import polars as pl
import pytest

from email_contacts.contacts.sources.rows import Frame
from email_contacts.contacts.values.marks import AROUND
from tests.amount import amount
from tests.contacts.checks.agreement import Agreement
from tests.contacts.checks.generated_rows import CASES, ROWS_IN_A_FRAME, Case

ALL_ROWS = 32_000  # of each binding
ROWS_OF_TEXT = amount(ALL_ROWS, quick=ROWS_IN_A_FRAME)


def trimmed(frame: Frame) -> Frame:
    """Give the same frame as a source does that has trimmed the cells."""
    return Frame(frame.cells.select(pl.all().str.strip_chars(AROUND)), is_trimmed=True)


def test_there_are_enough_rows() -> None:
    assert len(CASES) * ALL_ROWS >= 200_000
    assert sum(case.wholes for case in CASES.values()) * ALL_ROWS // 100 >= 20_000


@pytest.mark.parametrize("name", CASES)
def test_rows_of_text(name: str) -> None:
    case = CASES[name]
    agreement = Agreement(case.binding)
    for frame in case.frames(ROWS_OF_TEXT, seed=1):
        agreement.check(frame, wholes=ROWS_IN_A_FRAME * case.wholes // 100)
    assert agreement.rows == ROWS_OF_TEXT
    assert 0.35 < agreement.valid / agreement.rows < 0.95
    assert agreement.plain > 0.5 * agreement.valid
    assert agreement.rejected > 0.8 * (agreement.rows - agreement.valid)
    for column in case.binding.columns:
        assert agreement.plainly_filled[column.attribute] > 0.05 * agreement.rows, column.attribute


@pytest.mark.parametrize("name", CASES)
def test_trimmed_rows_and_rows_without_empty_cells(name: str) -> None:
    case = CASES[name]
    agreement = Agreement(case.binding)
    full = Case(case.binding, empty=0)
    rows = amount(8_000, quick=500)
    for frame in (*case.frames(rows, seed=2), *full.frames(rows, seed=3)):
        agreement.check(trimmed(frame))
    assert agreement.plain > 0.3 * agreement.rows


@pytest.mark.parametrize("name", CASES)
def test_few_rows_at_once(name: str) -> None:
    """Each column is without an empty cell at times, alone and with others."""
    agreement = Agreement(CASES[name].binding)
    rows = amount(300, quick=45)
    for frame in CASES[name].frames(rows, seed=4):
        for start in range(0, len(frame), 3):
            agreement.check(Frame(frame.cells[start : start + 3]))
    agreement.check(Frame(frame.cells[:0]))
    assert agreement.plain > 0.2 * rows
