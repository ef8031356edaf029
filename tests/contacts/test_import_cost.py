"""What importing the room costs and what it must not import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; sys.path.insert(0, {str(PLUGINS)!r}); {statement}; print(*sys.modules, sep='\\n')"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(run.stdout.split())


def test_the_room_itself_costs_nothing() -> None:
    before = loaded_after("import __future__, importlib, typing")
    assert loaded_after("import email_contacts.contacts") - before == {
        "email_contacts",
        "email_contacts.contacts",
    }


HEAVY = {"polars", "pyarrow", "numpy", "jsonschema", "phonenumbers", "yaml"}
FOREIGN = {"airflow", "requests", "urllib3", "upath", "fsspec"}


@pytest.mark.parametrize(
    ("name", "unwanted"),
    [
        # What prepares costs Polars, Arrow and NumPy; what is asked for by thin tasks costs none of them.
        ("prepare", FOREIGN | {"jsonschema", "phonenumbers", "yaml"}),
        ("Manifest", FOREIGN | HEAVY),
        ("Mapping", FOREIGN | HEAVY),
    ],
)
def test_preparing_knows_neither_airflow_nor_http_nor_other_rooms(name: str, unwanted: set[str]) -> None:
    loaded = loaded_after(f"from email_contacts.contacts import {name}")
    assert not loaded & unwanted
    ours = {module for module in loaded if module.startswith("email_contacts.")}
    assert {module for module in ours if not module.startswith("email_contacts.contacts")} == set()


@pytest.mark.parametrize("own", ["", "narenas:3"])
def test_polars_is_told_to_give_memory_back_unless_somebody_said_otherwise(own: str) -> None:
    code = (
        f"import sys, os; sys.path.insert(0, {str(PLUGINS)!r}); import email_contacts.contacts;"
        "print('polars' in sys.modules, os.environ['_RJEM_MALLOC_CONF'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    environment |= {"_RJEM_MALLOC_CONF": own} if own else {}
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    is_late, said = run.stdout.split()
    assert is_late == "False"
    assert said == own or (not own and "muzzy_decay_ms:0" in said.split(","))


def test_names_are_the_ones_that_are_announced() -> None:
    from email_contacts import contacts

    assert all(getattr(contacts, name) is not None for name in contacts.__all__)
    assert set(contacts.__all__) <= set(dir(contacts))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = contacts.nothing
