"""``sync_audiences``: one DAG for each audience file, from end to end against the sandbox."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from email_contacts.api import ContactsClient

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

    from email_contacts.sandbox import SandboxServer

PROJECT = Path(__file__).resolve().parents[2]
LEAST = "source: customers.csv\nlist: Customers\n"


def write(project: Path, **audiences: str) -> None:
    for name, text in audiences.items():
        (project / "include" / "audiences" / f"{name}.yaml").write_text(text)


def bag(project: Path) -> DagBag:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(project / "dags")


def test_a_broken_file_concerns_its_own_dag_only(project: Path) -> None:
    write(
        project,
        good=LEAST + "schedule: '@daily'\nowners: [ann, bob]\n",
        broken=LEAST + "modus: full\n",
        cron=LEAST + "schedule: 99 99 * * *\n",
        asset=LEAST + "schedule: {assets: [model, 's3://bucket/key']}\n",
    )
    found = bag(project)
    assert found.import_errors == {}
    assert set(found.dags) == {"sync_good", "sync_broken", "sync_cron", "sync_asset"}
    good = found.dags["sync_good"]
    assert (good.get_task("prepare").owner, str(good.schedule)) == ("ann, bob", "@daily")
    assert good.is_paused_upon_creation
    broken = found.dags["sync_broken"]
    assert broken.task_ids == ["audience_file"]
    assert "in line 3, at top level" in str(broken.doc_md)
    assert "broken" in broken.tags
    assert found.dags["sync_cron"].task_ids == ["audience_file"]
    assert "99 99 * * *" in str(found.dags["sync_cron"].doc_md)
    assets: Any = found.dags["sync_asset"].schedule
    assert [one.name for one in assets] == ["model", "s3://bucket/key"]


def test_an_audience_that_would_remove_the_contacts_of_another_one_does_not_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, shop=LEAST + "gone: remove\n", vip=LEAST)
    found = bag(project)
    assert found.import_errors == {}
    assert found.dags["sync_shop"].task_ids == ["audience_file"]
    assert "vip.yaml fills the same one" in str(found.dags["sync_shop"].doc_md)
    assert "import" in found.dags["sync_vip"].task_ids
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "sync_shop")  # as a task reads it
    assert bag(project).dags["sync_shop"].task_ids == ["audience_file"]


def test_a_run_of_a_broken_file_fails_and_says_what_is_wrong(project: Path) -> None:
    write(project, broken="list: x\n")
    done = bag(project).dags["sync_broken"].test()
    assert str(done.state) == "failed"


def test_no_audiences_are_no_error(project: Path) -> None:
    shutil.rmtree(project / "include")
    found = bag(project)
    assert (found.dags, found.import_errors) == ({}, {})


def test_a_task_parses_its_own_audience_only(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, one=LEAST, two=LEAST)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "sync_two")
    assert set(bag(project).dags) == {"sync_two"}


def test_everything_is_sent_where_that_is_asked(
    project: Path, connection: str, sandbox: SandboxServer, tmp_path: Path
) -> None:
    shutil.copytree(PROJECT / "include", project / "include", dirs_exist_ok=True)
    dag = bag(project).dags["sync_kunden"]
    first = run(dag, tmp_path / "stage" / "sync_kunden")
    (list_id,) = first["list_ids"]
    assert first["rows"] == receipt_counts(19)
    assert size_of(sandbox, list_id) == 19
    assert run(dag, tmp_path / "stage" / "sync_kunden", full_sync=True)["rows"] == receipt_counts(19)
    assert sandbox.imports_accepted() == 2


def receipt_counts(accepted: int) -> dict[str, int]:
    return {"read": 20, "accepted": accepted, "rejected": 20 - accepted, "duplicates": 0, "held_back": 0}


def run(dag: Any, stage: Path, **conf: Any) -> dict[str, Any]:
    """Run a DAG and give its receipt, which is removed."""
    done = dag.test(run_conf=conf)
    states = {one.task_id: str(one.state) for one in done.get_task_instances()}
    assert str(done.state) == "success", states
    (path,) = stage.rglob("receipt.json")
    document: dict[str, Any] = json.loads(path.read_text())
    path.unlink()
    return document


def size_of(sandbox: SandboxServer, list_id: int) -> int:
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        return client.get_list(list_id).unique_subscribers


def test_who_opted_out_is_held_back_and_no_contact_is_merged_away(
    project: Path, connection: str, sandbox: SandboxServer, tmp_path: Path
) -> None:
    write(project, guarded=LEAST + "consent_column: {name: newsletter, yes: [ja], no: [nein]}\n")
    (project / "customers.csv").write_text(
        "email,sms,newsletter\na@example.com,,ja\nb@example.com,4915123456789,ja\nc@example.com,,ja\n"
        "d@example.com,,nein\n"
    )
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        client.create_contact(email="a@example.com", email_blacklisted=True)
        client.create_contact(email="b@example.com")
        client.create_contact(email="other@example.com", attributes={"SMS": "4915123456789"})
        before = {one["id"] for one in client.iter_contacts()}
        receipt = run(bag(project).dags["sync_guarded"], tmp_path / "stage" / "sync_guarded")
        after = {one["id"]: one for one in client.iter_contacts()}
    assert receipt["state"] == "completed"
    assert receipt["held_back"] == {"no_consent": 1, "opted_out": 1, "would_merge": 1}
    assert receipt["rows"]["accepted"] == 1
    assert before < after.keys()
    assert [one["email"] for one in after.values() if one["listIds"]] == ["c@example.com"]


def test_an_audience_without_guards_has_no_mirror(project: Path) -> None:
    write(project, guarded=LEAST, free=LEAST + "consent: ignore\nmerges: allow\n")
    dags = bag(project).dags
    assert dags["sync_guarded"].get_task("prepare").upstream_task_ids >= {"mirror"}
    assert "mirror" not in dags["sync_free"].task_ids


def test_who_is_gone_from_the_source_is_removed_from_the_list(
    project: Path,
    connection: str,
    sandbox: SandboxServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    kept = LEAST.replace("Customers", "Others")
    write(project, shop=LEAST + "gone: remove\nbrakes: {max_removals: 90%}\n", kept=kept)
    dags = bag(project).dags
    assert "gone" not in dags["sync_kept"].task_ids
    assert dags["sync_shop"].get_task("gone").downstream_task_ids == {"receipt"}
    source = project / "customers.csv"
    people = ("a@example.com,", "b@example.com,X-2", "c@example.com,X-3", "d@example.com,")
    source.write_text("\n".join(["email,ext_id", *people]) + "\n")
    stage = tmp_path / "stage" / "sync_shop"
    (list_id,) = run(dags["sync_shop"], stage)["list_ids"]
    # The row of c is rejected, and tells by its EXT_ID whom it is about; d has none, and may be in it.
    source.write_text("email,ext_id\na@example.com,\nc@,X-3\n")
    receipt = run(dags["sync_shop"], stage)
    settled = {name: receipt["changes"][name] for name in ("gone", "settled", "in_source", "unclear")}
    assert settled == {"gone": 3, "settled": 1, "in_source": 1, "unclear": 1}
    assert (receipt["rows"]["accepted"], receipt["rows"]["rejected"]) == (0, 1)
    assert size_of(sandbox, list_id) == 3
    assert_names_nobody(capfd)


def test_an_opt_out_of_the_source_is_brought_to_the_platform(
    project: Path,
    connection: str,
    sandbox: SandboxServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    column = "consent_column: newsletter\n"
    opt_outs = "propagate_opt_outs: true\nbrakes: {max_opt_outs: 50%}\n"
    write(project, quiet=LEAST + column, shop=LEAST + column + opt_outs)
    dags = bag(project).dags
    assert "opt_outs" not in dags["sync_quiet"].task_ids
    (project / "customers.csv").write_text("email,newsletter\na@example.com,yes\nb@example.com,no\n")
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        client.create_contact(email="b@example.com")
        receipt = run(dags["sync_shop"], tmp_path / "stage" / "sync_shop")
        told = {one["email"]: (one["emailBlacklisted"], one["listIds"]) for one in client.iter_contacts()}
    assert receipt["guards"]["to_opt_out"] == 1
    assert told == {"a@example.com": (False, receipt["list_ids"]), "b@example.com": (True, [])}
    assert_names_nobody(capfd)


def assert_names_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    """See that neither the log nor an XCom of the runs has an address."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    log = "".join(capfd.readouterr())
    assert "prepared" in log
    assert "@example.com" not in log
    with create_session() as session:
        values = [str(one.value) for one in session.query(XComModel)]
    assert values
    assert not [one for one in values if "@example.com" in one]
