"""What tests of DAGs share: a project of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

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
