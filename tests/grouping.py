"""Which tests share a process when several run side by side, and which groups begin first.

Tests of one file stay together, for they share fixtures. Those that share a running Airflow stay together
across files, so that each Airflow is started once. Most of a group with an Airflow is waiting: such groups
begin first, and the others use the processor meanwhile.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Longest first.
WITH_AIRFLOW = (
    "faults-celery_executor",
    "faults-local_executor",
    "e2e",
    "compose/test_celery.py",
    "packaging/test_wheel_imports.py",
    "faults/test_triggerer_restart.py",
    "faults/test_mailbox.py",
)
# Their tests share a database of each kind.
WHOLE_FOLDERS = ("e2e", "web")


def group_of(item: pytest.Item) -> str:
    """The name of the group that a test belongs to."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if "airflow" in parameters:
        return f"faults-{parameters['airflow']}"
    path = item.path.relative_to(TESTS)
    return path.parts[0] if path.parts[0] in WHOLE_FOLDERS else path.as_posix()


def arrange(items: list[pytest.Item]) -> None:
    """Mark each test with its group for pytest-xdist, and put the groups that wait longest first."""
    places = {name: place for place, name in enumerate(WITH_AIRFLOW)}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: places.get(group_of(item), len(places)))
