"""Records of digests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.snapshot.digests import DIGEST
from email_contacts.contacts.snapshot.records import (
    BUCKETS,
    Buckets,
    Records,
    found_in,
    in_buckets,
    in_order,
    records,
)

# Few different ones, so that digests repeat, share their first number, or lie at a bucket's edge.
HIGHS = st.sampled_from([0, 1, (1 << 59) - 1, 1 << 59, (1 << 59) + 1, 5 << 60, (1 << 64) - 1])
DIGESTS = st.lists(st.tuples(HIGHS, st.integers(0, 1)), max_size=40)


def digests_of(pairs: list[tuple[int, int]]) -> Records:
    return np.array(pairs, DIGEST)


@settings(deadline=None)
@given(known=DIGESTS.map(lambda pairs: list(set(pairs))), some=DIGESTS)
def test_digests_are_found_also_where_two_share_their_first_number(
    known: list[tuple[int, int]], some: list[tuple[int, int]]
) -> None:
    among = digests_of(known)
    among = among[np.argsort(among["high"], kind="stable")]
    looked_up = digests_of(some)
    places, is_found = found_in(looked_up, among)
    assert is_found.tolist() == [one in known for one in some]
    assert (among[places[is_found]] == looked_up[is_found]).all()


@settings(deadline=None)
@given(pairs=DIGESTS, cut=st.integers(1, 7))
def test_buckets_give_everything_back_sorted_and_cut_at_the_same_places(
    pairs: list[tuple[int, int]], cut: int
) -> None:
    with closing(NamelessFiles()) as spool:
        buckets = Buckets(spool, "some", DIGEST)
        given_records = digests_of(pairs)
        for first in range(0, len(pairs), cut):
            buckets.add(given_records[first : first + cut])
        by_bucket = list(buckets.sorted())
        assert len(by_bucket) == BUCKETS
        whole = np.concatenate(by_bucket)
        assert buckets.count == len(whole) == len(pairs)
        assert sorted(whole.tolist()) == sorted(pairs)
        assert whole["high"].tolist() == sorted(high for high, _ in pairs)

        def blocks() -> Iterator[Records]:
            for first in range(0, len(whole), cut):
                yield whole[first : first + cut]

        again = list(in_buckets(blocks(), DIGEST))
        assert [some.tolist() for some in again] == [some.tolist() for some in by_bucket]


def test_records_are_packed_without_gaps() -> None:
    assert records(DIGEST, high=[1], low=[2]).tobytes() == bytes([1, *[0] * 7, 2, *[0] * 3])


@settings(deadline=None)
@given(pairs=DIGESTS)
def test_records_with_one_first_number_stay_as_they_came(pairs: list[tuple[int, int]]) -> None:
    some = digests_of(pairs)
    assert in_order(some).tolist() == sorted(pairs, key=lambda pair: pair[0])
