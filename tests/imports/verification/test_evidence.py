"""How sure a sample makes: the figures of the receipt, against what they mean."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.imports.verification.evidence import CONFIDENCE, Evidence, Growth, SampleSeen, least_share


@pytest.mark.parametrize(
    ("found", "looked_for", "share"),
    # The rule of three, and the tables of Clopper and Pearson for one-sided 95 %.
    [(59, 59, 0.950), (10, 10, 0.741), (41, 41, 0.930), (9, 10, 0.606), (0, 10, 0.0), (200, 200, 0.985)],
)
def test_the_least_share_is_that_of_the_tables(found: int, looked_for: int, share: float) -> None:
    assert least_share(found, looked_for) == pytest.approx(share, abs=0.0006)


@pytest.mark.parametrize("arrived", [0.5, 0.9, 0.97])
def test_the_receipt_is_right_as_often_as_it_says(arrived: float) -> None:
    chance = random.Random(7)
    least = {found: least_share(found, 60) for found in range(61)}
    found = [sum(chance.random() < arrived for _ in range(60)) for _ in range(4000)]
    assert sum(least[one] <= arrived for one in found) / len(found) >= CONFIDENCE - 0.01


@given(st.integers(1, 200).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size))))
def test_a_sample_never_promises_more_than_it_found(numbers: tuple[int, int]) -> None:
    looked_for, found = numbers
    assert least_share(found, looked_for) <= found / looked_for


def test_who_looked_at_everything_is_sure() -> None:
    document = Evidence(SampleSeen(contacts=4, sampled=4, found=4, on_lists=3, rejected=1)).to_json()
    assert (document["arrived_at_least"], document["confidence"]) == (1.0, 1.0)


def test_growth_says_between_what_it_must_lie() -> None:
    assert Growth(before=300, after=1100, expected=1000).to_json() == {"expected": [700, 1000], "seen": 800}
    assert Growth(before=None, after=5, expected=3).to_json() == {"expected": [None, 3], "seen": None}


def test_nothing_that_was_looked_at_is_nothing_said() -> None:
    assert Evidence().to_json() == {}
