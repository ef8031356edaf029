"""Opt-outs that the source knows are brought to the platform, and only ever take consent away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient, RouteMissing
from email_contacts.contacts.guards.opt_outs import write_opt_outs
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.contacts.staging.stage import Stage
from email_contacts.imports import failpoints
from email_contacts.operators.brakes import CheckBrakesOperator
from email_contacts.operators.mirrors import RefreshMirrorOperator
from email_contacts.operators.opt_outs import PropagateOptOutsOperator
from email_contacts.sandbox import SandboxServer
from tests.conftest import connect
from tests.operators.conftest import asked
from tests.operators.syncing import Sync
from tests.task_context import StateStore, make_context

HEAD = "email,ext_id,sms,firstname,newsletter\n"


@pytest.fixture
def sync(tmp_path: Path) -> Sync:
    return Sync(tmp_path)


def prepare(sync: Sync, rows: str, **arguments: Any) -> list[str]:
    mirror = RefreshMirrorOperator(task_id="mirror").execute(make_context(StateStore()))
    given = {"mirror": mirror, "consent_column": "newsletter", "propagate_opt_outs": True, **arguments}
    return sync.prepare(HEAD + rows, **given)


def propagate(sync: Sync) -> dict[str, int]:
    task = PropagateOptOutsOperator(task_id="opt_outs", manifest_uri=sync.manifest_uri)
    return task.execute(make_context(StateStore()))


def in_account(platform: ContactsClient) -> dict[int, dict[str, Any]]:
    return {one["id"]: one for one in platform.iter_contacts()}


def test_who_says_no_is_blocklisted_under_any_identifier_and_nothing_else_changes(
    sync: Sync, platform: ContactsClient
) -> None:
    platform.create_contact(email="ann@example.com", attributes={"FIRSTNAME": "Ann"})
    platform.create_contact(email="bob@example.com", ext_id="X-2", attributes={"FIRSTNAME": "Bob"})
    platform.create_contact(email="cy@example.com", attributes={"SMS": "4915123456789"})
    platform.create_contact(email="di@example.com", email_blacklisted=True)
    platform.create_contact(email="stays@example.com")
    before = in_account(platform)
    rows = (
        "ann@example.com,,,Other,no\nbob.new@example.com,X-2,,Other,no\n,,4915123456789,Other,no\n"
        "di@example.com,,,Other,no\nnobody@example.com,,,Other,no\nstays@example.com,,,Stays,yes\n"
    )
    receipt = sync.send(prepare(sync, rows))
    assert receipt["held_back"] == {"no_consent": 5}
    assert receipt["guards"]["to_opt_out"] == 3
    assert propagate(sync) == {"opted_out": 3, "left_alone": 0}
    after = in_account(platform)
    assert after.keys() == before.keys()  # nobody was created for who is not in the account
    out = {one["email"] for one in after.values() if one["emailBlacklisted"]}
    assert out == {"ann@example.com", "bob@example.com", "cy@example.com", "di@example.com"}
    changed = ("emailBlacklisted", "modifiedAt")
    for number, one in after.items():
        if one["email"] != "stays@example.com":
            assert {key: value for key, value in one.items() if key not in changed} == {
                key: value for key, value in before[number].items() if key not in changed
            }


def test_who_has_only_a_number_is_blocklisted_for_sms_and_nobody_else_is(
    sync: Sync, platform: ContactsClient
) -> None:
    platform.create_contact(attributes={"SMS": "4915123456781", "FIRSTNAME": "Ann"})
    platform.create_contact(ext_id="X-2", attributes={"SMS": "4915123456782"})
    platform.create_contact(email="cy@example.com", attributes={"SMS": "4915123456783"})
    platform.create_contact(attributes={"SMS": "4915123456784"}, sms_blacklisted=True)
    platform.create_contact(ext_id="X-5")  # cannot be written to at all
    platform.create_contact(attributes={"SMS": "4915123456786"})
    before = in_account(platform)
    numbers = "".join(f",,491512345678{number},X,no\n" for number in (1, 3, 4))
    sync.send(prepare(sync, numbers + ",X-2,,X,no\n,X-5,,X,no\n,,4915123456786,X,yes\n"))
    assert propagate(sync) == {"opted_out": 3, "left_alone": 0}
    after = in_account(platform)
    assert after.keys() == before.keys()
    out = [(one["emailBlacklisted"], one["smsBlacklisted"]) for _, one in sorted(after.items())]
    was_email = [one["emailBlacklisted"] for _, one in sorted(before.items())]
    assert [sms_out for _, sms_out in out] == [True, True, False, True, False, False]
    assert [mail for mail, _ in out] == [*was_email[:2], True, *was_email[3:]]
    assert after[min(after)]["attributes"] == before[min(before)]["attributes"]
    assert propagate(sync) == {"opted_out": 0, "left_alone": 3}


@pytest.mark.parametrize("attribute", ["WHATSAPP", "LANDLINE_NUMBER"])
def test_who_has_only_a_number_that_is_not_for_sms_is_left_alone(
    attribute: str, sync: Sync, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    # The platform makes up an address of it, as it does of a number for SMS.
    only = {"attributes": {attribute: "4915123456781"}}
    answer = requests.post(
        f"{sandbox.url}/v3/contacts", json=only, headers={"api-key": sandbox.api_key}, timeout=30
    )
    assert answer.status_code == 201
    before = in_account(platform)
    sync.send(prepare(sync, "4915123456781@mailin-sms.com,,,X,no\n"))
    assert propagate(sync) == {"opted_out": 0, "left_alone": 0}
    # As a mirror of an earlier release finds it.
    path = Path(sync.manifest_uri.removeprefix("file://"))
    manifest = Manifest.read(path)
    write_opt_outs(Stage(path.parent, source=sync.folder / "customers.csv"), np.array([1]), account="")
    replace(manifest, guards={**manifest.guards, "to_opt_out": 1}).write(path)
    assert propagate(sync) == {"opted_out": 0, "left_alone": 1}
    assert in_account(platform) == before


def test_the_next_run_finds_nothing_to_do(
    sync: Sync, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    platform.create_contact(email="ann@example.com")
    prepare(sync, "ann@example.com,,,Ann,no\n")
    propagate(sync)
    prepare(sync, "ann@example.com,,,Ann,no\n")
    requests = len(asked(sandbox))
    assert propagate(sync) == {"opted_out": 0, "left_alone": 0}
    assert len(asked(sandbox)) == requests


def test_a_killed_task_does_the_rest_when_it_runs_again(
    sync: Sync, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ann", "bob", "cy"):
        platform.create_contact(email=f"{name}@example.com")
    prepare(sync, "".join(f"{name}@example.com,,,X,no\n" for name in ("ann", "bob", "cy")))
    platform.create_contact(email="cy@example.com", email_blacklisted=True, update_enabled=True)

    def kill(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(failpoints, "_listeners", [kill])
        with pytest.raises(KeyboardInterrupt):
            propagate(sync)
    assert propagate(sync) == {"opted_out": 1, "left_alone": 2}
    assert all(one["emailBlacklisted"] for one in platform.iter_contacts())


def test_an_old_run_opts_nobody_out_who_has_opted_in_since(sync: Sync, platform: ContactsClient) -> None:
    platform.create_contact(email="ann@example.com")
    sync.send(prepare(sync, "ann@example.com,,,Ann,no\nbob@example.com,,,Bob,yes\n"))
    propagate(sync)
    sync.confirm()
    old = sync.manifest_uri
    platform.create_contact(email="ann@example.com", email_blacklisted=False, update_enabled=True)
    sync.send(prepare(sync, "ann@example.com,,,Ann,yes\nbob@example.com,,,Bob,yes\n"))
    sync.confirm()
    sync.manifest_uri = old
    with pytest.raises(AirflowFailException, match="Another run was confirmed"):
        propagate(sync)
    assert not any(one["emailBlacklisted"] for one in platform.iter_contacts())


def test_who_was_deleted_since_the_mirror_is_not_created_again(
    sync: Sync, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    platform.create_contact(email="ann@example.com")
    prepare(sync, "ann@example.com,,,Ann,no\n")
    sandbox.reset()
    assert propagate(sync) == {"opted_out": 0, "left_alone": 1}
    assert not in_account(platform)


@pytest.mark.parametrize("choices", [{}, {"consent": "ignore", "merges": "allow"}])
def test_it_is_found_whatever_else_is_looked_for(
    choices: dict[str, str], sync: Sync, platform: ContactsClient
) -> None:
    platform.create_contact(email="ann@example.com")
    prepare(sync, "ann@example.com,,,Ann,no\n", **choices)
    assert propagate(sync)["opted_out"] == 1


def test_nothing_is_propagated_unless_that_is_asked(sync: Sync, platform: ContactsClient) -> None:
    platform.create_contact(email="ann@example.com")
    prepare(sync, "ann@example.com,,,Ann,no\n", propagate_opt_outs=False)
    assert propagate(sync)["opted_out"] == 0
    assert not next(platform.iter_contacts())["emailBlacklisted"]


def test_without_a_mirror_it_cannot_be_known_who_can_still_be_written_to(sync: Sync) -> None:
    with pytest.raises(AirflowFailException, match="propagate_opt_outs needs a mirror"):
        prepare(sync, "ann@example.com,,,Ann,no\n", mirror="")


def test_what_is_kept_of_it_names_nobody(sync: Sync, platform: ContactsClient) -> None:
    platform.create_contact(email="ann@example.com")
    prepare(sync, "ann@example.com,,,Ann,no\n")
    (path,) = sync.folder.rglob("opt-outs.bin")
    assert b"example.com" not in path.read_bytes()


def test_a_platform_that_shows_no_single_contact_is_no_reason_to_leave_them_alone(
    sync: Sync, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.create_contact(email="ann@example.com")
    prepare(sync, "ann@example.com,,,Ann,no\n")

    def missing(*_: Any) -> None:
        raise RouteMissing("GET /v3/contacts/{identifier} is not offered")

    monkeypatch.setattr(ContactsClient, "get_contact", missing)
    with pytest.raises(AirflowFailException, match="is not offered"):
        propagate(sync)


def test_an_approval_is_for_these_people_and_no_others(sync: Sync, platform: ContactsClient) -> None:
    """A preparation that finds as many others, and the same batches, has to be approved itself."""
    for name in ("ann", "bob"):
        platform.create_contact(email=f"{name}@example.com")
    ann, bob = "ann@example.com,,,X,{}\n", "bob@example.com,,,X,{}\n"
    sync.send(prepare(sync, ann.format("yes") + bob.format("yes")))
    sync.confirm()
    prepare(sync, ann.format("no") + bob.format("yes"))
    task = CheckBrakesOperator(task_id="brakes", manifest_uri=sync.manifest_uri, max_opt_outs=1)
    task.execute(make_context(StateStore()))
    sync.runs -= 1
    prepare(sync, ann.format("yes") + bob.format("no"))
    with pytest.raises(AirflowFailException, match="the brakes have not let through what is prepared now"):
        propagate(sync)
    assert not any(one["emailBlacklisted"] for one in platform.iter_contacts())
    task.execute(make_context(StateStore()))
    assert propagate(sync) == {"opted_out": 1, "left_alone": 0}
    assert platform.get_contact("bob@example.com")["emailBlacklisted"]


def test_nobody_is_opted_out_of_another_account(
    sync: Sync, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As when the connection is switched while a run waits for its approval: an id is somebody else."""
    platform.create_contact(email="ann@example.com")
    prepare(sync, "ann@example.com,,,Ann,no\n")
    with SandboxServer(api_key="xkeysib-another-account") as other:
        connect(monkeypatch, other, stage=tmp_path / "stage", requests_per_second=1000)
        with ContactsClient(other.url, other.api_key, requests_per_second=1000) as there:
            there.create_contact(email="stranger@example.org")
            with pytest.raises(AirflowFailException, match="another account"):
                propagate(sync)
            assert not there.get_contact("stranger@example.org")["emailBlacklisted"]
    assert not platform.get_contact("ann@example.com")["emailBlacklisted"]


