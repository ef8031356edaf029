"""Exports of another account, or with another key."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import pytest

from email_contacts.api import Unavailable
from email_contacts.exports.errors import DestinationOfOthers
from email_contacts.exports.watermark import Watermark
from email_contacts.sandbox import SandboxServer
from tests.exports.warehouse import Warehouse, let_a_day_pass

LIST = 2  # the list of a fresh account


def test_another_key_exports_everything_once(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    sandbox.seed_contacts(3)
    let_a_day_pass(sandbox)
    warehouse.export()
    warehouse.account = "another"
    # An export that fails leaves the account as it was.
    sandbox.set_knobs(faults=[{"route": "contacts", "kind": "500", "skip": 1, "times": 9}])
    with pytest.raises(Unavailable):
        warehouse.export()
    sandbox.set_knobs(faults=[])
    changed, after = warehouse.export(), warehouse.export()
    assert (changed["contacts"], changed["full"], after["contacts"], after["full"]) == (3, True, 0, False)
    assert "the API key is not that of the earlier export" in changed["why_full"]


@pytest.mark.parametrize("other", [{"conn_id": "other"}, {"base_url": "https://api.example.org"}])
def test_contacts_of_two_accounts_are_not_put_into_one_folder(
    other: dict[str, Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Their ids are the same: of two contacts, and their opt-outs, a reader would find one."""
    sandbox.seed_contacts(2)
    warehouse.export()
    files = warehouse.files()
    made = warehouse.prepared(list_id=LIST)
    series = replace(made.series, **other)
    made = replace(made, account="another", series=series, watermark=Watermark(warehouse.store, series))
    with pytest.raises(DestinationOfOthers, match=r"exports has contacts of connection 'conn' at http"):
        made.run()
    assert warehouse.files() == files
    assert replace(made, account="one").run()["full"]  # two connections to one account
    shutil.rmtree(warehouse.path)
    assert made.run()["full"]
    with pytest.raises(DestinationOfOthers):
        warehouse.export()
