"""The guards in a run as its tasks make it, against the sandbox and the dangers themselves."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from typing import Any

import pytest
import requests
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient
from email_contacts.imports import failpoints
from email_contacts.imports.verification.receipt import Receipt
from email_contacts.operators.mirrors import RefreshMirrorOperator
from email_contacts.operators.partitions import MergePartitionsOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.sandbox import SandboxServer, clock
from email_contacts.sensor import ImportCompletedSensor
from tests.operators.syncing import Sync
from tests.task_context import StateStore, make_context, pushed

PROJECT = Path(__file__).resolve().parents[2]
MIRROR = "email_contacts_default"


@pytest.fixture
def sync(tmp_path: Path) -> Sync:
    return Sync(tmp_path)


def refreshed(**arguments: Any) -> dict[str, Any]:
    """Refresh the mirror, and give where it is and what the task pushed."""
    context = make_context(StateStore())
    mirror = RefreshMirrorOperator(task_id="mirror", **arguments).execute(context)
    return {"mirror": mirror, **pushed(context)["sweep"]}


def on_platform(platform: ContactsClient) -> dict[int, dict[str, Any]]:
    return {one["id"]: one for one in platform.iter_contacts()}


def test_who_opted_out_is_held_back_until_that_is_taken_back(
    sync: Sync, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    people = {"a@example.com": "Ann", "b@example.com": "Bob", "c@example.com": "Cy"}
    platform.create_contact(email="a@example.com", email_blacklisted=True)
    mirror = refreshed()["mirror"]
    receipt = sync.run(people, mirror=mirror)
    assert receipt["state"] == "completed"
    assert receipt["rows"] == {
        "read": 3, "accepted": 2, "rejected": 0, "duplicates": 0, "held_back": 1,
    }  # fmt: skip
    assert receipt["held_back"] == {"opted_out": 1}
    assert Path(receipt["held_back_uri"].removeprefix("file://")).read_text().splitlines()[1:] == [
        "1,opted_out,1,,"
    ]
    assert receipt["guards"]["consent"] == "hold_back"
    platform.create_contact(email="a@example.com", email_blacklisted=False, update_enabled=True)
    assert refreshed()["is_full"] is False
    receipt = sync.run(people, mirror=mirror)
    assert (receipt["rows"]["accepted"], receipt["rows"]["unchanged"]) == (1, 2)
    assert receipt["changes"] == {"new": 1, "changed": 0, "gone": 0}


def test_a_row_that_would_merge_two_contacts_is_not_sent(sync: Sync, platform: ContactsClient) -> None:
    platform.create_contact(email="a@example.com", attributes={"FIRSTNAME": "Ann"})
    platform.create_contact(email="b@example.com", attributes={"SMS": "4915123456789"})
    before = on_platform(platform)
    rows = "email,sms,firstname\na@example.com,4915123456789,Anna\nc@example.com,,Cy\n"
    receipt = sync.run(rows, mirror=refreshed()["mirror"])
    assert receipt["held_back"] == {"would_merge": 1}
    assert before.items() <= on_platform(platform).items()
    receipt = sync.run(rows, mirror=refreshed()["mirror"], merges="allow")  # the danger itself
    assert receipt["rows"]["held_back"] == 0
    assert len(before.keys() - on_platform(platform).keys()) == 1


NUMBER = "491511234567"


@pytest.mark.parametrize(
    ("row", "opted_out", "other"),
    [
        (  # its address, which the platform makes up, is read as a number for SMS
            f"sms\n{NUMBER}\n",
            {"attributes": {"SMS": NUMBER}, "smsBlacklisted": True},
            {"attributes": {"WHATSAPP": NUMBER}},
        ),
        (
            "ext_id\n1001\n",
            {"ext_id": "1001", "emailBlacklisted": True},
            {"email": "b@example.com", "ext_id": "1001.0"},
        ),
        (
            f"sms\n+{NUMBER}\n",
            {"attributes": {"SMS": NUMBER}, "emailBlacklisted": True},
            {"email": "b@example.com", "attributes": {"SMS": "4901511234567"}},
        ),
    ],
)
def test_an_opt_out_stays_where_another_contact_gets_a_form_of_the_same_identifier(
    row: str,
    opted_out: dict[str, Any],
    other: dict[str, Any],
    sync: Sync,
    sandbox: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def make(body: dict[str, Any]) -> None:
        answer = requests.post(f"{sandbox.url}/v3/contacts", json=body, headers=key, timeout=30)
        assert answer.status_code == 201

    key, now_ms = {"api-key": sandbox.api_key}, clock.now_ms
    with monkeypatch.context() as an_hour_ago:
        an_hour_ago.setattr(clock, "now_ms", lambda: now_ms() - 3_600_000)
        make({"email": "a@example.com", **opted_out})
    refreshed()
    make(other)
    assert refreshed()["swept"] == 1
    sync.prepare(row, mirror=MIRROR)
    assert sync.pushed["rows"]["held_back"] == {"opted_out": 1}


def test_an_opt_out_stays_where_a_sweep_over_everything_that_read_it_before_ends_after_a_refresh(
    sync: Sync, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.create_contact(email="a@example.com")
    refreshed()

    def meanwhile(_: str) -> None:
        monkeypatch.setattr(failpoints, "_listeners", [])
        platform.create_contact(email="a@example.com", email_blacklisted=True, update_enabled=True)
        assert refreshed()["is_full"] is False

    monkeypatch.setattr(failpoints, "_listeners", [meanwhile])
    assert refreshed(full_sweep=True)["is_full"] is True
    sync.prepare({"a@example.com": "Ann"}, mirror=MIRROR)
    assert sync.pushed["rows"]["held_back"] == {"opted_out": 1}


def test_a_worker_whose_clock_is_ahead_misses_no_opt_out(
    sync: Sync, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Ahead:
            return cls.fromtimestamp(time.time() + 20 * 60, tz)

    monkeypatch.setattr("email_contacts.api.reads.datetime", Ahead)
    platform.create_contact(email="a@example.com")
    as_of = datetime.fromisoformat(refreshed()["as_of"])
    assert as_of <= datetime.now(timezone.utc)
    platform.create_contact(email="a@example.com", email_blacklisted=True, update_enabled=True)
    assert refreshed()["is_full"] is False
    sync.prepare({"a@example.com": "Ann"}, mirror=MIRROR)
    assert sync.pushed["rows"]["held_back"] == {"opted_out": 1}


def test_an_override_is_in_the_receipt_and_in_the_log_of_each_task(
    sync: Sync,
    platform: ContactsClient,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    platform.create_contact(email="a@example.com", email_blacklisted=True)
    given = {"mirror": refreshed()["mirror"], "consent": "override", "consent_reason": "Product recall 12."}
    receipt = sync.run({"a@example.com": "Ann"}, **given)
    assert receipt["rows"]["accepted"] == 1
    assert receipt["guards"]["consent_reason"] == "Product recall 12."
    assert receipt["guards"]["overridden"] == 1
    wait = ImportCompletedSensor(task_id="wait", submissions=sync.submissions, deferrable=False)
    wait.execute(make_context(StateStore()))
    said = [line for line in capsys.readouterr().out.splitlines() if "Product recall 12." in line]
    assert len(said) == 5  # prepare, verify, gone, receipt, confirm
    loggers = {one.name.rpartition(".")[2] for one in caplog.records if "Product recall 12." in one.message}
    assert loggers >= {"_submission_report", "sensor"}
    with pytest.raises(AirflowFailException, match="needs consent_reason"):
        sync.prepare({"a@example.com": "Ann"}, mirror="x", consent="override")


def test_where_the_mirror_cannot_be_refreshed_the_one_before_stays(
    sandbox: SandboxServer, platform: ContactsClient, tmp_path: Path
) -> None:
    sandbox.seed_contacts(3)
    refreshed()
    pointer = tmp_path / "stage" / "mirrors" / MIRROR / "current.json"
    before = pointer.read_text()
    sandbox.set_knobs(faults=[{"route": "contacts", "kind": "503", "times": 50}])
    with pytest.raises(Exception, match="503"):
        refreshed()
    assert pointer.read_text() == before


def test_a_mirror_that_is_not_there_or_old_fails_the_preparation_at_once(sync: Sync, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="there is no mirror"):
        sync.prepare({"a@example.com": "Ann"}, mirror=MIRROR)
    refreshed()
    with pytest.raises(AirflowFailException, match="mirror_max_age"):
        sync.prepare({"a@example.com": "Ann"}, mirror=MIRROR, mirror_max_age="0.0000001")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mirror": "../escape"}, "mirror="),
        ({"mirror": MIRROR, "mirror_max_age": "soon"}, "mirror_max_age"),
        ({"consent": "maybe"}, "consent="),
        ({"mirror": None}, "mirror is None"),
        ({"mirror": "None"}, "mirror is None"),
    ],
)
def test_arguments_that_cannot_work_fail_at_once(sync: Sync, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AirflowFailException, match=message):
        sync.prepare({"a@example.com": "Ann"}, **arguments)


def test_another_api_key_is_another_account(
    sync: Sync, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refreshed()
    pointer = json.loads((tmp_path / "stage" / "mirrors" / MIRROR / "current.json").read_text())
    assert sandbox.api_key not in json.dumps(pointer)
    document = json.loads(os.environ[f"AIRFLOW_CONN_{MIRROR.upper()}"])
    monkeypatch.setenv(f"AIRFLOW_CONN_{MIRROR.upper()}", json.dumps({**document, "password": "another-key"}))
    with pytest.raises(AirflowFailException, match="another account"):
        sync.prepare({"a@example.com": "Ann"}, mirror=MIRROR, check_attributes=False)


def test_without_a_mirror_everything_is_as_it_was(
    sync: Sync, platform: ContactsClient, capsys: pytest.CaptureFixture[str]
) -> None:
    platform.create_contact(email="a@example.com", email_blacklisted=True)
    receipt = sync.run({"a@example.com": "Ann"})
    assert receipt["rows"]["accepted"] == 1
    assert not receipt.keys() & {"guards", "held_back_uri", "held_back"}
    assert "no mirror is given" in capsys.readouterr().out


def test_templates_reach_the_guards() -> None:
    fields = {"mirror", "mirror_max_age", "consent", "consent_reason", "merges"}
    assert fields <= set(PrepareContactsOperator.template_fields)
    assert fields <= set(MergePartitionsOperator.template_fields)


def test_a_receipt_with_held_back_rows_is_read_again(sync: Sync, platform: ContactsClient) -> None:
    platform.create_contact(email="a@example.com", email_blacklisted=True)
    document = sync.run({"a@example.com": "Ann", "b@example.com": "Bob"}, mirror=refreshed()["mirror"])
    receipt = Receipt.from_json(document)
    assert receipt.rows.held_back == {"opted_out": 1}
    assert (receipt.rows.to_send, receipt.rows.unaccounted) == (1, 0)


def test_the_page_shows_operators_and_a_list_that_exist(sync: Sync) -> None:
    page = (PROJECT / "docs" / "consent-and-merges.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    with DAG("the_page") as dag:
        exec(code, {})
    assert dag.get_task("prepare").upstream_task_ids == {"mirror"}
    (shown,) = re.findall(r"^```csv\n(.*?)\n", page, re.M | re.S)
    refreshed()
    sync.prepare({"a@example.com": "Ann"}, mirror=MIRROR)
    listed = Path(sync.manifest_uri.removeprefix("file://")).parent / "held_back.csv"
    assert listed.read_text() == f"{shown}\n"


def test_nothing_personal_is_kept(sync: Sync, platform: ContactsClient, tmp_path: Path) -> None:
    platform.create_contact(email="somebody@example.com", ext_id="SOME-ID", email_blacklisted=True)
    platform.create_contact(email="x@example.com", attributes={"SMS": "4915123456789"})
    done = refreshed()
    receipt = sync.run({"somebody@example.com": "Somebody", "new@example.com": "New"}, mirror=done["mirror"])
    kept = [path for path in (tmp_path / "stage" / "mirrors").rglob("*") if path.is_file()]
    assert len(kept) == 2
    kept += (tmp_path / "stage").rglob("held_back.csv")
    for path in kept:
        data = path.read_bytes().lower()
        assert not [word for word in (b"somebody", b"some-id", b"4915123456789") if word in data], path
    assert "somebody" not in json.dumps([done, receipt, sync.pushed]).lower()


def test_the_platform_is_asked_for_what_changed_only(sandbox: SandboxServer) -> None:
    sandbox.seed_contacts(2500)
    assert refreshed()["swept"] == 2500
    with requests.Session() as session:
        session.headers["api-key"] = sandbox.api_key
        session.put(f"{sandbox.url}/v3/contacts/1", json={"emailBlacklisted": True}, timeout=30)
    assert refreshed(full_sweep_every="1")["is_full"] is False
    assert refreshed(full_sweep=True)["is_full"] is True
