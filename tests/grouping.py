"""Which tests share a process when several run side by side, and the order in which the groups begin.

Tests of one file stay together, for they share fixtures. Those that share a running Airflow stay together
across files, so that each Airflow is started once. The longest of these begin first, for most of them is
waiting; the others follow after a third of the rest, so that not all Airflows run at the same time, and so
that the last groups are short ones.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import Any

import pytest

EXECUTORS = ("celery_executor", "local_executor")
# Those of LocalExecutor share two Airflows, so that neither has all the waiting.
SECOND = "local_executor, the second"
OF_THE_SECOND = ("tests/faults/test_queue.py", "tests/faults/test_killed_syncs.py")
FIRST = (*EXECUTORS, SECOND)
# The first run of a DAG in a process loads much, so two processes share all runs.
IMPORTS = "tests/dags, imports"
OF_IMPORTS = re.compile(
    "^tests/dags/test_(failed_runs|files_of_people|form|history|import_contacts|interrupted_runs|retry_rejects)"
)
IN_THE_MIDDLE = (
    IMPORTS,
    "tests/dags",
    "tests/web",
    "tests/e2e",
    "tests/browser",
    "tests/compose/test_celery.py",
    "tests/packaging/test_wheel_imports.py",
    "tests/faults/test_triggerer_restart.py",
    "tests/faults/test_mailbox.py",
)
# Their tests share an Airflow, a database of each kind, or what they load.
WHOLE_FOLDERS = ("tests/e2e", "tests/browser", "tests/web", "tests/dags")
# What a group shares and nobody else needs, such as a running Airflow: it ends with the group's last test. As
# fixtures of the session they would go on, and take processor time from all tests that come after.
SHARED = ExitStack()
EXECUTOR = re.compile(rf"^tests/faults/.*\[(?:.*-)?({'|'.join(EXECUTORS)})\b")


def group_of(node_id: str) -> str:
    """The name of the group that a test belongs to."""
    path, folder = node_id.partition("::")[0], "/".join(node_id.split("/")[:2])
    if match := EXECUTOR.match(node_id):
        return SECOND if match[1] in SECOND and path in OF_THE_SECOND else match[1]
    if OF_IMPORTS.match(node_id):
        return IMPORTS
    return folder if folder in WHOLE_FOLDERS else path


def is_last(node_id: str, next_id: str | None) -> bool:
    """Whether a test is the last one of its group.

    :param next_id: the test that this process runs next; None after the last.
    """
    return next_id is None or group_of(next_id) != group_of(node_id)


def arrange(items: list[pytest.Item]) -> None:
    """Put the groups in order."""
    groups = {item: group_of(item.nodeid) for item in items}
    others = [group for group in dict.fromkeys(groups.values()) if group not in (*FIRST, *IN_THE_MIDDLE)]
    third = len(others) // 3
    order = [*FIRST, *others[:third], *IN_THE_MIDDLE, *others[third:]]
    items.sort(key=lambda item: order.index(groups[item]))


def scheduler(config: pytest.Config, log: Any) -> Any:
    """Make what gives whole groups to the processes.

    The marks that pytest-xdist 3.8 has for it do nothing with pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return ByGroup(config, log)
