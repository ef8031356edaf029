"""Numbers of JSON that are read many at once are what Python reads, type and all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.sources import json_frames
from email_contacts.contacts.sources.json_frames import JsonFrames
from email_contacts.contacts.sources.rows import EMPTY
from tests.contacts.sources.reading import rows_in

TOKENS = (
    *("1.0", "12.0", "0.0", "-0.0", "0.5", "2.50", "1.5e3", "1.0e300", "1.7976931348623157e308", "5.0e-324"),
    *("1", "0", "-7", "1e5", "1E2", "123456789012345678.0", "0.99999999999999999", "null"),
)
TEXTS = ("a", "1.", "1.5", "v1.2.3.", "é1.5", "1\\n.5", "\\u0031.5", "\\u00e1.5", "1 .5", "", "1.0,")
KEYS = ("name", "v1.2", "1.")
FIRST = [{"email": "a@example.com", "points": 0.5, "list": ["a"]}]


def read(lines: list[str], key: str) -> list[Any] | None:
    """What the frames say of lines; None where they leave them alone."""
    first = [{**one, key: "a"} for one in FIRST]
    frames = JsonFrames.of(first, places={name: at for at, name in enumerate(first[0])}, width=4, whole=())
    assert frames is not None
    found = frames.of_lines("".join(f"{line}\n" for line in lines).encode(), longest=10_000)
    return None if found is None else rows_in(found.frame)


def line_of(point: str, text: str, choice: str, key: str) -> str:
    return f'{{"email":"p@example.com","points":{point},"list":["{choice}"],{json.dumps(key)}:"{text}"}}'


def cells_of(line: str) -> list[Any]:
    return [EMPTY if cell is None else cell for cell in json.loads(line).values()]


ROWS = st.tuples(st.sampled_from(TOKENS), st.sampled_from(TEXTS), st.sampled_from(TEXTS))
LIKELY = st.tuples(st.sampled_from(TOKENS[:8]), st.sampled_from(TEXTS[:5]), st.sampled_from(TEXTS[:5]))


@given(
    st.lists(ROWS, min_size=1, max_size=6) | st.lists(LIKELY, min_size=1, max_size=6), st.sampled_from(KEYS)
)
def test_numbers_are_what_python_reads(rows: list[tuple[str, str, str]], key: str) -> None:
    lines = [line_of(*row, key) for row in rows]
    found = read(lines, key)
    assert found is None or repr(found) == repr(list(map(cells_of, lines)))


@pytest.mark.parametrize("text", ["a", "1.", "v1.2.3.", "é1.5"])
def test_decimals_some_of_which_are_whole_are_read_at_once(text: str) -> None:
    """So pandas writes whole numbers where any row has none."""
    lines = [line_of(token, text, "1.5", "name") for token in ("1.0", "12.0", "null", "3.25", "1.5e3")]
    assert repr(read(lines, "name")) == repr(list(map(cells_of, lines)))


@pytest.mark.parametrize(
    "lines",
    [
        [("1.0", "a", "a"), ("1", "a", "a")],
        [("1.0", "a", "a"), ("1", "1.", "1.")],
        [("1.0", "a", "a"), ("1e5", "a", "a")],
        [("1.0", "\\u00e1.5", "a"), ("1", "a", "a")],
    ],
)
def test_where_one_may_be_whole_all_are_read_one_by_one(lines: list[tuple[str, str, str]]) -> None:
    assert read([line_of(*line, "name") for line in lines], "name") is None


def test_points_in_keys_and_escapes_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read([line_of("1.0", "a", "a", "v1.2")], "v1.2") is None
    assert read([line_of("1.0", "\\u0031.5", "a", "name")], "name") is None
    monkeypatch.setattr(json_frames, "have_points", lambda *_: True)
    found = read([line_of("1", "a", "a", "name")], "name")
    assert repr(found) != repr([cells_of(line_of("1", "a", "a", "name"))])
