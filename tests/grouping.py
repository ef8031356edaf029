"""Which tests share a process when several run side by side, and the order in which the groups begin.

Tests of one file stay together, for they share fixtures. Those that share a running Airflow stay together
across files, so that each Airflow is started once. The longest of these begin first, for most of them is
waiting; the others come in the middle, so that not all Airflows run at the same time.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FIRST = ("faults-celery_executor", "faults-local_executor")
IN_THE_MIDDLE = (
    "e2e",
    "compose/test_celery.py",
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
    """Mark each test with its group for pytest-xdist, and put the groups in order."""
    groups = {item: group_of(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    others = [group for group in dict.fromkeys(groups.values()) if group not in (*FIRST, *IN_THE_MIDDLE)]
    half = len(others) // 2
    order = [*FIRST, *others[:half], *IN_THE_MIDDLE, *others[half:]]
    items.sort(key=lambda item: order.index(groups[item]))
