"""The page of one import: what it tells, to whom, and its lists of rejected rows."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import set_connection
from tests.web.pages import users
from tests.web.pages.conftest import Reader
from tests.web.pages.entries import forget_all, make_receipt, put
from tests.web.pages.running import Import, begun
from tests.web.runs import Run

__all__ = ["begun"]

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
HEADER = "row,key,field,rule,message,value\n"
ROWS = (
    "3,c-17,email,email,must be an address such as ada@example.com,***.***\n"
    "4,c-18,=cmd|' /C calc'!A0,date,must be a date,##/##/####\n"
    "5,-1+1,sms,sms,must be a phone number,+## ###\n"
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the DAG ``crm`` in the staging folder of the connection ``crm``."""
    folder = tmp_path / "stage" / "crm" / "manual__1" / "prepare"
    folder.mkdir(parents=True)
    set_connection(monkeypatch, "crm", staging_uri=(tmp_path / "stage").as_uri())
    return folder


def put_import(list_uri: str = "", dag_id: str = users.CRM, **fields: Any) -> str:
    """Put an import into the history; the path of its page."""
    (address,) = put((dag_id, make_receipt(1, rejects_uri=list_uri, **fields)))
    return f"/{address}"


def listed(folder: Path, text: str = HEADER + ROWS, name: str = "rejects.csv") -> str:
    """Write a list of rejects, next to the manifest of the import; its address."""
    (folder / name).write_text(text)
    (folder / "manifest.json").write_text(json.dumps({"fingerprint": make_receipt()["fingerprint"]}))
    return (folder / name).as_uri()


