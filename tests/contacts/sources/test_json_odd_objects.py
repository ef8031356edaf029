"""Where the objects of an array begin and end, by their brackets."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.sources.json_odd_objects import elements

BLANKS = rb"[ \t\r\n]*"
BETWEEN = re.compile(rb"\}(%b,%b)\{" % (BLANKS, BLANKS))
PIECES = ["{", "}", ",", "},{", "}, {", "},\n    {", "} ,{", " ", "\t", "\r\n", '"', "a", "é", " " * 40]


def as_expected(text: bytes) -> tuple[list[int], list[int]]:
    spans = [found.span(1) for found in BETWEEN.finditer(text)]
    return [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text(text: str) -> None:
    starts, ends = elements(text.encode())
    assert (starts.tolist(), ends.tolist()) == as_expected(text.encode())


@pytest.mark.parametrize("between", [",", ", ", ",\n    ", " ,\r\n\t", "," + " " * 31, ",\n" + " " * 500])
def test_layouts(between: str) -> None:
    objects = [b'{"a": 1}', b'{"a": {"b": 2}, "c": {}}', b"{}"] * 5
    text = between.encode().join(objects)
    spans = zip(*elements(text), strict=True)
    assert [text[start:end] for start, end in spans] == objects


def test_nothing() -> None:
    starts, ends = elements(b"")
    assert np.array_equal(starts, [0])
    assert np.array_equal(ends, [0])
