"""docs/sandbox.md is held against the code: what it lists is there, and what is there it lists."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from email_contacts.sandbox import Knobs
from email_contacts.sandbox.app import ROOMS
from email_contacts.sandbox.faults import KINDS, ROUTES

DOCUMENT = Path("docs/sandbox.md").read_text(encoding="utf-8")


def table(section: str, head: str) -> list[list[str]]:
    """Return the rows of a table of the document."""
    text = DOCUMENT.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    lines = text.split(f"| {head} |", 1)[1].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def test_every_knob_stands_in_the_table_as_it_is() -> None:
    rows = table("Knobs", "knob | default | values | what it does")
    expected = []
    for knob in fields(Knobs):
        default: Any = list(knob.default) if isinstance(knob.default, tuple) else knob.default
        expected.append([f"`{knob.name}`", f"`{json.dumps(default)}`", knob.metadata["says"]])
        choices = [f"`{choice}`" for choice in knob.metadata["choices"]]
        if choices:
            (values,) = [row[2] for row in rows if row[0] == f"`{knob.name}`"]
            assert values == ", ".join(choices)
    assert [[name, default, says] for name, default, _, says in rows] == expected


def test_every_kind_of_fault_stands_in_the_table() -> None:
    assert table("Faults", "kind | what happens") == [[f"`{kind}`", says] for kind, says in KINDS.items()]


def test_every_route_stands_in_the_table_by_the_name_that_faults_use() -> None:
    routes = [
        [f"`{route.name}`", f"`{' '.join(sorted(route.methods))} {route.path_format}`"]
        for room in ROOMS
        for route in room.router.routes
        if isinstance(route, APIRoute) and route.path.startswith("/v3")
    ]
    assert table("Routes", "name | request") == routes
    assert tuple(name.strip("`") for name, _ in routes) == ROUTES


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)", DOCUMENT))
def test_links_lead_somewhere(link: str) -> None:
    assert (Path("docs") / link).exists()
