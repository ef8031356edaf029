"""The shape of the tree: names and sizes that keep it readable."""

from __future__ import annotations

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = ("dags", "plugins", "local", "tests", "benchmarks")
SOURCES = [path for folder in FOLDERS for path in sorted((PROJECT / folder).rglob("*.py"))]


def test_no_module_under_plugins_bears_the_name_of_a_standard_one() -> None:
    # Airflow's plugin loader puts each file that it finds into sys.modules under its bare stem.
    stems = {path.stem for path in (PROJECT / "plugins").rglob("*.py")} - {"__init__", "__main__"}
    assert not stems & sys.stdlib_module_names


def test_a_file_can_be_held_in_the_head() -> None:
    lengths = {str(path.relative_to(PROJECT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


def test_no_file_is_a_dumping_ground() -> None:
    assert not {path.stem for path in SOURCES} & {"utils", "util", "helpers", "common", "misc"}


def test_every_file_says_what_it_is_about() -> None:
    assert [path for path in SOURCES if (text := path.read_text()) and not text.startswith('"""')] == []
