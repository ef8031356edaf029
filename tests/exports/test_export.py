"""What an export writes, and from when the next one reads."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from email_contacts.api import ContactsClient, NotFound, Unavailable
from email_contacts.exports.errors import OverlappingExport
from email_contacts.sandbox import SandboxServer
from tests.api.scripted_server import ScriptedServer, answers
from tests.exports.warehouse import Warehouse, change, let_a_day_pass, read

LIST = 2  # the list of a fresh account


def test_the_first_export_is_of_everything_and_the_next_one_of_what_changed(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    sandbox.seed_contacts(30)
    let_a_day_pass(sandbox)
    first = warehouse.export()
    assert (first["contacts"], first["full"], first["since"]) == (30, True, None)
    assert "no watermark" in first["why_full"]
    assert warehouse.export()["contacts"] == 0
    change(sandbox, 7, 11)
    third = warehouse.export()
    assert (third["contacts"], third["full"], third["why_full"]) == (2, False, "")
    assert {row["id"] for row in read(third["files"]["contacts"]["uri"])} == {7, 11}
    assert warehouse.contacts() == {one["id"]: one for one in warehouse.client.iter_contacts()}
    assert warehouse.export(full=True)["contacts"] == 30


def test_exports_continue_each_other(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    first, second = warehouse.export(), warehouse.export()
    assert datetime.fromisoformat(second["until"].replace("Z", "+00:00")) <= datetime.now(timezone.utc)
    assert (second["since"], second["previous_manifest_uri"]) == (first["until"], first["manifest_uri"])
    manifest = json.loads(Path(second["manifest_uri"].removeprefix("file://")).read_text())
    assert {**manifest, "manifest_uri": second["manifest_uri"]} == second


def test_the_watermark_is_the_beginning_by_the_clock_that_is_behind(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    monkeypatch.setattr(ContactsClient, "platform_time", lambda _: behind)
    assert warehouse.export()["until"] == "2026-01-02T03:04:05Z"
    monkeypatch.setattr(ContactsClient, "platform_time", lambda _: datetime(2999, 1, 1, tzinfo=timezone.utc))
    assert warehouse.export()["until"] < "2999"
    monkeypatch.setattr(ContactsClient, "platform_time", lambda _: None)
    assert warehouse.export()["until"] < "2999"


def test_the_time_of_the_platform_is_asked_for_before_the_sweep(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """A change between the two is in the sweep, and again in the next one."""
    sandbox.seed_contacts(1)
    warehouse.export()
    assert [entry.route for entry in sandbox.journal()] == ["contacts", "contacts"]


def test_tables_are_partitioned_by_the_day_of_the_sweep(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    sandbox.seed_contacts(1)
    exported = warehouse.export()
    named = exported["export_id"]
    assert named[:15] >= exported["until"].translate({ord(sign): None for sign in "-:Z"})
    name = f"date={named[:4]}-{named[4:6]}-{named[6:8]}/{named}.ndjson"
    assert warehouse.files() == {
        f"file://{warehouse.path / table / name}" for table in ("contacts", "opt_outs")
    }
    assert not list((warehouse.path / "_incomplete").iterdir())


def test_the_file_of_a_later_export_sorts_behind_that_of_a_clock_that_was_ahead(
    warehouse: Warehouse, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers take a contact from its last file, so that it would lose who opted out since."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Ahead:
            return super().now(tz) + timedelta(minutes=9)

    sandbox.seed_contacts(1)
    with monkeypatch.context() as patched:
        patched.setattr("email_contacts.exports.destination.datetime", Ahead)
        first = warehouse.export()
    change(sandbox, 1)
    later = [warehouse.export()["export_id"] for _ in range(2)]
    named = [first["export_id"], *later]
    assert sorted(named) == named
    assert sorted(one[:18] for one in named) == [one[:18] for one in named]
    assert len({one[:18] for one in named}) == 3
    assert warehouse.contacts()[1]["attributes"]["POINTS"] == 2


def test_numbers_of_more_than_64_bits_are_kept(tmp_path: Path) -> None:
    """An attribute of type number may have up to 21 digits before it is written with an exponent."""
    attributes = {"POINTS": 10**20, "CODES": [-(2**70), {"a": 2**64}], "EXT_ID": 10**21 + 1}
    contact = {"id": 5, "email": "a@example.com", "emailBlacklisted": True, "attributes": attributes}
    page = {"contacts": [contact, {"id": 6, "email": "b@example.com"}], "count": 2}
    known = {"attributes": [{"name": "POINTS", "category": "normal", "type": "float"}]}
    with ScriptedServer() as server, ContactsClient(server.url, "a-key") as client:
        server.plays(answers(200, page), answers(200, page))
        exported = Warehouse(client, tmp_path).export()
        server.plays(answers(200, page), answers(200, known), answers(200, page))
        as_parquet = Warehouse(client, tmp_path / "parquet").export(file_format="parquet")
    assert read(exported["files"]["contacts"]["uri"]) == page["contacts"]
    assert [row["ext_id"] for row in read(exported["files"]["opt_outs"]["uri"])] == ["1000000000000000000001"]
    first, _ = pq.read_table(as_parquet["files"]["contacts"]["uri"].removeprefix("file://")).to_pylist()
    assert first["attributes"]["EXT_ID"] == "1000000000000000000001"
    kept = json.loads(first["otherFields"])["attributes"]
    assert kept == {"POINTS": attributes["POINTS"], "CODES": attributes["CODES"]}


def test_the_contacts_of_a_list(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    sandbox.seed_contacts(3)
    sandbox.seed_contacts(1_100, list_ids=[LIST])
    let_a_day_pass(sandbox)
    assert warehouse.export(list_id=LIST)["contacts"] == 1_100
    change(sandbox, 1, 50)
    changed = warehouse.export(list_id=LIST)
    assert {row["id"] for row in read(changed["files"]["contacts"]["uri"])} == {50}
    with pytest.raises(NotFound):
        warehouse.export(list_id=999)


@pytest.mark.parametrize("other", [{"list_id": LIST}, {"file_format": "parquet"}, {"path": "elsewhere"}])
def test_another_list_format_or_destination_has_a_watermark_of_its_own(
    other: dict[str, Any], warehouse: Warehouse, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.seed_contacts(5, list_ids=[LIST])
    let_a_day_pass(sandbox)
    warehouse.export()
    if "path" in other:
        other = {"path": tmp_path / "elsewhere"}
    assert warehouse.export(**other)["contacts"] == 5
    assert warehouse.export(**other)["contacts"] == 0
    assert warehouse.export()["contacts"] == 0


def test_a_watermark_of_an_earlier_version_goes_on(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    sandbox.seed_contacts(3)
    let_a_day_pass(sandbox)
    warehouse.export()
    for key, entry in list(warehouse.store.items()):
        if key.startswith("watermark/"):
            del entry["account"]
        else:
            del warehouse.store[key]
    assert warehouse.export()["full"] is False
    warehouse.account = "another"
    assert warehouse.export()["full"] is True


@pytest.mark.parametrize(
    "broken",
    [
        "text",
        {"version": 2},
        {"version": 1},
        {"version": 1, "watermark": "yesterday", "manifest_uri": None, "pending": None},
        {"version": 1, "watermark": None, "manifest_uri": None, "pending": {"export_id": "x"}},
    ],
)
def test_a_watermark_that_cannot_be_read_counts_as_none(
    broken: object, warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.seed_contacts(2)
    let_a_day_pass(sandbox)
    warehouse.export()
    (key,) = (key for key in warehouse.store if key.startswith("watermark/"))
    warehouse.store[key] = broken
    assert warehouse.export()["full"]
    assert "cannot be read, and everything is exported" in caplog.text
    assert warehouse.export()["contacts"] == 0


def test_an_export_that_fails_leaves_no_file_and_no_watermark(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    sandbox.seed_contacts(2_500)
    sandbox.set_knobs(faults=[{"route": "contacts", "kind": "garbled", "skip": 2, "times": 99}])
    with pytest.raises(Unavailable):
        warehouse.export()
    assert [path for path in warehouse.path.rglob("*") if path.is_file()] == []
    sandbox.set_knobs(faults=[])
    assert warehouse.export()["contacts"] == 2_500


def test_two_exports_of_one_series_do_not_run_at_the_same_time(
    warehouse: Warehouse, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.seed_contacts(3)
    inside: list[dict[str, Any]] = []

    def meanwhile(*_: object, **__: object) -> Any:
        monkeypatch.undo()
        warehouse.running = {("a_dag", "run-1", "export", -1)}
        with pytest.raises(OverlappingExport, match="is being written by a_dag/run-1/export"):
            warehouse.export(run="run-2")
        # Airflow takes the first one for dead; it is not.
        warehouse.running = set()
        inside.append(warehouse.export(run="run-2"))
        return warehouse.client.iter_contacts()

    monkeypatch.setattr(warehouse.client, "iter_contacts", meanwhile)
    with pytest.raises(OverlappingExport, match="another task completed an export"):
        warehouse.export()
    assert [one["export_id"] for one in warehouse.manifests] == [inside[0]["export_id"]]
    assert len(warehouse.contacts()) == 3
    assert warehouse.files() == {one["uri"] for one in inside[0]["files"].values()}


def test_what_is_added_changed_and_deleted_during_the_sweep_costs_nobody_else(
    warehouse: Warehouse, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every third page 30 contacts are deleted, more than pages overlap; others come and change."""
    sandbox.seed_contacts(6_000)
    let_a_day_pass(sandbox)
    deleted: set[int] = set()
    pages = count()

    def writer(ids: list[int], **_: object) -> None:
        doomed = ids[:300:10] if next(pages) % 3 == 1 else []
        deleted.update(doomed)
        with sandbox.account.database.writing() as connection:
            connection.executemany("DELETE FROM contacts WHERE id = ?", [(one,) for one in doomed])
        change(sandbox, *ids[1:50:10])
        sandbox.seed_contacts(7)

    monkeypatch.setattr(sandbox.account, "after_contact_page", writer)
    first = warehouse.export()
    monkeypatch.undo()
    ids = [row["id"] for row in read(first["files"]["contacts"]["uri"])]
    assert len(ids) == len(set(ids))
    assert set(range(1, 6_001)) - deleted <= set(ids)
    assert len(deleted) >= 60
    warehouse.export()
    now = {one["id"]: one for one in warehouse.client.iter_contacts()}
    assert {key: row for key, row in warehouse.contacts().items() if key in now} == now


def test_who_unsubscribed_from_a_list_is_an_opt_out_with_that_list(tmp_path: Path) -> None:
    """The sandbox never answers such lists, nor facts of a newer platform."""
    contact = {"id": 5, "email": "a@example.com", "listUnsubscribed": [3, 8], "subscriptions": {"email": 1}}
    page = {"contacts": [contact], "count": 1}
    with ScriptedServer() as server, ContactsClient(server.url, "a-key") as client:
        server.plays(answers(200, page), answers(200, page))
        exported = Warehouse(client, tmp_path).export()
    assert read(exported["files"]["contacts"]["uri"]) == [contact]
    rows = read(exported["files"]["opt_outs"]["uri"])
    assert [(row["list"], row["how"]) for row in rows] == [
        (3, "unsubscribed_from_list"),
        (8, "unsubscribed_from_list"),
    ]
