"""What was seen of an import's contacts, and how sure that makes of the rest; pure, and in counts only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# "With this confidence, at least such a share of what was sent is on the lists."
CONFIDENCE = 0.95


@dataclass(frozen=True)
class SampleSeen:
    """What the platform shows of a sample. Each count is of contacts in the sample.

    :param contacts: how many contacts the sample stands for.
    :param sampled: how many were looked for.
    :param found: that the platform knows.
    :param on_lists: that are on all lists, or left them after the import.
    :param rejected: that are not on the lists, and that the platform's reports name as rejected.
    :param compared: found ones whose values were compared.
    :param matching: of these, that have every value that was sent.
    :param modified: found ones that were modified since the import was sent.
    :param certain: those on the lists that were not found by chance: every contact was looked for among
        those that the list shows as modified, and only the others are a sample.
    :param differing: attributes with another value than was sent. Names only.
    """

    contacts: int = 0
    sampled: int = 0
    found: int = 0
    on_lists: int = 0
    rejected: int = 0
    compared: int = 0
    matching: int = 0
    modified: int = 0
    certain: int = 0
    differing: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """Contacts that should be on the lists, and are not."""
        return self.sampled - self.on_lists - self.rejected

    @property
    def nothing_arrived(self) -> bool:
        """Whether contacts were looked for and not one is there."""
        return self.missing > 0 and not self.on_lists

    def can_be_missing(self, uncounted: int) -> int:
        """How many may be missing because the platform rejected contacts without naming them.

        :param uncounted: contacts that it rejected without naming them.
        :return: three standard deviations more than such a sample misses on average.
        """
        if not self.contacts or not uncounted:
            return 0
        share = min(uncounted / self.contacts, 1.0)
        mean = self.sampled * share
        return min(uncounted, math.ceil(mean + 3 * math.sqrt(mean * (1 - share))))


@dataclass(frozen=True)
class Growth:
    """How much a list grew, against how much it should have.

    :param before: contacts on it before the import; None where it was not read.
    :param after: contacts on it now.
    :param expected: contacts that were sent and not rejected: all of them should be on it now.
    """

    before: int | None
    after: int
    expected: int

    @property
    def is_short(self) -> bool:
        """Whether the list holds fewer contacts than must be on it."""
        return self.after < self.expected

    @property
    def seen(self) -> int | None:
        """By how much it grew."""
        return None if self.before is None else self.after - self.before

    def to_json(self) -> dict[str, Any]:
        """By how much it should have grown, at least and at most, and by how much it did."""
        least = None if self.before is None else max(self.expected - self.before, 0)
        return {"expected": [least, self.expected], "seen": self.seen}


@dataclass(frozen=True)
class Evidence:
    """All that was looked at.

    :param sample: what was seen of a sample; None where no contact could be looked for.
    :param why_no_sample: why not.
    :param lists: list id → its growth.
    """

    sample: SampleSeen | None = None
    why_no_sample: str = ""
    lists: Mapping[int, Growth] = field(default_factory=dict)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing that was seen has to do with this import."""
        grew = any((one.seen or 0) > 0 or one.before == 0 for one in self.lists.values())
        return not grew and not (self.sample and self.sample.sampled > self.sample.rejected)

    def to_json(self) -> dict[str, Any]:
        """A small document: counts and ids."""
        growth = {str(list_id): one.to_json() for list_id, one in self.lists.items()}
        sample = self.sample
        if sample is None:
            return {"sampled": 0, "growth": growth} if growth else {}
        return {
            "sampled": sample.sampled,
            "found": sample.found,
            "on_lists": sample.on_lists,
            "rejected": sample.rejected,
            "compared": sample.compared,
            "matching": sample.matching,
            "modified": sample.modified,
            "growth": growth,
            **_certainty(sample),
        }


def _certainty(sample: SampleSeen) -> dict[str, float]:
    """The share of what was sent that is on the lists at least, and how sure that is."""
    looked_for = sample.sampled - sample.rejected
    if looked_for <= 0:
        return {}
    if sample.sampled >= sample.contacts:
        share, confidence = sample.on_lists / looked_for, 1.0
    else:
        others = least_share(sample.on_lists - sample.certain, looked_for - sample.certain)
        arrived = sample.certain + others * (sample.contacts - sample.certain)
        share, confidence = arrived / sample.contacts, CONFIDENCE
    return {"arrived_at_least": math.floor(1e4 * share) / 1e4, "confidence": confidence}


def least_share(found: int, looked_for: int) -> float:
    """The smallest share with which so many would still be found by a chance of 5 % (Clopper-Pearson).

    >>> round(least_share(59, 59), 2)
    0.95
    """
    if not found:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        at_least = sum(
            math.comb(looked_for, one) * middle**one * (1 - middle) ** (looked_for - one)
            for one in range(found, looked_for + 1)
        )
        low, high = (middle, high) if at_least < 1 - CONFIDENCE else (low, middle)
    return low
