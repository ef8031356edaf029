"""Reads the platform's own text of its Contacts API (seed/contacts-api.txt) into calls.

The text is a web page without its markup: cells of a table run together, so a parameter's name is what stands
before the first word that names a type.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

SEED = Path(__file__).parent / "seed" / "contacts-api.txt"

_HEADING = re.compile(r"^(GET|POST): (/v3\S*)$", re.MULTILINE)
_CURL = re.compile(
    r"curl -X (GET|POST).*?\{\{baseUrl\}\}(/v3[^\s']*)(.*?)(?=\ncurl |\nExample:|\Z)", re.DOTALL
)
_PARAMETER = re.compile(
    r"^([A-Za-z_]+?)"
    r"(?:String|Integer|[Oo]bject|Boolean|Array of integers|Array of String|array of object|url)(?=[A-Zst])",
    re.MULTILINE,
)
_STATUS = re.compile(r"^(\d{3})(?=[A-Za-zF’ ])", re.MULTILINE)


@dataclass(frozen=True)
class Curl:
    """One command line of the text.

    :param path: with placeholders and sample ids alike written ``{}``.
    """

    method: str
    path: str
    body: str

    @property
    def fields(self) -> list[str]:
        """Names in its body, nested ones too, in the order of the text."""
        return re.findall(r'"(\w+)":', self.body)


@dataclass(frozen=True)
class SeedCall:
    """One chapter of the text: heading, tables, sample answers, command lines."""

    title: str
    method: str
    path: str
    text: str

    @cached_property
    def curls(self) -> list[Curl]:
        return [Curl(method, _plain(path), body) for method, path, body in _CURL.findall(self.text)]

    @property
    def parameters(self) -> list[str]:
        """Names in its tables, as often as they stand there."""
        return _PARAMETER.findall(self.text.partition("Responses:")[0])

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in _STATUS.findall(self._answers)}

    @property
    def sample(self) -> Any:
        """The sample of a success."""
        start = self._answers.index("{")
        return json.JSONDecoder().raw_decode(self._answers[start:])[0]

    @property
    def _answers(self) -> str:
        return self.text.partition("Responses:")[2].partition("CURL:")[0]


def read_calls() -> dict[str, SeedCall]:
    """All chapters by title, in the order of the text."""
    text = SEED.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    calls = [
        SeedCall(_title(text[: heading.start()]), heading[1], heading[2], text[heading.end() : end])
        for heading, end in zip(headings, ends, strict=True)
    ]
    return {call.title: call for call in calls}


def _title(before: str) -> str:
    """The last line that is a title: a sentence of explanation may stand below it."""
    return next(line for line in reversed(before.splitlines()) if line and not line.endswith("."))


def _plain(path: str) -> str:
    return re.sub(r"/(?:\{\{\w+\}\}|\d+)", "/{}", path)
