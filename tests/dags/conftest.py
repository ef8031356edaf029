"""What tests of DAGs share: a project of their own, and what ``dag.test()`` needs to do once only."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow.sdk import DAG

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
    set_bundle(monkeypatch, folder / "dags")
    return folder


@pytest.fixture
def dag_of(
    airflow_database: None, connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], DAG]:
    """Put a DAG file into a folder of its own, and give the one DAG of it."""
    from airflow.dag_processing.dagbag import DagBag

    import email_contacts.operators._waiting
    import email_contacts.sensor

    monkeypatch.setattr(email_contacts.operators._waiting, "RESUME_GRACE", 0.0)
    monkeypatch.setattr(email_contacts.sensor, "RESUME_GRACE", 0.0)
    folder = tmp_path / "dags"
    folder.mkdir()
    set_bundle(monkeypatch, folder)

    def written(code: str) -> DAG:
        (folder / "the_file.py").write_text(code)
        (dag,) = DagBag(folder).dags.values()
        return dag

    return written


def set_bundle(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let Airflow know a folder of DAG files, and no other one."""
    bundle = {
        "name": "of_a_test",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(folder)},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))


@pytest.fixture(scope="session")
def remembering() -> list[tuple[object, str, Any]]:
    """Parts of ``dag.test()`` that remember what they did: where each is, its name, and its stand-in.

    The DAGs of a folder are parsed and stored once, for no DAG file changes between two runs. The schemas of
    params, which are few, are checked once each: otherwise for every task that inherits them from its DAG,
    whenever the DAG is serialized, which takes half of the time of a run.
    """
    from airflow.dag_processing import dagbag
    from jsonschema import Draft202012Validator

    check = Draft202012Validator.check_schema

    @cache
    def check_text(schema: str) -> None:
        check(json.loads(schema))

    def check_once(schema: Any, *_: Any, **__: Any) -> None:
        check_text(json.dumps(schema, sort_keys=True))

    return [
        (dagbag, "BundleDagBag", cache(dagbag.BundleDagBag)),
        (dagbag, "sync_bag_to_db", cache(dagbag.sync_bag_to_db)),
        (Draft202012Validator, "check_schema", check_once),
    ]


@pytest.fixture(autouse=True)
def _nothing_is_done_twice(
    remembering: list[tuple[object, str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name, part in remembering:
        monkeypatch.setattr(place, name, part)
