"""The object store of ``local.object_store`` as fixtures; nothing is started before a test asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest

from local.object_store import BUCKET, ObjectStore, serving


@pytest.fixture(scope="session")
def object_store_server() -> Iterator[ObjectStore]:
    """One store for all tests of the session; its connection is in the environment for as long."""
    with serving() as store:
        os.environ |= store.environment
        yield store
        for name in store.environment:
            del os.environ[name]


@pytest.fixture
def object_store(object_store_server: ObjectStore) -> ObjectStore:
    """The store with an empty bucket, and a doorman with a good clock who remembers nothing."""
    doorman = object_store_server.doorman
    doorman.ahead = timedelta(0)
    doorman.asked.clear()
    doorman.refused.clear()
    root = object_store_server.path()
    root.fs.invalidate_cache()
    for name in root.fs.find(BUCKET):
        root.fs.rm_file(name)
    return object_store_server