def words(text: str) -> str:
    """A page without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def test_the_page_tells_what_became_of_the_rows_and_what_to_do(admin_reader: Reader, stage: Path) -> None:
    path = put_import(listed(stage), told_by=("callback",), verification={"sampled": 300, "on_lists": 300})
    text = admin_reader.text(path)
    told = words(text)
    for part in (
        "customers-1.csv → into Newsletter completed with rejects 2026-11-28, 07:59:00 UTC, after 00:01:05",
        "Next: Correct the rejected rows in the source and import them again.",
        "1,000 rows read accepted 971 rejected 22 duplicates 7 held back 0",
        "Prepared time not known 1,000 rows read, 971 to send",
        "Submitted 2026-11-28, 07:58:30 process 101",
        "Ended on the platform time not known the platform's callback",
        "Verified time not known 300 of 300 contacts found",
        "The run was deleted, so some times are not available.",
        "email rejected 20 several rows about one contact duplicates 7 date rejected 2",
        "List 4 Newsletter , 0 contacts before, 971 after",
        "3 email email ***.*** must be an address such as ada@example.com",
    ):
        assert part in told, part
    assert "c-17" not in text
    assert 'href="/dags/crm"' in text


def test_the_parts_of_the_bar_are_as_wide_as_their_rows(admin_reader: Reader, stage: Path) -> None:
    text = admin_reader.text(put_import())
    parts = re.findall(r'<rect class="part (\w+)" x="([\d.]+)" width="([\d.]+)"', text)
    assert parts == [("accepted", "0.0", "97.1"), ("rejected", "97.1", "2.2"), ("duplicates", "99.3", "0.7")]


def test_the_times_of_the_tasks_are_those_of_a_run_that_is_there(admin_reader: Reader, stage: Path) -> None:
    run = Run(dag_id=users.CRM)
    put((users.CRM, make_receipt(7)), run_id=run.run_id)
    text = admin_reader.text(f"/{make_receipt(7)['finished_at'][:23]}/{7:016x}")
    assert f'href="/dags/crm/runs/{run.run_id}"' in text
    assert "The run was deleted" not in text


@pytest.mark.parametrize("state", ["failed", "unknown", "dry_run"])
def test_an_import_that_did_not_complete_says_why(admin_reader: Reader, stage: Path, state: str) -> None:
    path = put_import(
        state=state, reason="process 7 <failed>", submitted_at=None, fingerprint="", verification={}
    )
    told = admin_reader.text(path)
    assert "process 7 <failed>" in told
    assert "did not finish" in told


def test_a_user_who_may_not_read_logs_sees_counts_and_no_rows(
    reader: Callable[[str], Reader], stage: Path
) -> None:
    path = put_import(listed(stage))
    person = reader(users.WITHOUT_LOGS)
    text = person.text(path)
    assert "971" in text
    assert "***.***" not in text
    assert "Download" not in text
    assert "shown to those who may read the logs" in text
    assert person.get(f"{path}/rejects.csv").status_code == 403


@pytest.mark.parametrize("user", [users.OF_CRM, users.STRANGER])
def test_an_import_that_one_may_not_see_is_not_there(
    reader: Callable[[str], Reader], stage: Path, user: str
) -> None:
    path = put_import(listed(stage), dag_id=users.SHOP)
    person = reader(user)
    for asked in (path, f"{path}/rejects.csv"):
        answer = person.get(asked)
        assert answer.status_code == 404
        assert "shop" not in answer.text
    assert person.get(f"/run?dag_id={users.SHOP}&run_id=manual__1").status_code == 403


def test_the_runs_own_page_shows_its_imports(reader: Callable[[str], Reader], stage: Path) -> None:
    put_import(listed(stage))
    put((users.CRM, make_receipt(2)), run_id="manual__2")
    person = reader(users.OF_CRM)
    text = person.text(f"/run?dag_id={users.CRM}&run_id=manual__1")
    assert "customers-1.csv" in text
    assert "customers-2.csv" not in text
    assert ">Download CSV<" in text
    assert "No receipt." in person.text(f"/run?dag_id={users.CRM}&run_id=manual__3")


def test_the_list_is_downloaded_without_formulas(admin_reader: Reader, stage: Path) -> None:
    answer = admin_reader.get(f"{put_import(listed(stage))}/rejects.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="rejects-{1:016x}.csv"'
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert rows[0]["key"] == "c-17"
    assert rows[1]["field"] == "'=cmd|' /C calc'!A0"
    assert (rows[2]["key"], rows[2]["value"]) == ("'-1+1", "'+## ###")
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_a_long_list_is_downloaded_whole(admin_reader: Reader, stage: Path) -> None:
    lines = HEADER + "".join(f"{number},,email,email,must be,***\n" for number in range(5000))
    path = put_import(listed(stage, lines))
    assert len(admin_reader.get(f"{path}/rejects.csv").text.splitlines()) == 5001
    assert admin_reader.text(path).count("<code>***</code>") == 3


def test_what_the_platform_rejected_is_a_list_of_its_own(admin_reader: Reader, stage: Path) -> None:
    uri = listed(stage, HEADER + "9,,SMS,duplicate_phone_id,x,##\n", "platform_rejects.csv")
    path = put_import("", platform_rejects_uri=uri, platform={"duplicate_phone_id": 1})
    assert "duplicate phone id" in admin_reader.text(path)
    assert admin_reader.get(f"{path}/platform_rejects.csv").status_code == 200
    assert admin_reader.get(f"{path}/rejects.csv").status_code == 404


def test_the_list_of_a_later_preparation_is_not_shown_for_an_earlier_import(
    admin_reader: Reader, stage: Path
) -> None:
    path = put_import(listed(stage))
    assert "must be an address" in admin_reader.text(path)
    (stage / "manifest.json").write_text(json.dumps({"fingerprint": "e" * 64}))
    assert "must be an address" not in (text := admin_reader.text(path))
    assert "The list is not in the staging folder any more" in text
    assert admin_reader.get(f"{path}/rejects.csv").status_code == 404


def unreachable(stage: Path) -> dict[str, str]:
    """Addresses that a task may write, and that must not be opened."""
    other = stage.parents[2] / "shop" / "manual__1"
    other.mkdir(parents=True)
    listed(other)
    listed(stage, "secret")
    (stage / "link").mkdir()
    (stage / "link" / "rejects.csv").symlink_to(other / "rejects.csv")
    (stage / "passwords.csv").write_text(HEADER)
    return {
        "a file that is no list": (stage / "rejects.csv").as_uri(),
        "another DAG's list": (other / "rejects.csv").as_uri(),
        "a way up": f"{stage.as_uri()}/../../../shop/manual__1/rejects.csv",
        "a link out": (stage / "link" / "rejects.csv").as_uri(),
        "another name": (stage / "passwords.csv").as_uri(),
        "a pattern": f"{stage.as_uri()}/*/rejects.csv",
        "nothing there": f"{stage.as_uri()}/none/rejects.csv",
        "a folder": stage.parent.as_uri(),
        "the network": "http://127.0.0.1:9/rejects.csv",
        "a bucket": "s3://none@bucket/crm/rejects.csv",
        "a chain": f"simplecache::{stage.as_uri()}/rejects.csv",
        "no address": "\x00/rejects.csv",
    }


def test_only_a_list_in_the_dags_own_part_of_the_stage_is_opened(admin_reader: Reader, stage: Path) -> None:
    for what, uri in unreachable(stage).items():
        path = put_import(uri)
        assert admin_reader.get(f"{path}/rejects.csv").status_code == 404, what
        text = admin_reader.text(path)
        assert "The list is not in the staging folder any more" in text, what
        assert "secret" not in text
        forget_all()


@pytest.mark.parametrize("conn_id", ["not_there", "of_another_type", "", "../crm"])
def test_only_a_connection_of_ours_says_where_the_stage_is(
    admin_reader: Reader, stage: Path, conn_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {"conn_type": "http", "extra": {"staging_uri": stage.parents[2].as_uri()}}
    monkeypatch.setenv("AIRFLOW_CONN_OF_ANOTHER_TYPE", json.dumps(document))
    (address,) = put((users.CRM, make_receipt(1, rejects_uri=listed(stage))), conn_id=conn_id)
    assert admin_reader.get(f"/{address}/rejects.csv").status_code == 404


@pytest.mark.parametrize("dag_id", ["..", "."])
def test_a_dag_with_an_odd_name_has_no_folder(admin_reader: Reader, stage: Path, dag_id: str) -> None:
    path = put_import(listed(stage), dag_id=dag_id)
    assert admin_reader.get(f"{path}/rejects.csv").status_code == 404


def test_what_others_named_is_shown_as_text(admin_reader: Reader, stage: Path) -> None:
    script, bidi, long = "<script>alert(1)</script>", "a\u202egpj.exe", "x" * 10_000
    rejects = HEADER + f'3,,{script},"<img src=x onerror=alert(2)>",{bidi},{long}\n'
    path = put_import(
        listed(stage, rejects),
        source=f"s3://b/{script}\u202e.csv",
        list_names={"4": f"{bidi}{script}"},
        reject_reasons={script: 3},
        recovered=(script,),
        remark=long,
    )
    for page in (admin_reader.get(path).text, admin_reader.get("/").text):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "\u202e" not in page
        assert "\\u202e" in page
        assert long[:1000] not in page
        assert not re.search(r"<[^>]+\son\w+=", page)


def test_a_failed_import_leads_to_the_log_of_the_task_that_failed_first(
    admin_reader: Reader, begun: Callable[..., Import]
) -> None:
    run = begun()
    for task_id, ago in (("verify", 5), ("prepare", 60), ("wait", 20), ("receipt", 1)):
        if task_id != "receipt":
            run.task(task_id, "failed")
        run.ended(task_id, "failed", ago=ago)
    failed = make_receipt(1, state="failed", reason="the preparation did not finish")
    (address,) = put((users.CRM, failed), run_id=run.run_id)
    log = f'href="/dags/{users.CRM}/runs/{run.run_id}/tasks/prepare"'
    for path in (f"/{address}", f"/run?dag_id={users.CRM}&run_id={run.run_id}"):
        assert log in admin_reader.text(path)
    (address,) = put((users.CRM, make_receipt(2)), run_id=run.run_id)
    assert "/tasks/" not in admin_reader.text(f"/{address}")
