"""What the README and the documents say is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from email_contacts.api import endpoints

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(document: Path) -> None:
    folders = ("plugins", "dags", "local", "tests", "benchmarks", "docs", "include")
    paths = [
        path for folder in folders for path in (PROJECT / folder).rglob("*") if path.suffix in {".py", ".md"}
    ]
    there = [f"/{path.relative_to(PROJECT).as_posix()}" for path in paths]
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|md))`", document.read_text(encoding="utf-8"))
    assert {name for name in named if not any(path.endswith(f"/{name}") for path in there)} == set()


def test_the_dag_in_the_readme_is_a_dag() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(code.strip().splitlines()) <= 26
    namespace: dict[str, object] = {}
    exec(compile(code.replace("\nnewsletter()", "\nDAG = newsletter()"), "README.md", "exec"), namespace)
    tasks = namespace["DAG"].topological_sort()  # type: ignore[attr-defined]
    assert [task.task_id for task in tasks] == ["prepare", "folder", "list", "import", "wait"]


def test_every_documented_endpoint_has_its_operator() -> None:
    rows = re.findall(r"^\| `(GET|POST) /v3(\S+?)`(?:, `/\{id\}`)? \| `(\w+)` \|", README, flags=re.MULTILINE)
    named = {(method, re.sub(r"\{\w+\}", "{id}", path)) for method, path, _ in rows}
    of_the_seed = {
        (endpoint.method, re.sub(r"\{\w+\}", "{id}", endpoint.path))
        for endpoint in endpoints.ALL
        if endpoint.in_seed
    }
    assert len(of_the_seed) == 8
    assert {(method, path.removeprefix("/v3")) for method, path in of_the_seed} <= named


def test_the_demo_and_the_tests_are_one_command_each() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"demo", "test", "up", "down", "bench"} <= targets
    assert "$ make demo" in README
    assert "$ make test" in README
