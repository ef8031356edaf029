"""Kill -9 at every point: each import is accepted once, its run ends in success, its receipt is right."""

from __future__ import annotations

import pytest

from tests.faults.matrix import ROWS, Matrix, Row
from tests.faults.trial import DOMAIN, KEY
from tests.faults.under_fire import UnderFire


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_import_survives_a_kill(row: Row, matrix: Matrix) -> None:
    trial = matrix.trial(row)
    matrix.strike(row)
    trial.ends_whole()


def test_no_log_of_it_all_holds_an_address_or_a_key(airflow: UnderFire) -> None:
    logs = [path for path in airflow.stack.logs.rglob("*") if path.is_file()]
    assert logs
    for path in logs:
        text = path.read_text(errors="replace")
        assert DOMAIN not in text, path
        assert KEY not in text, path


def test_no_line_of_ours_is_an_error(airflow: UnderFire) -> None:
    """A kill is no fault of the package, and a retry that mends it has nothing to complain of."""
    lines = [
        line
        for path in airflow.stack.logs.rglob("*.log*")
        for line in path.read_text(errors="replace").splitlines()
    ]
    ours = [line for line in lines if '"logger":"email_contacts' in line or "[email_contacts" in line]
    assert not [line for line in ours if '"level":"error"' in line or "[error " in line]
