"""A run that was rejected fails and changes nothing, also where it has nothing to send."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient
from tests.dags.test_sync_audiences import LEAST, bag, write

if TYPE_CHECKING:
    from email_contacts.sandbox import SandboxServer

AUDIENCE = f"{LEAST}gone: remove\nconsent: ignore\nmerges: allow\nbrakes: {{max_removals: 10%}}\n"


def test_a_rejected_run_removes_nobody_and_fails(
    project: Path, connection: str, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.providers.standard.operators.hitl import HITLOperator

    def reject(*_: object) -> None:
        raise AirflowFailException("the run was rejected; nothing was sent")

    write(project, shop=AUDIENCE)
    dag = bag(project).dags["sync_shop"]
    people = [f"p{number}@example.com" for number in range(10)]
    source = project / "customers.csv"
    source.write_text("\n".join(["email", *people]))
    assert str(dag.test().state) == "success"
    source.write_text("\n".join(["email", *people[:2]]))  # an export that was cut off
    # No person answers within dag.test(); tests/e2e/test_brakes.py has a real Airflow that asks.
    monkeypatch.setattr(HITLOperator, "execute", reject)
    done = dag.test()
    states = {one.task_id: str(one.state) for one in done.get_task_instances()}
    assert str(done.state) == "failed"
    assert (states["brakes"], states["gone"], states["receipt"]) == ("failed", "upstream_failed", "failed")
    assert states["confirm"] == "upstream_failed"
    client = ContactsClient(sandbox.url, sandbox.api_key)
    (folder,) = [one for one in client.iter_lists() if one.name == "Customers"][-1:]
    assert len(list(client.iter_list_contacts(folder.id))) == 10
