"""Which of the contacts that were sent are looked for: all of a few, otherwise a sample.

The sample grows with what was sent, is spread over all batches and over each of them, and is the same for the
same batches. Must not import Airflow; keeps, logs and shows no contact.
"""

from __future__ import annotations

import csv
import logging
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from email_contacts.imports.submission.batch_rows import CSV_SUFFIX, rows_in
from email_contacts.imports.submission.batch_sample import COMPARED_WHOLE, SentContact, sample_size
from email_contacts.imports.submission.staged_file import StagedFile

if TYPE_CHECKING:
    from email_contacts.imports.verification.reject_reports import SentBatch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SampledContact:
    """A contact that was sent.

    :param contact: who it is, and its values.
    :param is_csv: whether the values are texts of CSV cells, which the platform reads by type.
    :param since: when it was about to be sent, ISO 8601; empty where that is not known.
    """

    contact: SentContact = field(repr=False)
    is_csv: bool
    since: str


def sample_of(batches: Sequence[tuple[SentBatch, str]]) -> list[SampledContact]:
    """Take what is looked for of the contacts that some imports carried.

    Of more batches than the sample has contacts, some are left out; of all others there is at least one.

    :param batches: each with the moment at which it was about to be sent, ISO 8601.
    :return: fewer than planned where a batch cannot be read any more.
    """
    there = [(sent, since) for sent, since in batches if sent.contacts and sent.is_there]
    left = contacts_left = sum(sent.contacts for sent, _ in there)
    if left > COMPARED_WHOLE:
        left = sample_size(left)
    if len(there) > left:
        there = [there[one] for one in _spread(len(there), left, seed=left)]
    sample: list[SampledContact] = []
    for number, (sent, since) in enumerate(there):
        spare = left - (len(there) - number - 1)  # each batch that follows has one at least
        share = min(sent.contacts, max(1, min(spare, math.ceil(left * sent.contacts / contacts_left))))
        left, contacts_left = left - share, contacts_left - sent.contacts
        rows, is_csv = _rows(sent, share)
        sample += (SampledContact(one, is_csv, since) for one in SentContact.read_all(rows))
    return sample


def _rows(sent: SentBatch, number: int) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """Take so many rows of a batch, and say whether their values are CSV cells."""
    is_file = sent.path.name.endswith(CSV_SUFFIX)
    try:
        if is_file and number < sent.contacts:
            # It may be large, and is read at a few places; two are the fewest.
            staged = StagedFile(sent.path, sent.fingerprint, sent.contacts)
            return list(staged.sample(max(number, 2)))[:number], True
        return _picked(rows_in(sent.path), sent, number), is_file or _is_text(sent)
    except (OSError, ValueError, csv.Error) as error:
        log.warning("the batch %s cannot be sampled: %s", sent.path.name, type(error).__name__)
        return (), is_file


def _picked(rows: Iterable[Mapping[str, Any]], sent: SentBatch, number: int) -> list[Mapping[str, Any]]:
    places = set(_spread(sent.contacts, number, seed=sent.fingerprint))
    return [row for place, row in enumerate(rows) if place in places]


def _is_text(sent: SentBatch) -> bool:
    with sent.path.open("rb") as file:
        return bytes(file.read(1)) == b'"'


def _spread(of: int, number: int, *, seed: str | int) -> list[int]:
    """The first place, the last one, and one by chance in each equal stretch between; always the same."""
    if number >= of:
        return list(range(of))
    chance = random.Random(seed)  # noqa: S311  spreads a sample, and guards nothing
    stretch = of / number
    places = [min(int((step + chance.random()) * stretch), of - 1) for step in range(number)]
    return sorted({0, *places[1:-1], of - 1}) if number > 1 else places
