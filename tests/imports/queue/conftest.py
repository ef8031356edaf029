"""Tasks that stand in the queue of an account."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from email_contacts.imports.queue.submission_queue import SubmissionQueue
from email_contacts.imports.shared_store import TaskKey
from tests.task_context import SharedStore, StateStore


def task(number: int) -> TaskKey:
    return ("a_dag", f"run {number}", "import", -1)


@pytest.fixture
def shared() -> SharedStore:
    return SharedStore()


@pytest.fixture
def queue_of(shared: SharedStore) -> Callable[..., SubmissionQueue]:
    """Makes the queue as one task sees it; a task's memory is given to have it tried again."""

    def make(number: int, *, memory: StateStore | None = None, generation: int = 0) -> SubmissionQueue:
        return SubmissionQueue(
            shared,
            account="a",
            task=task(number),
            memory=StateStore() if memory is None else memory,
            generation=generation,
        )

    return make
