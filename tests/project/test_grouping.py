"""Which tests share a process, and what is left running when they are done."""

from __future__ import annotations

import pytest

from tests.grouping import arrange, group_of, is_last

MATRIX = "tests/faults/test_kill_matrix.py::test_an_import_survives_a_kill[{}-woken-deferred]"
UNDER_FIRE = "tests/faults/test_callbacks_under_fire.py::test_a_call[{}-sensor]"
SYNC, QUEUE = "tests/faults/test_killed_syncs.py::test_a[swept-{}]", "tests/faults/test_queue.py::test_b[{}]"


def test_an_airflow_ends_with_the_last_test_that_uses_it() -> None:
    local, celery = (
        [text.format(name) for text in (MATRIX, UNDER_FIRE)] for name in ("local_executor", "celery_executor")
    )
    assert not is_last(local[0], local[1])
    assert is_last(local[1], celery[0])
    assert is_last(local[1], "tests/faults/test_mailbox.py::test_one")
    assert is_last(local[1], None)
    assert is_last(local[1], SYNC.format("local_executor")), "the second of that executor"
    assert not is_last(SYNC.format("local_executor"), QUEUE.format("local_executor"))
    assert not is_last("tests/e2e/test_form.py::test_a", "tests/e2e/test_runs.py::test_b")
    assert is_last("tests/e2e/test_form.py::test_a", "tests/browser/test_page.py::test_b")


def test_runs_of_dags_are_in_two_processes() -> None:
    runs = {file: group_of(f"tests/dags/test_{file}.py::test_a") for file in ("form", "history", "five_days")}
    assert runs["form"] == runs["history"] != runs["five_days"] == group_of("tests/dags/test_a.py::test_b")


def test_no_group_is_run_in_two_parts(request: pytest.FixtureRequest) -> None:
    """Its Airflow would be gone for the second."""
    items = list(request.session.items)
    arrange(items)
    groups = [group_of(item.nodeid) for item in items]
    begins = [group for place, group in enumerate(groups) if place == 0 or groups[place - 1] != group]
    assert len(begins) == len(set(begins))
