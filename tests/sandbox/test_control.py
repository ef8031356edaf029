"""The control routes: knobs, journal, reset."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest
import requests

from email_contacts.sandbox import Knobs, SandboxServer, UnknownKnob
from tests.sandbox.rehearsal import Rehearsal


def control(sandbox: Rehearsal, method: str, path: str, **options: Any) -> requests.Response:
    """Use the control routes as a test in another process would, without a key."""
    return requests.request(method, f"{sandbox.server.url}/sandbox/{path}", timeout=60, **options)


def test_knobs_are_turned_over_http(sandbox: Rehearsal) -> None:
    assert control(sandbox, "GET", "knobs").json() == Knobs().to_json()
    faults = [{"route": "import", "kind": "500", "times": 2}]
    changed = control(sandbox, "PATCH", "knobs", json={"status_profile": "brevo", "faults": faults})
    assert changed.status_code == 200
    assert changed.json()["faults"] == [{**faults[0], "skip": 0, "seconds": 0.0}]
    assert sandbox.call("POST", "/contacts/folders", json={"name": "x"}).status_code == 201
    sandbox.call("POST", "/contacts/import", json={})
    assert control(sandbox, "GET", "knobs").json()["faults"][0]["times"] == 1


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"proces_seconds": 1}, "process_seconds"),
        ({"zzz": 1}, "status_profile"),
        ({"status_profile": "other"}, "seed, brevo"),
        ({"queue_seconds": "soon"}, "float"),
        ({"queue_seconds": -1}, "at least 0"),
        ({"legacy_totals": 1}, "bool"),
        ({"others_per_hour": True}, "int"),
        ({"body_limit_status": 500}, "400 or 413"),
        ({"final_status": ""}, "final_status"),
        ({"allowed_ips": "127.0.0.1"}, "list"),
        ({"faults": [{"route": "import", "kind": "y"}]}, "524_after_accepting"),
        ({"faults": [{"route": "imports", "kind": "500"}]}, "did you mean 'import'?"),
    ],
)
def test_a_wrong_knob_is_refused_with_a_hint_and_changes_nothing(
    sandbox: Rehearsal, changes: dict[str, Any], hint: str
) -> None:
    answer = control(sandbox, "PATCH", "knobs", json={"latency_seconds": 0.5, **changes})
    assert answer.status_code == 400
    assert hint in answer.json()["message"]
    assert sandbox.server.knobs == Knobs()


def test_knobs_are_frozen_and_survive_their_json() -> None:
    knobs = Knobs().changed({"faults": ["import:reset:2"], "allowed_ips": ["127.0.0.1"], "queue_seconds": 1})
    assert Knobs().changed(knobs.to_json()) == knobs
    with pytest.raises(dataclasses.FrozenInstanceError):
        knobs.queue_seconds = 2.0  # type: ignore[misc]
    with pytest.raises(UnknownKnob, match="finite"):
        Knobs(latency_seconds=float("inf"))


def test_the_journal_is_served(sandbox: Rehearsal) -> None:
    sandbox.imported([{"email": "a@example.com"}])
    sandbox.call("GET", "/nothing")
    journal = control(sandbox, "GET", "journal").json()
    assert journal["imports_accepted"] == sandbox.server.imports_accepted() == 1
    assert journal["requests"][0] == {
        "number": 1,
        "method": "POST",
        "path": "/v3/contacts/import",
        "route": "import",
        "status": 200,
        "fault": None,
        "carried_out": 200,
    }
    assert journal["requests"][-1]["route"] == ""
    assert "a@example.com" not in str(journal)


def test_reset_returns_to_a_fresh_account(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(hold="queued", status_profile="brevo")
    sandbox.submit([{"email": "a@example.com"}])
    assert control(sandbox, "POST", "reset").status_code == 204
    assert sandbox.server.knobs == Knobs()
    assert sandbox.server.journal() == []
    assert sandbox.server.imports_accepted() == 0
    assert list(sandbox.server.account.worker.spool.iterdir()) == []
    assert sandbox.get("/contacts/lists")["lists"][0]["id"] == 2
    assert sandbox.imported([{"email": "a@example.com"}])["id"] == 1, "ids begin anew"


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-origin", 204), ("none", 204)])
def test_pages_of_other_sites_are_kept_out(sandbox: Rehearsal, site: str, status: int) -> None:
    assert control(sandbox, "POST", "reset", headers={"sec-fetch-site": site}).status_code == status


def test_a_server_that_is_not_running_says_so() -> None:
    with pytest.raises(RuntimeError, match="with block"):
        SandboxServer().set_knobs(hold="queued")


def test_the_room_costs_nothing_and_stands_alone() -> None:
    lazy = (
        "import sys, email_contacts.sandbox; assert not {'fastapi', 'uvicorn', 'requests'} & set(sys.modules)"
    )
    alone = (
        "import sys, email_contacts.sandbox.app, email_contacts.sandbox.server;"
        "rooms = [m for m in sys.modules if m.startswith('email_contacts.')"
        " and not m.startswith('email_contacts.sandbox')];"
        "assert not rooms, rooms; assert 'airflow' not in sys.modules"
    )
    for code in (lazy, alone):
        subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "plugins"})


def test_only_public_names_are_there() -> None:
    import email_contacts.sandbox as room

    assert all(getattr(room, name) is not None for name in room.__all__)
    with pytest.raises(AttributeError):
        _ = room.Nothing


def test_the_openapi_document_names_what_is_implemented(sandbox: Rehearsal) -> None:
    document = requests.get(sandbox.server.url + "/openapi.json", timeout=60).json()
    for path, verbs in {
        "/v3/contacts": {"get", "post"},
        "/v3/contacts/import": {"post"},
        "/v3/contacts/folders": {"get", "post"},
        "/v3/contacts/folders/{folderId}": {"get", "put", "delete"},
        "/v3/contacts/folders/{folderId}/lists": {"get"},
        "/v3/contacts/lists": {"get", "post"},
        "/v3/contacts/lists/{listId}": {"get", "put", "delete"},
        "/v3/contacts/lists/{listId}/contacts": {"get"},
        "/v3/contacts/{identifier}": {"get", "put", "delete"},
        "/v3/contacts/attributes": {"get"},
        "/v3/processes": {"get"},
        "/v3/processes/{processId}": {"get"},
    }.items():
        assert set(document["paths"][path]) == verbs, path
    body = document["paths"]["/v3/contacts/import"]["post"]["requestBody"]
    assert {"fileUrl", "fileBody", "jsonBody"} <= set(
        body["content"]["application/json"]["schema"]["properties"]
    )
    parameters = document["paths"]["/v3/contacts"]["get"]["parameters"]
    (limit,) = (each["schema"] for each in parameters if each["name"] == "limit")
    assert (limit["default"], limit["maximum"]) == (50, 1000)
    assert requests.get(sandbox.server.url + "/docs", timeout=60).status_code == 200
