"""``ExportContactsOperator`` as a task runs it: arguments, destinations, the asset's event, nobody's data."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.contacts import Options, prepare
from email_contacts.exports.errors import OverlappingExport
from email_contacts.operators.exports import EXPORTS, ExportContactsOperator
from tests.conftest import CONN_ID
from tests.contacts.prepared import Prepared
from tests.operators.conftest import LIST, rendered
from tests.task_context import StateStore, make_context

if TYPE_CHECKING:
    from airflow.sdk import Context

    from email_contacts.api import ContactsClient
    from email_contacts.sandbox import SandboxServer


@pytest.fixture
def kept() -> StateStore:
    """The state store of the asset."""
    return StateStore()


@pytest.fixture
def context(kept: StateStore) -> Context:
    return make_context(StateStore(), asset_store=kept)


def export(context: Context, **arguments: Any) -> dict[str, Any]:
    operator = ExportContactsOperator(task_id="export", **arguments)
    result: dict[str, Any] = rendered(operator, context).execute(context)
    return result


def people(sandbox: SandboxServer) -> None:
    """Ten contacts, of whom three have opted out of something."""
    sandbox.seed_contacts(10, list_ids=[LIST])
    with sandbox.account.database.writing() as connection:
        connection.execute(
            "UPDATE contacts SET email_blacklisted = id = 3, sms_blacklisted = id IN (3, 4), "
            "ext_id = 'C-' || id, modified_ms = modified_ms - 86400000"
        )


@pytest.fixture(params=["local", "object store"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where exports go, on a disk and in a bucket."""
    if request.param == "local":
        return (tmp_path / "exports").as_uri()
    return str(request.getfixturevalue("object_store").path("exports"))


def lines(uri: str) -> list[dict[str, Any]]:
    from airflow.sdk import ObjectStoragePath

    return [json.loads(line) for line in ObjectStoragePath(uri).read_text().splitlines()]


