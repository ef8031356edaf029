"""Each fault of the platform by its name: what the import comes to, and what the receipt says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from email_contacts.imports import failpoints
from email_contacts.sandbox import SandboxServer
from tests.faults.chain import Ended, run_chain, without_pauses

LOST = ["524_after_accepting", "500_after_accepting", "reset_after_accepting", "truncated", "garbled"]
NEVER_RAN = ["524", "500", "502", "503", "reset", "closed"]


@pytest.fixture
def platform(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    """The sandbox, with tasks that try again at once."""
    without_pauses(monkeypatch, sandbox, tmp_path / "stage")
    return sandbox


@pytest.fixture(params=["deferrable", "in the worker"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    """Both ways to wait."""
    return bool(request.param == "deferrable")


def fault(route: str, kind: str, times: int = 1, **more: float) -> dict[str, Any]:
    return {"route": route, "kind": kind, "times": times, **more}


def check_whole(ended: Ended, platform: SandboxServer, *, imports: int = 1) -> None:
    """See that the import is in, once, and that the receipt says so."""
    receipt = ended.receipt
    assert ended.failure == ""
    assert platform.imports_accepted() == imports
    assert receipt["state"] == "completed_with_rejects"
    assert receipt["rows"] == {"read": 21, "accepted": 20, "rejected": 1, "duplicates": 0, "held_back": 0}
    assert list(receipt["lists"].values()) == [{"before": 0, "after": 20}]
    assert len(receipt["process_ids"]) == 1


@pytest.mark.parametrize("kind", LOST)
def test_an_answer_that_is_lost(kind: str, deferrable: bool, platform: SandboxServer, tmp_path: Path) -> None:
    knobs = {"faults": [fault("import", kind)], "process_seconds": 0.1}
    ended = run_chain(platform, tmp_path, knobs=knobs, deferrable=deferrable)
    check_whole(ended, platform)
    assert ended.receipt["repeats"] == 0
    (found,) = ended.receipt["recovered"]
    assert "20 of 20 contacts hold what was sent" in found


@pytest.mark.parametrize("kind", NEVER_RAN)
def test_a_request_that_never_ran(
    kind: str, deferrable: bool, platform: SandboxServer, tmp_path: Path
) -> None:
    ended = run_chain(platform, tmp_path, knobs={"faults": [fault("import", kind)]}, deferrable=deferrable)
    check_whole(ended, platform)
    assert (ended.receipt["repeats"], ended.receipt["recovered"]) == (1, [])


def test_an_answer_that_comes_after_the_client_has_given_up(
    deferrable: bool, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pauses(monkeypatch, sandbox, tmp_path / "stage", timeout=1)
    knobs = {"faults": [fault("import", "slow", seconds=1.5)]}
    ended = run_chain(sandbox, tmp_path, knobs=knobs, deferrable=deferrable)
    check_whole(ended, sandbox)
    assert ended.receipt["recovered"]


def test_a_storm_of_rate_limits(deferrable: bool, platform: SandboxServer, tmp_path: Path) -> None:
    storm = [
        fault(route, "429", times=5, seconds=0.05) for route in ("import", "processes", "process", "list")
    ]
    ended = run_chain(platform, tmp_path, knobs={"faults": storm}, deferrable=deferrable)
    check_whole(ended, platform)
    assert (ended.receipt["repeats"], ended.receipt["recovered"]) == (0, [])


def test_a_process_route_that_is_slow(deferrable: bool, platform: SandboxServer, tmp_path: Path) -> None:
    slow = [fault(route, "slow", times=2, seconds=0.3) for route in ("processes", "process")]
    check_whole(run_chain(platform, tmp_path, knobs={"faults": slow}, deferrable=deferrable), platform)


def test_a_process_route_that_fails_again_and_again(
    deferrable: bool, platform: SandboxServer, tmp_path: Path
) -> None:
    failing = [fault(route, kind, times=2) for route in ("processes", "process") for kind in NEVER_RAN]
    check_whole(run_chain(platform, tmp_path, knobs={"faults": failing}, deferrable=deferrable), platform)


@pytest.mark.parametrize("status", ["404", "405"])
def test_a_platform_without_a_process_route(
    status: str, deferrable: bool, platform: SandboxServer, tmp_path: Path
) -> None:
    knobs = {"process_route": status, "process_seconds": 0.1}
    ended = run_chain(platform, tmp_path, knobs=knobs, deferrable=deferrable)
    check_whole(ended, platform)
    assert "reject reports unknown" in ended.receipt["remark"], "nobody has seen what the platform rejected"


def test_a_platform_without_a_process_route_that_loses_an_answer(
    deferrable: bool, platform: SandboxServer, tmp_path: Path
) -> None:
    """Nobody can tell: the repeat changes no data, and the receipt says that it happened."""
    knobs = {"process_route": "404", "faults": [fault("import", "524_after_accepting")]}
    ended = run_chain(platform, tmp_path, knobs=knobs, deferrable=deferrable)
    check_whole(ended, platform, imports=2)
    assert ended.receipt["repeats"] == 1


def test_a_status_that_nobody_documented(deferrable: bool, platform: SandboxServer, tmp_path: Path) -> None:
    ended = run_chain(
        platform, tmp_path, knobs={"final_status": "archived"}, deferrable=deferrable, timeout=0.5
    )
    assert "archived" in ended.failure
    assert "import_again" in ended.failure
    assert ended.receipt["state"] == "unknown"
    assert platform.imports_accepted() == 1


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_an_import_that_comes_to_nothing(
    status: str, deferrable: bool, platform: SandboxServer, tmp_path: Path
) -> None:
    ended = run_chain(platform, tmp_path, knobs={"final_status": status}, deferrable=deferrable)
    assert status in ended.failure
    assert ended.receipt["state"] == "failed"
    assert status in ended.receipt["reason"]
    assert platform.imports_accepted() == 1


@pytest.mark.parametrize("style", ["int", "url"])
def test_rows_that_the_platform_rejects(
    style: str, deferrable: bool, platform: SandboxServer, tmp_path: Path
) -> None:
    taken = [{"email": "taken@example.com", "attributes": {"SMS": "33600000001"}}]
    clash = [{"email": "new@example.com", "attributes": {"SMS": "33600000001"}}]
    for number, people in enumerate((taken, clash)):
        ended = run_chain(
            platform,
            tmp_path,
            name=f"clash-{number}",
            knobs={"info_import": style},
            deferrable=deferrable,
            batch_uri=None,
            json_body=people,
        )
        assert ended.failure == ""
    assert ended.receipt["platform"] == {"duplicate_phone_id": 1}


@pytest.mark.parametrize("kind", ["524", "524_after_accepting"])
def test_a_strangers_import_at_the_worst_moment(
    kind: str,
    deferrable: bool,
    platform: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs: list[int] = []

    def import_too(moment: str) -> None:
        """Between our intent and our request, and before the faults that are meant for us."""
        if moment == failpoints.AFTER_INTENT and not theirs:
            platform.set_knobs(faults=[])
            theirs.append(stranger(platform))
            platform.set_knobs(faults=[fault("import", kind)])

    monkeypatch.setattr("email_contacts.imports.failpoints._listeners", [import_too])
    ended = run_chain(platform, tmp_path, knobs={"process_seconds": 0.1}, deferrable=deferrable)
    check_whole(ended, platform, imports=2)
    assert ended.receipt["repeats"] == (1 if kind == "524" else 0)


def stranger(platform: SandboxServer) -> int:
    from email_contacts.api import ContactsClient, ImportRequest

    with ContactsClient(platform.url, platform.api_key) as somebody:
        return somebody.import_contacts(
            ImportRequest(json_body=[{"email": "stranger@example.com"}], list_ids=[2])
        )
