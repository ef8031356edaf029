"""Every DAG file loads, and says what an operator of it needs to know."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def dag_bag(airflow_database: None) -> DagBag:
    """All DAGs, loaded as the DAG processor does."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(PROJECT / "dags")


def test_there_are_no_import_errors(dag_bag: DagBag) -> None:
    assert dag_bag.import_errors == {}
    audiences = {f"sync_{path.stem}" for path in (PROJECT / "include" / "audiences").glob("*.yaml")}
    assert len(audiences) == 3
    assert set(dag_bag.dags) == {
        "import_contacts",
        "retry_rejects",
        "export_contacts",
        "clean_stages",
        "check_freshness",
        "list_refreshed",
        *audiences,
    }


def test_loading_a_dag_raises_no_warning_of_ours(airflow_database: None) -> None:
    import importlib.util

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in (PROJECT / "dags").glob("*.py"):
            spec = importlib.util.spec_from_file_location(f"warned_{path.stem}", path)
            assert spec is not None
            assert spec.loader is not None
            spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_every_dag_is_documented_and_owned(dag_bag: DagBag) -> None:
    for dag in dag_bag.dags.values():
        assert dag.doc_md, dag.dag_id
        assert dag.tags, dag.dag_id
        assert dag.max_active_runs == 1
        for task in dag.tasks:
            # An audience file may name its own.
            assert task.owner == "data platform" or (dag.dag_id.startswith("sync_") and task.owner)
            assert task.retries, f"{task.task_id}: an early resume can fail a task (apache/airflow#71580)"


def test_every_field_of_the_form_explains_itself(dag_bag: DagBag) -> None:
    for dag in dag_bag.dags.values():
        for name in dag.params:
            field = dag.params.get_param(name)
            assert field.schema.get("title"), name
            assert field.description, name
        dag.params.validate()


def test_what_everybody_fills_in_is_visible_without_a_click(dag_bag: DagBag) -> None:
    """Airflow opens one section of a form: that of the fields without a section."""
    form = dag_bag.dags["import_contacts"].params
    sections = {name: form.get_param(name).schema.get("section") for name in form}
    assert [name for name, section in sections.items() if section is None] == ["source", "list", "dry_run"]
    assert list(dict.fromkeys(sections.values())) == [None, "What", "Where", "Safety"]


def test_the_form_can_be_sent_as_it_is(dag_bag: DagBag) -> None:
    """The UI takes an empty text for a missing one: a field that is not optional must come filled in."""
    for dag in dag_bag.dags.values():
        for name in dag.params:
            optional = "null" in dag.params.get_param(name).schema["type"]
            assert optional or dag.params[name] != "", f"{dag.dag_id}: {name}"


def test_the_chain_is_the_one_that_is_documented(dag_bag: DagBag) -> None:
    dag = dag_bag.dags["import_contacts"]
    order = [
        "prepare",
        "unless_dry_run",
        "folder",
        "list",
        "size_before",
        "import",
        "wait",
        "verify",
        "receipt",
    ]
    chain = dag.topological_sort()  # type: ignore[no-untyped-call]
    assert [task.task_id for task in chain] == order
    assert dag.get_task("import").is_mapped


def test_a_schedule_takes_one_setting(airflow_database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("IMPORT_CONTACTS_SCHEDULE", "@daily")
    dag = DagBag(PROJECT / "dags").dags["import_contacts"]
    assert repr(dag.schedule) == repr("@daily")


@pytest.mark.parametrize(("setting", "schedule"), [(None, "@daily"), ("@weekly", "@weekly"), ("", None)])
def test_old_stages_are_cleaned_daily_unless_somebody_says_otherwise(
    setting: str | None, schedule: str | None, airflow_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    if setting is not None:
        monkeypatch.setenv("CLEAN_STAGES_SCHEDULE", setting)
    dag = DagBag(PROJECT / "dags").dags["clean_stages"]
    assert repr(dag.schedule) == repr(schedule)
