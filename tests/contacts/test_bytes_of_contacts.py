"""The bytes of contacts as Polars keeps them: nothing is copied where they are one after the other."""

from __future__ import annotations

import polars as pl
import pytest

from email_contacts.contacts.validate_rows import _bytes_of

TEXTS = [f"{'é' * (row % 40)}, a text that is longer than a view, {row}" for row in range(3_000)]
MADE = pl.DataFrame({"text": TEXTS}).select(pl.concat_str("text", pl.lit("},"))).to_series()


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
    pieces, lengths = _bytes_of(bodies)
    texts = [text.encode() for text in bodies.to_list()]
    assert b"".join(pieces) == b"".join(texts)
    assert list(lengths) == list(map(len, texts))


def test_what_was_just_made_is_not_copied() -> None:
    assert len(_bytes_of(MADE)[0]) > 1  # Polars' own buffers