def test_a_run_that_was_prepared_again_opts_nobody_out_who_has_opted_in_since(
    sync: Sync, platform: ContactsClient
) -> None:
    """Neither of the two has anything to send, and the second one is not confirmed yet."""
    platform.create_contact(email="ann@example.com")
    sync.send(prepare(sync, "ann@example.com,,,Ann,yes\n"))
    sync.confirm()
    prepare(sync, "ann@example.com,,,Ann,no\n")
    old = sync.manifest_uri
    prepare(sync, "ann@example.com,,,Ann,yes\n")
    sync.manifest_uri = old
    with pytest.raises(AirflowFailException, match="Another run was prepared"):
        propagate(sync)
    assert not platform.get_contact("ann@example.com")["emailBlacklisted"]


@pytest.mark.parametrize("makes_up_addresses", [True, False])
def test_who_can_no_longer_be_contacted_is_not_counted_again(
    makes_up_addresses: bool, sync: Sync, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    """Otherwise the brake would ask in each run of an audience that is written to by SMS."""
    sandbox.set_knobs(phone_only_address=makes_up_addresses)
    platform.create_contact(attributes={"SMS": "4915123456781"})
    platform.create_contact(ext_id="X-2")
    rows = ",,4915123456781,Ann,no\n,X-2,,Bob,no\n"
    assert sync.send(prepare(sync, rows))["guards"]["to_opt_out"] == 1
    assert propagate(sync) == {"opted_out": 1, "left_alone": 0}
    assert sync.send(prepare(sync, rows))["guards"]["to_opt_out"] == 0
    assert propagate(sync) == {"opted_out": 0, "left_alone": 0}
