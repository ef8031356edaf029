"""Bytes are found wherever a piece ends."""

from __future__ import annotations

import random

import numpy as np
import pytest

from email_contacts.contacts.sources import byte_positions
from email_contacts.contacts.sources.byte_positions import is_beside, positions


@pytest.mark.parametrize("piece", [1, 2, 3, 1 << 17])
def test_as_if_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(byte_positions, "_PIECE", piece)
    beside = 0
    for seed in range(300):
        data = bytes(random.Random(seed).choices(b"abc \n,", [6, 6, 6, 3, 2, 2], k=seed % 17))
        text = np.frombuffer(data, np.uint8)
        found = positions(text, lambda some: some == ord("a"))
        assert found.tolist() == [place for place, byte in enumerate(data) if byte == ord("a")]
        expected = any(pair in data for pair in (b" ,", b", ", b" \n", b"\n "))
        assert is_beside(text, ord(" "), (ord(","), ord("\n"))) == expected
        beside += expected
    assert 20 < beside < 250
