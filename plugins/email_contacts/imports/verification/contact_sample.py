"""A sample of the contacts that were sent: how large it is, and which ones are in it.

It grows with the square root of what was sent, is spread over all batches and over each of them, and is the
same for the same batches. Must not import Airflow; keeps, logs and shows no contact.
"""

from __future__ import annotations

import csv
import logging
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from email_contacts.imports.submission.batch_rows import CSV_SUFFIX, identifiers_of, rows_in
from email_contacts.imports.submission.staged_file import StagedFile

if TYPE_CHECKING:
    from email_contacts.imports.verification.reject_reports import SentBatch

log = logging.getLogger(__name__)

# One request each, in the generous bucket (api-contract §5): at ten requests a second, 20 seconds.
MAX_SAMPLE = 200
_MIN_SAMPLE = 10
# What a row says beside its attributes, and by what it is known.
_NOT_VALUES = frozenset({"email", "EMAIL", "ext_id", "EXT_ID", "attributes"})


@dataclass(frozen=True)
class SentContact:
    """A contact as it was sent. What it holds is kept out of ``repr``.

    :param identifiers: attribute → identifier, in the order in which the platform looks.
    :param values: attribute → value that was sent.
    :param since: when it was about to be sent, ISO 8601; empty where that is not known.
    """

    identifiers: Mapping[str, str] = field(repr=False)
    values: Mapping[str, Any] = field(repr=False)
    since: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any], *, since: str = "") -> SentContact:
        """Read a row of a batch, in whatever form it was sent."""
        attributes = row.get("attributes")
        values = {
            **(attributes if isinstance(attributes, Mapping) else {}),
            **{name: value for name, value in row.items() if name not in _NOT_VALUES},
        }
        return cls(
            identifiers_of(row), {name: one for name, one in values.items() if name != "EXT_ID"}, since
        )


def sample_size(contacts: int) -> int:
    """How many of some contacts are looked for: all of a few, 41 of 1,000, at most 200."""
    return min(contacts, MAX_SAMPLE, _MIN_SAMPLE + math.isqrt(contacts))


def sample_of(batches: Sequence[tuple[SentBatch, str]]) -> list[SentContact]:
    """Take a sample of what some imports carried.

    Of more batches than the sample has contacts, some are left out; of all others there is at least one.

    :param batches: each with the moment at which it was about to be sent, ISO 8601.
    :return: fewer than ``sample_size`` where a batch cannot be read any more.
    """
    there = [(sent, since) for sent, since in batches if sent.contacts and sent.is_there]
    size = sample_size(sum(sent.contacts for sent, _ in there))
    if len(there) > size:
        there = [there[one] for one in _spread(len(there), size, seed=size)]
    sample: list[SentContact] = []
    contacts_left = sum(sent.contacts for sent, _ in there)
    for batches_after, (sent, since) in zip(range(len(there) - 1, -1, -1), there, strict=True):
        left = size - len(sample) - batches_after
        share = min(sent.contacts, max(1, min(left, math.ceil(left * sent.contacts / contacts_left))))
        contacts_left -= sent.contacts
        sample += (SentContact.of(row, since=since) for row in _rows(sent, share))
    return [one for one in sample if one.identifiers]


def _rows(sent: SentBatch, number: int) -> Iterator[Mapping[str, Any]]:
    try:
        if sent.path.name.endswith(CSV_SUFFIX):
            # The file may be large: it is read at a few places. Two are the fewest that it can spread.
            staged = StagedFile(sent.path, sent.fingerprint, sent.contacts)
            yield from list(staged.sample(max(number, 2)))[:number]
        else:
            wanted = set(_spread(sent.contacts, number, seed=sent.fingerprint))
            yield from (row for place, row in enumerate(rows_in(sent.path)) if place in wanted)
    except (OSError, ValueError, csv.Error) as error:
        log.warning("no sample of the batch %s can be taken: %s", sent.path.name, type(error).__name__)


def _spread(of: int, number: int, *, seed: str | int) -> list[int]:
    """The first place, the last one, and one by chance in each equal stretch between; always the same."""
    if number >= of:
        return list(range(of))
    chance = random.Random(seed)  # noqa: S311  spreads a sample, and guards nothing
    stretch = of / number
    places = [min(int((step + chance.random()) * stretch), of - 1) for step in range(number)]
    return sorted({0, *places[1:-1], of - 1}) if number > 1 else [places[0]]
