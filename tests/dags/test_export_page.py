"""The code of docs/export.md runs, and does what the page says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from email_contacts.sandbox import attribute_rows
from email_contacts.sandbox.values import AttributeRule
from tests.exports.warehouse import change, let_a_day_pass

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "export.md").read_text(encoding="utf-8")
DAG_CODE, READING_CODE = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def dag(dag_of: Callable[[str], DAG], tmp_path: Path) -> DAG:
    """The DAG as the page shows it."""
    code = DAG_CODE.replace("dag_run.run_after.day == 1", "False")
    assert code != DAG_CODE
    assert "s3://warehouse/email" in code
    return dag_of(code.replace("s3://warehouse/email", (tmp_path / "warehouse").as_uri()))


def opt(sandbox: SandboxServer, contact_id: int, *, out: bool) -> None:
    with sandbox.account.database.writing() as connection:
        connection.execute("UPDATE contacts SET email_blacklisted = ? WHERE id = ?", (out, contact_id))
    change(sandbox, contact_id)


def test_the_newest_of_each_contact_and_of_each_opt_out(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    folder = tmp_path / "warehouse"
    sandbox.seed_contacts(5)
    opt(sandbox, 2, out=True)
    opt(sandbox, 3, out=True)
    let_a_day_pass(sandbox)
    for contact_id, out in [(None, False), (3, False), (4, True)]:
        if contact_id is not None:
            opt(sandbox, contact_id, out=out)
        assert str(dag.test().state) == "success"
        let_a_day_pass(sandbox)
    written = sorted(json.loads(path.read_text())["contacts"] for path in folder.glob("_manifests/*.json"))
    assert written == [1, 1, 5]
    namespace: dict[str, Any] = {}
    exec(READING_CODE, namespace)
    contacts = namespace["current_contacts"](str(folder)).sort("id")
    assert list(zip(contacts["id"], contacts["POINTS"], strict=True)) == [
        (1, 1),
        (2, 3),
        (3, 5),
        (4, 5),
        (5, 5),
    ]
    opt_outs = namespace["current_opt_outs"](str(folder)).sort("contact_id")
    assert opt_outs["contact_id"].to_list() == [2, 4]
    assert opt_outs["how"].to_list() == ["email_blacklisted"] * 2


def test_attributes_that_come_and_go(dag: DAG, sandbox: SandboxServer, tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    sandbox.seed_contacts(2)
    let_a_day_pass(sandbox)
    change(sandbox, 1)
    assert str(dag.test().state) == "success"
    with sandbox.account.database.writing() as connection:
        attribute_rows.insert(connection, AttributeRule(name="LATER", category="normal", type="text"))
        connection.execute(
            "UPDATE contacts SET attributes = json_set(attributes, '$.LATER', 'x') WHERE id = 2"
        )
    change(sandbox, 2)
    assert str(dag.test().state) == "success"
    namespace: dict[str, Any] = {}
    exec(READING_CODE, namespace)
    contacts = namespace["current_contacts"](folder.as_uri()).sort("id")
    assert contacts.select("id", "POINTS", "LATER").rows() == [(1, 2, None), (2, 3, "x")]


def test_the_page_says_what_the_manifest_holds(dag: DAG, sandbox: SandboxServer, tmp_path: Path) -> None:
    dag.test()
    (path,) = tmp_path.glob("warehouse/_manifests/*.json")
    manifest = json.loads(path.read_text())
    for word in ("since", "until", "previous_manifest_uri"):
        assert word in manifest
        assert f"`{word}`" in PAGE
    assert re.fullmatch(r"\d{8}T\d{9}Z-[0-9a-f]{8}", manifest["export_id"])
