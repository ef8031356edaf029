"""One vocabulary: the words that docs/glossary.md rules out appear in nothing that people read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
GLOSSARY = PROJECT / "docs" / "glossary.md"
PAGES = [
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
    *sorted({*(PROJECT / "docs").glob("*.md")} - {GLOSSARY}),
]
MODULES = [path for folder in ("plugins", "dags") for path in sorted((PROJECT / folder).rglob("*.py"))]
# Phrases that a colleague would smile at; each has a plain counterpart.
QUAINT = (
    "whatever came of",
    "who can tell",
    "nobody can tell",
    "of no use",
    "has run out",
    "it holds people",
    "holds nobody",
    "cannot be asked now",
    "that a run bears",
    "give what the tasks pushed",
    "is no list",
    "is no country",
    "is no URL",
    "cannot be mended",
    "how to mend",
    "can mend",
    "cannot mend",
    "lead nowhere",
    "written anew",
    "without a word",
    "in silence",
    "sign of life",
    "nobody documented",
    "nobody knows",
    "holds people",
    "who has no wish",
    "so much as a",
    "does not heed",
    "word for nothing",
    "to whoever holds",
    "goes on without it",
    "neither true nor false",
    "the fate of",
    "weak witness",
    "anew",
    "at hand",
    "heard of",
    "in vain",
    "lest",
    "mended",
    "told of",
    "whom",
    "become of",
    "becomes of",
    "became of",
    "nobody minds",
    "so many words",
    "kept in step",
)


def terms() -> list[tuple[str, list[str]]]:
    """The terms of the glossary, each with the words that are not used for it."""
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| .+? \| ?(.*?) ?\|$", GLOSSARY.read_text(), flags=re.MULTILINE)
    return [(term, [word.strip() for word in banned.split(",") if word.strip()]) for term, banned in rows]


BANNED = sorted({word for _, banned in terms() for word in banned} | set(QUAINT))
FORBIDDEN = re.compile(rf"\b(?:{'|'.join(map(re.escape, BANNED))})s?\b", re.IGNORECASE)


def public_text(module: Path) -> Iterator[str]:
    """Docstrings, messages, log lines and descriptions of a module: every text of several words in it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield node.value


def test_each_term_stands_once_and_in_order() -> None:
    names = [term for term, _ in terms()]
    assert len(names) > 30
    assert names == sorted(set(names))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_uses_the_words_of_the_glossary(page: Path) -> None:
    text = (
        ""
        if page == GLOSSARY
        else re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", page.read_text(), flags=re.DOTALL)
    )
    assert sorted(set(FORBIDDEN.findall(text))) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_a_module_says_uses_the_words_of_the_glossary(module: Path) -> None:
    found = {match for text in public_text(module) for match in FORBIDDEN.findall(text)}
    assert sorted(found) == []
