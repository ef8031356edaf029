"""The shape of the tree: names and sizes that keep it readable."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = ("dags", "plugins", "local", "tests", "benchmarks")
TOP = {*FOLDERS, "docs", "include", ".ci"}
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


def test_nothing_that_a_run_left_behind_is_part_of_the_project() -> None:
    if not (PROJECT / ".git").exists():
        return  # an unpacked release: nothing can be added to it by mistake
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    paths = [Path(name) for name in listed.split("\0") if name]
    assert {path.parts[0] for path in paths if len(path.parts) > 1} <= TOP
    assert [path for path in paths if path.suffix in (".partial", ".part", ".orig", ".rej", ".log")] == []
