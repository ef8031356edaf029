"""Arrow's views of texts, against the texts."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.contacts.text_views import bytes_of, views_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(deadline=None)
@given(texts=st.lists(TEXTS | st.none(), max_size=12), skipped=st.integers(0, 3), chunks=st.integers(1, 2))
def test_lengths_and_beginnings_are_those_of_the_texts(
    texts: list[str | None], skipped: int, chunks: int
) -> None:
    column = pl.concat([pl.Series(texts, dtype=pl.String)] * chunks, rechunk=False)[skipped:]
    lengths, beginnings = views_of(column)
    expected = [(text or "").encode() for text in column]
    assert lengths.tolist() == [len(text) for text in expected]
    assert [int(one).to_bytes(4, "little") for one in beginnings] == [
        text[:4].ljust(4, b"\0") for text in expected
    ]


LONG = [f"{'é' * (row % 40)}, a text that is longer than a view, {row}" for row in range(3_000)]
MADE = pl.DataFrame({"text": LONG}).select(pl.concat_str("text", pl.lit("},"))).to_series()


@pytest.mark.parametrize(
    "bodies",
    [
        MADE,
        MADE.filter(pl.Series([row % 3 > 0 for row in range(len(MADE))])),
        MADE[1_000:],
        MADE[:1_000],
        MADE[::-1],
        pl.concat([MADE, MADE], rechunk=False),
        MADE.str.slice(0, 5),
        MADE[:0],
        pl.Series(["", "short", ""]),
    ],
    ids=["made", "filtered", "tail", "head", "reversed", "two chunks", "cut", "none", "short"],
)
def test_all_bytes_in_their_order(bodies: pl.Series) -> None:
    pieces, lengths = bytes_of(bodies)
    texts = [text.encode() for text in bodies.to_list()]
    assert b"".join(pieces) == b"".join(texts)
    assert list(lengths) == list(map(len, texts))


def test_what_was_just_made_is_not_copied() -> None:
    assert len(bytes_of(MADE)[0]) > 1  # Polars' own buffers
