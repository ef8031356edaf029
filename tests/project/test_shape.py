"""The shape of the tree: names and sizes that keep it readable."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path
    for folder in ("dags", "plugins", "local", "tests", "benchmarks")
    for path in (PROJECT / folder).rglob("*.py")
)
PLUGIN_MODULES = sorted((PROJECT / "plugins").rglob("*.py"))


@pytest.mark.parametrize("path", PLUGIN_MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_module_under_plugins_bears_the_name_of_a_standard_one(path: Path) -> None:
    # Airflow's plugin loader puts each file that it finds into sys.modules under its bare stem.
    assert path.stem not in sys.stdlib_module_names - {"__init__", "__main__"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_file_can_be_held_in_the_head(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 320


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_file_says_what_it_is_about(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "common", "misc"}
    text = path.read_text().strip()
    assert not text or text.startswith('"""'), "a module starts with its docstring"
