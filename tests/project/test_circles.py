"""No module of the package imports itself by way of others, wherever in it and for whatever it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
PACKAGE = "email_contacts"


def modules() -> dict[str, Path]:
    """Every module of the package by its name."""
    return {name_of(path): path for path in (PLUGINS / PACKAGE).rglob("*.py")}


def name_of(path: Path) -> str:
    parts = path.relative_to(PLUGINS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules of the package that a source imports: at its head, in functions and for types alone."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.module in known:
            # A name of a package is its module where there is one.
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from inner & known.keys()
            if inner - known.keys():
                yield node.module


def circle_in(graph: Mapping[str, set[str]]) -> list[str]:
    """A circle, its first module repeated at the end; empty when there is none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph.get(name, ())):
            if found := walk(other, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: set(imported(path.read_text(), known)) - {name} for name, path in known.items()}


def test_there_is_no_circle() -> None:
    found = graph()
    assert len(found) > 100
    assert sum(map(len, found.values())) > 300
    assert circle_in(found) == []


def test_a_circle_would_be_found() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_imports_are_seen_wherever_they_are() -> None:
    known = {f"{PACKAGE}.{name}": Path() for name in ("a", "b", "c", "d")} | {PACKAGE: Path()}
    source = (
        f"from {PACKAGE}.a import x\nif TYPE_CHECKING:\n    from {PACKAGE} import b, y\n"
        f"def f():\n    import {PACKAGE}.c\n    import os\n"
    )
    assert sorted(imported(source, known)) == [PACKAGE, *(f"{PACKAGE}.{name}" for name in "abc")]
