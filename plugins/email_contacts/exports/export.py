"""One export, from the sweep to the watermark.

The order is what makes it right whenever it is killed::

    1. withdraw the files of an export that was not done
    2. note that this one is pending
    3. ask the platform for its time, sweep, write all files aside
    4. publish the tables, then the manifest
    5. set the watermark to the beginning of the sweep: now it is done

Before 5 the next one starts over from the old watermark, and 1 removes what this one left. Must not import
Airflow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from email_contacts.api.errors import RouteMissing
from email_contacts.contacts.mapping.attributes import AccountAttribute
from email_contacts.contacts.paths import AnyPath
from email_contacts.exports.destination import CONTACTS, OPT_OUTS, TABLES, Destination, new_export_id
from email_contacts.exports.errors import AttributesUnknown, DestinationOfOthers, OverlappingExport
from email_contacts.exports.opt_outs import opt_outs
from email_contacts.exports.tables import PARQUET, Record, contacts_table, opt_outs_table
from email_contacts.exports.watermark import Owner, Pending, Progress, Series, Watermark, shown

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient

_CONTACTS_AT_ONCE = 1_000
_FORMAT = "email-contacts export"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Export:
    """What is exported, and where to.

    :param client: of the account.
    :param watermark: of the series.
    :param path: the folder of the series.
    :param task: who exports.
    :param is_running: whether another task runs now.
    :param full: export everything, regardless of the watermark.
    :param lookback: how far before the watermark changes are read again.
    :param account: what tells the account from others; empty where that is not known.
    """

    client: ContactsClient
    watermark: Watermark
    series: Series
    path: AnyPath
    task: tuple[str, str, str, int]
    is_running: Callable[[tuple[str, str, str, int]], bool]
    full: bool
    lookback: timedelta
    account: str = ""

    def run(self) -> dict[str, Any]:
        """Export.

        :return: the manifest, with ``manifest_uri``.
        :raises OverlappingExport: when another task writes the same series.
        :raises DestinationOfOthers: when the folder has the contacts of another account.
        :raises email_contacts.api.ContactsApiError: what ended the sweep; nothing is published.
        """
        progress = self.watermark.read()
        self._own_destination()
        self._withdraw_pending(progress)
        since, why_full = self._since(progress)
        began = self.client.begins_at().replace(microsecond=0)
        mine = Pending(new_export_id(before=progress.export_id), self.task)
        self.watermark.write(replace(progress, pending=mine))
        destination = self._destination(mine.export_id)
        try:
            counts, sizes = self._write(destination, since)
            manifest = {
                "format": _FORMAT,
                "version": 1,
                "export_id": mine.export_id,
                "conn_id": self.series.conn_id,
                "list_id": self.series.list_id,
                "file_format": self.series.file_format,
                "since": since and shown(since),
                "until": shown(began),
                "full": since is None,
                "why_full": why_full,
                CONTACTS: counts[CONTACTS],
                OPT_OUTS: counts[OPT_OUTS],
                "files": {
                    name: {"uri": str(destination.table(name)), "bytes": sizes[name]} for name in TABLES
                },
                "previous_manifest_uri": progress.manifest_uri,
            }
            self._check_pending(mine)
            for name in reversed(TABLES):
                destination.publish(name)
            destination.seal(manifest)
            self._check_pending(mine)
        except BaseException:
            with suppress(Exception):
                destination.withdraw()
            raise
        uri = str(destination.manifest)
        self.watermark.write(Progress(watermark=began, manifest_uri=uri, account=self.account))
        return {**manifest, "manifest_uri": uri}

    def _own_destination(self) -> None:
        mine = Owner(self.series.conn_id, self.series.base_url, self.account)
        before = self.watermark.owner()
        if before is not None and mine.is_another(before) and (self.path / CONTACTS).exists():
            raise DestinationOfOthers(
                f"{self.path} has contacts of connection {before.conn_id!r} at {before.base_url}, and this "
                f"is {mine.conn_id!r} at {mine.base_url}. Contacts of two accounts may have the same ids, so "
                "give each account a path of its own; or remove the folder, if its files are not needed"
            )
        if before != mine:
            self.watermark.own(mine)

    def _withdraw_pending(self, progress: Progress) -> None:
        pending = progress.pending
        if pending is None:
            return
        if pending.task != self.task and self.is_running(pending.task):
            raise OverlappingExport(_overlap(pending))
        log.info("export %s was not completed: its files are removed", pending.export_id)
        self._destination(pending.export_id).withdraw()

    def _check_pending(self, mine: Pending) -> None:
        pending = self.watermark.read().pending
        if pending != mine:
            raise OverlappingExport(_overlap(pending) if pending else "another task completed an export")

    def _since(self, progress: Progress) -> tuple[datetime | None, str]:
        if self.full:
            return None, "a full export was requested"
        if progress.watermark is None:
            return None, "there is no watermark of an earlier export of the same list, format and destination"
        if self.account and progress.account and self.account != progress.account:
            # Contacts that another account has had for long were not changed since.
            return None, "the API key is not that of the earlier export, and may be of another account"
        return progress.watermark - self.lookback, ""

    def _write(
        self, destination: Destination, since: datetime | None
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Write both tables aside, without holding more than some pages.

        :return: rows and bytes of each.
        """
        counts = dict.fromkeys(TABLES, 0)
        with ExitStack() as files:
            opened = {name: files.enter_context(destination.create(name)) for name in TABLES}
            # Closed before their files, also where the sweep fails.
            contacts = files.enter_context(
                closing(contacts_table(opened[CONTACTS], self.series.file_format, self._attributes()))
            )
            opted_out = files.enter_context(
                closing(opt_outs_table(opened[OPT_OUTS], self.series.file_format))
            )
            for some in self._sweep(since):
                contacts.add(some)
                rows = [row for contact in some for row in opt_outs(contact)]
                opted_out.add(rows)
                counts[CONTACTS] += len(some)
                counts[OPT_OUTS] += len(rows)
            contacts.close()
            opted_out.close()
            sizes = {name: file.tell() for name, file in opened.items()}
        return counts, sizes

    def _sweep(self, since: datetime | None) -> Iterator[list[Record]]:
        list_id = self.series.list_id
        if list_id is None:
            contacts = self.client.iter_contacts(modified_since=since)
        else:
            contacts = self.client.iter_list_contacts(list_id, modified_since=since)
        with closing(cast("Any", contacts)):
            while some := list(islice(contacts, _CONTACTS_AT_ONCE)):
                yield some

    def _attributes(self) -> list[AccountAttribute]:
        """The columns of a Parquet file; the attributes that an import could set."""
        if self.series.file_format != PARQUET:
            return []
        try:
            attributes = self.client.attributes()
        except RouteMissing as error:
            raise AttributesUnknown(
                "the platform does not list its attributes, so the columns of a Parquet file are not known; "
                "use file_format='ndjson'"
            ) from error
        found = (
            AccountAttribute.from_api(name=one.name, category=one.category, type=one.type)
            for one in attributes
        )
        return [one for one in found if one is not None]

    def _destination(self, export_id: str) -> Destination:
        return Destination(self.path, export_id, self.series.file_format)


def summary(manifest: Mapping[str, Any]) -> str:
    """Say in a sentence what was exported, for the log."""
    which = f"list {manifest['list_id']}" if manifest["list_id"] else "all contacts"
    what = f"all ({manifest['why_full']})" if manifest["full"] else f"changed since {manifest['since']}"
    return (
        f"exported {manifest[CONTACTS]:,} contacts and {manifest[OPT_OUTS]:,} opt-outs of {which}, {what}; "
        f"the next export begins at {manifest['until']}"
    )


def _overlap(pending: Pending) -> str:
    return (
        f"export {pending.export_id} of the same list, format and destination is being written by "
        f"{'/'.join(map(str, pending.task[:3]))}; set max_active_runs=1, or give each its own destination"
    )
