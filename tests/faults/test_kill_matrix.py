"""Kill -9 at every point: each import is accepted once, its run ends in success, its receipt is right."""

from __future__ import annotations

import pytest

from tests.faults.matrix import ROWS, Matrix, Row


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_import_survives_a_kill(row: Row, matrix: Matrix) -> None:
    trial = matrix.trial(row)
    matrix.strike(row)
    trial.ends_whole()