def test_contacts_and_opt_outs_on_a_disk_and_in_a_bucket(
    path: str, context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    people(sandbox)
    exported = export(context, path=path, list_id=str(LIST))
    assert lines(exported["files"]["contacts"]["uri"]) == list(platform.iter_list_contacts(LIST))
    assert [
        (row["email"], row["ext_id"], row["how"]) for row in lines(exported["files"]["opt_outs"]["uri"])
    ] == [
        ("person-3@example.com", "C-3", "email_blacklisted"),
        ("person-3@example.com", "C-3", "sms_blacklisted"),
        ("person-4@example.com", "C-4", "sms_blacklisted"),
    ]
    assert lines_of_manifest(exported)["contacts"] == 10
    assert export(context, path=path, list_id=LIST)["contacts"] == 0


def lines_of_manifest(exported: dict[str, Any]) -> dict[str, Any]:
    from airflow.sdk import ObjectStoragePath

    document: dict[str, Any] = json.loads(ObjectStoragePath(exported["manifest_uri"]).read_text())
    return document


def test_parquet_has_the_attributes_of_the_account(
    path: str, context: Context, sandbox: SandboxServer
) -> None:
    import pyarrow.parquet as pq
    from airflow.sdk import ObjectStoragePath

    people(sandbox)
    exported = export(context, path=path, file_format="parquet")
    with ObjectStoragePath(exported["files"]["contacts"]["uri"]).open("rb") as file:  # type: ignore[no-untyped-call]
        rows = pq.read_table(file).to_pylist()
    assert [row["attributes"]["POINTS"] for row in rows] == [float(row["id"]) for row in rows]
    assert exported["files"]["contacts"]["uri"].endswith(".parquet")


@pytest.mark.parametrize("duplicates", ["first", "last"])
@pytest.mark.parametrize("file_format", ["ndjson", "parquet"])
def test_who_opted_out_between_two_exports_is_not_imported_from_the_older_one(
    file_format: str, duplicates: str, context: Context, platform: ContactsClient, tmp_path: Path
) -> None:
    for name in ("ada", "bob", "eve"):
        platform.create_contact(email=f"{name}@example.com", attributes={"FIRSTNAME": name})
    export(context, path=str(tmp_path / "out"), file_format=file_format)
    platform.create_contact(email="ada@example.com", email_blacklisted=True, update_enabled=True)
    platform.create_contact(email="bob@example.com", attributes={"FIRSTNAME": "Bo"}, update_enabled=True)
    export(context, path=str(tmp_path / "out"), file_format=file_format)
    found = Prepared(
        prepare(tmp_path / "out" / "contacts", tmp_path / "stage", Options(duplicates=duplicates))
    )
    assert sorted(one["email"] for one in found.contacts) == ["bob@example.com", "eve@example.com"]
    rows = found.manifest.rows
    # The second export looks back a minute, so that all three are in both.
    assert (rows.read, rows.accepted, rows.rejected, rows.duplicates) == (6, 2, 1, 2)
    assert rows.held_back == {"opted_out": 1}


@pytest.mark.parametrize("file_format", ["ndjson", "parquet"])
@pytest.mark.filterwarnings("error")
def test_an_export_that_fails_leaves_nothing_and_the_next_try_is_whole(
    file_format: str, path: str, context: Context, sandbox: SandboxServer
) -> None:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.api import Unavailable

    sandbox.seed_contacts(2_500)
    # The request for the time and two pages are answered.
    sandbox.set_knobs(faults=[{"route": "contacts", "kind": "500", "skip": 3, "times": 9}])
    with pytest.raises(Unavailable):
        export(context, path=path, file_format=file_format)
    sandbox.set_knobs(faults=[])
    folder = ObjectStoragePath(path)
    assert list(folder.fs.find(folder.path)) == []
    assert export(context, path=path, file_format=file_format)["contacts"] == 2_500


def test_without_a_path_the_staging_folder_has_the_exports(
    context: Context, sandbox: SandboxServer, tmp_path: Path
) -> None:
    exported = export(context)
    assert exported["manifest_uri"].startswith((tmp_path / "stage" / "exports").as_uri())


def test_a_rotated_key_costs_a_full_export(
    context: Context, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(context)
    assert export(context)["full"] is False
    fingerprint = property(lambda _: "of another key")
    monkeypatch.setattr("email_contacts.connection.ContactsConnection.account_fingerprint", fingerprint)
    assert [export(context)["full"] for _ in range(2)] == [True, False]


def test_another_account_gets_a_folder_of_its_own(
    context: Context, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a path, all connections have the same staging folder, and so one folder of exports."""
    export(context)
    document = json.loads(os.environ[f"AIRFLOW_CONN_{CONN_ID.upper()}"]) | {"password": "another-key"}
    monkeypatch.setenv("AIRFLOW_CONN_SECOND", json.dumps(document))
    with pytest.raises(AirflowFailException, match="give each account a path of its own"):
        export(context, conn_id="second")


def test_who_waits_for_the_asset_gets_the_counts(sandbox: SandboxServer, kept: StateStore) -> None:
    people(sandbox)
    mine = Asset("my_contacts")
    events = {EXPORTS: SimpleNamespace(extra=None), mine: SimpleNamespace(extra=None)}
    context = make_context(StateStore(), outlet_events=events, asset_store=kept)
    exported = export(context, outlets=[mine])
    assert events[EXPORTS].extra == events[mine].extra == exported
    assert (exported["contacts"], exported["opt_outs"]) == (10, 3)


def test_nobody_is_in_the_log_the_result_or_the_state(
    context: Context,
    sandbox: SandboxServer,
    kept: StateStore,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    people(sandbox)
    with caplog.at_level(logging.DEBUG):
        exported = export(context)
    said = json.dumps([exported, kept, lines_of_manifest(exported)]) + caplog.text + capsys.readouterr().out
    assert "exported 10 contacts and 3 opt-outs" in said
    assert "example.com" not in said
    assert "C-3" not in said
    assert sandbox.api_key not in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"file_format": "csv"}, "file_format='csv' is not one of ndjson, parquet"),
        ({"list_id": "Customers"}, "list_id='Customers' is not an id"),
        ({"full": "perhaps"}, "full='perhaps' must be true or false"),
        ({"lookback": -1}, "lookback=-1 must be a number of seconds"),
        ({"lookback": 1e11}, r"lookback=.* is longer than 3660 days; set full=True"),
        ({"lookback": "1e300"}, r"lookback=.* is longer than 3660 days"),
        ({"path": 5}, "path=5 must be text"),
        ({"path": "None"}, "path='None' is a relative path"),
        ({"path": "{{ None }}"}, "path='None' is a relative path"),
        ({"path": "exports/daily"}, "path='exports/daily' is a relative path; give an absolute one"),
        ({"path": "/"}, "path='/' names no file or folder"),
        ({"path": "file:///"}, "path='file:///' names no file or folder"),
        ({"path": "s3://"}, "path='s3://' names no file or folder"),
    ],
)
def test_a_wrong_argument_asks_and_writes_nothing(
    arguments: dict[str, Any], message: str, context: Context, sandbox: SandboxServer, kept: StateStore
) -> None:
    with pytest.raises(AirflowFailException, match=message):
        export(context, **arguments)
    assert (sandbox.journal(), kept) == ([], {})


def test_templates_and_texts_are_as_good_as_values(
    context: Context, sandbox: SandboxServer, tmp_path: Path
) -> None:
    people(sandbox)
    exported = export(
        context,
        path=f"{{{{ 'file://' }}}}{tmp_path}/here/",
        list_id="{{ None or '' }}",
        file_format="{{ 'ndjson' }}",
        full="{{ True }}",
        lookback="{{ 60 }}",
    )
    assert exported["manifest_uri"].startswith((tmp_path / "here" / "_manifests").as_uri())
    assert (exported["list_id"], exported["why_full"]) == (None, "a full export was requested")


def test_changes_shortly_before_the_watermark_are_read_again(
    context: Context, sandbox: SandboxServer
) -> None:
    people(sandbox)
    export(context)
    assert export(context, lookback=86_500)["contacts"] == 10
    assert export(context)["contacts"] == 0


def test_another_run_that_still_writes_is_not_disturbed(
    context: Context, sandbox: SandboxServer, kept: StateStore
) -> None:
    export(context)
    (entry,) = (entry for key, entry in kept.items() if key.startswith("watermark/"))
    entry["pending"] = {"export_id": "20261128T023000Z-00000000", "task": ["d", "another", "export", -1]}
    with pytest.raises(OverlappingExport, match="max_active_runs=1"):  # worth a retry
        export(context)


def test_an_account_that_does_not_show_its_attributes_is_exported_as_ndjson(
    context: Context, sandbox: SandboxServer, kept: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from email_contacts.api import ContactsClient, RouteMissing

    def missing(_: object) -> None:
        raise RouteMissing("GET /v3/contacts/attributes is not offered")

    monkeypatch.setattr(ContactsClient, "attributes", missing)
    with pytest.raises(AirflowFailException, match="use file_format='ndjson'"):
        export(context, file_format="parquet")
    assert export(context)["contacts"] == 0
