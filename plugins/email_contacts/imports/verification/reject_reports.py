"""Reading the reject reports of an import's processes, and listing the contacts that they name.

Knows which batch a process carried; how a batch is opened and its rows are numbered is handed in. Must not
import Airflow.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from email_contacts.imports.submission.batch_rows import rows_in
from email_contacts.imports.submission.named_rejects import Named, named_in
from email_contacts.imports.verification.platform_rejects import MAX_LISTED, PlatformReject, joined, listing

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient
    from email_contacts.contacts.paths import AnyPath

log = logging.getLogger(__name__)

PLATFORM_REJECTS = "platform_rejects.csv"

Reports = Mapping[str, "int | str"]


@dataclass(frozen=True)
class SentBatch:
    """A batch that a process carried.

    :param path: the staged body.
    :param numbers: gives the row number of each of its contacts; called only when one is looked for.
    :param contacts: how many contacts it holds; 0 where that is not known.
    :param fingerprint: SHA-256 of its bytes, hexadecimal.
    """

    path: AnyPath
    numbers: Callable[[], Sequence[int]]
    contacts: int = 0
    fingerprint: str = ""

    @property
    def is_there(self) -> bool:
        """Whether the body is still in the stage."""
        return self.path.exists()


def platform_rejects(
    client: ContactsClient,
    reports: Mapping[int, Reports],
    batches: Mapping[int, SentBatch],
    *,
    limit: int = MAX_LISTED,
) -> Iterator[PlatformReject]:
    """Walk the contacts that the platform rejected, process by process; each report and batch is read once.

    What cannot be read is logged and left out: the caller knows from the counts how many there should be.

    :param reports: process id → reason → count, or address of a report (``Process.rejects``).
    :param batches: process id → what it carried, as far as that is known.
    :param limit: how many are listed at most.
    """
    for process_id, by_reason in reports.items():
        named = list(islice(_named(client, process_id, by_reason), limit))
        limit -= len(named)
        if named:
            yield from _joined(process_id, named, batches.get(process_id))


def write_rejects(
    client: ContactsClient, reports: Mapping[int, Reports], batches: Mapping[int, SentBatch], path: AnyPath
) -> int:
    """Write the list of contacts that the platform rejected; keep an existing one if the batches are gone.

    :param path: of the list.
    :return: how many contacts it holds.
    """
    from email_contacts.contacts.staging.stage import write_whole

    carried = [batch for process_id, batch in batches.items() if process_id in reports]
    if path.exists() and not all(one.is_there for one in carried):
        log.info("the batches are no longer in the stage: %s is left unchanged", path)
        return _listed(path)
    rejects = list(platform_rejects(client, reports, batches))
    if rejects:
        write_whole(path, listing(rejects))
        log.warning("rejected by the platform: %d contacts, see %s", len(rejects), path)
    return len(rejects)


def _named(client: ContactsClient, process_id: int, reports: Reports) -> Iterator[Named]:
    from email_contacts.api import ContactsApiError

    for reason, value in reports.items():
        if not isinstance(value, str):
            continue  # a count names no contacts
        try:
            yield from named_in(reason, client.report_rows(value))
        except ContactsApiError as error:
            log.warning("the report %s of process %d cannot be listed: %s", reason, process_id, error)


def _joined(process_id: int, named: Sequence[Named], batch: SentBatch | None) -> Iterator[PlatformReject]:
    if batch is None or not batch.is_there:
        log.warning("what process %d carried is not available: its rejects have no row numbers", process_id)
        yield from joined(named, (), ())
        return
    try:
        # Made a list before anything is handed on, so that a fault amid the batch lists nothing twice.
        found = list(joined(named, rows_in(batch.path), batch.numbers()))
    except (OSError, ValueError, csv.Error) as error:
        log.warning(
            "what process %d carried cannot be read (%s): no row numbers", process_id, type(error).__name__
        )
        found = list(joined(named, (), ()))
    yield from found


def _listed(path: AnyPath) -> int:
    with path.open("rb") as file:
        lines = io.TextIOWrapper(file, encoding="utf-8", newline="")
        return max(0, sum(1 for _ in csv.reader(lines)) - 1)
