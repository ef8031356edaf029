"""What tests of DAGs share: a project of their own, and what ``dag.test()`` needs to do once only."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(airflow_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with ``sync_audiences.py``, and a folder for audiences of its own."""
    import email_contacts.sensor

    monkeypatch.setattr(email_contacts.sensor, "RESUME_GRACE", 0.0)
    folder = tmp_path / "project"
    (folder / "dags").mkdir(parents=True)
    (folder / "include" / "audiences").mkdir(parents=True)
    shutil.copy(PROJECT / "dags" / "sync_audiences.py", folder / "dags")
    bundle = {
        "name": "the_project",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(folder / "dags")},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    return folder


@pytest.fixture(scope="package", autouse=True)
def _done_once() -> Iterator[None]:
    """Parse and store the DAGs of a folder once, and check the schema of a param once.

    No DAG file changes between two runs. The schemas, which are those of a few params, would be checked some
    thousand times: for every task that inherits the params of its DAG, whenever the DAG is serialized.
    """
    from airflow.dag_processing import dagbag
    from jsonschema import Draft202012Validator

    check = Draft202012Validator.check_schema

    @cache
    def check_text(schema: str) -> None:
        check(json.loads(schema))

    def check_once(schema: Any, *_: Any, **__: Any) -> None:
        check_text(json.dumps(schema, sort_keys=True))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dagbag, "BundleDagBag", cache(dagbag.BundleDagBag))
        patched.setattr(dagbag, "sync_bag_to_db", cache(dagbag.sync_bag_to_db))
        patched.setattr(Draft202012Validator, "check_schema", check_once)
        yield
