"""The list of the contacts that the platform rejected, beside the lists of the preparation."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.api import ContactsClient
    from email_contacts.contacts.staging.manifest import Batch, Manifest
    from email_contacts.imports.verification.reject_reports import Reports, SentBatch

PLATFORM_REJECTS = "platform_rejects.csv"

log = logging.getLogger(__name__)


def list_platform_rejects(
    client: ContactsClient,
    reports: Mapping[int, Reports],
    manifest: Manifest,
    *,
    manifest_uri: str,
    submissions: Sequence[Mapping[str, Any]],
) -> tuple[str, int]:
    """Write the list, or leave the one that is there when the batches are not there any more.

    :param reports: process id → what it reports as rejected.
    :param submissions: what ``ImportContactsOperator`` pushed: which batch each process carried.
    :return: the list's address, and how many contacts it holds.
    """
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.staging.stage import write_whole
    from email_contacts.imports.verification.platform_rejects import listing
    from email_contacts.imports.verification.reject_reports import platform_rejects

    path = ObjectStoragePath(manifest_uri).parent / PLATFORM_REJECTS
    sent = _sent_batches(list(reports), manifest, submissions)
    if path.is_file() and not all(one.is_there for one in sent.values()):
        log.info("the batches are not in the stage any more: %s stays as it is", path)
        return str(path), _listed(path)
    rejects = list(platform_rejects(client, reports, sent))
    if rejects:
        write_whole(cast("Any", path), listing(rejects))
        log.warning("rejected by the platform: %d contacts, see %s", len(rejects), path)
    return str(path), len(rejects)


def _sent_batches(
    process_ids: Sequence[int], manifest: Manifest, submissions: Sequence[Mapping[str, Any]]
) -> dict[int, SentBatch]:
    """Which batch each process carried, as far as anybody knows."""
    by_uri = {batch.uri: batch for batch in manifest.batches}
    carried = {
        one["process_id"]: by_uri[one["batch_uri"]]
        for one in submissions
        if one.get("process_id") and one.get("batch_uri") in by_uri
    }
    if not carried and len(process_ids) == len(manifest.batches) == 1:
        carried = {process_ids[0]: manifest.batches[0]}
    return {one: _sent_batch(carried[one]) for one in process_ids if one in carried}


def _sent_batch(batch: Batch) -> SentBatch:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.staging.row_numbers import row_numbers
    from email_contacts.imports.verification.reject_reports import SentBatch

    path = ObjectStoragePath(batch.uri)
    return SentBatch(cast("Any", path), partial(row_numbers, batch, cast("Any", path.parent)))


def _listed(path: ObjectStoragePath) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return max(0, sum(1 for _ in csv.reader(lines)) - 1)
