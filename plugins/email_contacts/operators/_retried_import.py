"""An import in the history whose rejected rows are imported again.

Entries of the history are written by tasks, so everything in them is checked before it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from email_contacts.arguments import InvalidArgument
from email_contacts.imports.history import EntryKey
from email_contacts.imports.verification.receipt import Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from email_contacts.imports.history import EntryStore

LISTS = ("/rejects.csv", "/platform_rejects.csv")


@dataclass(frozen=True)
class RejectedRows:
    """The rows that an import rejected.

    :param numbers: their numbers in the source, whether we or the platform rejected them.
    :param not_found: contacts that the platform rejected and that were not found in what was sent.
    """

    numbers: frozenset[int]
    not_found: int


@dataclass(frozen=True)
class RetriedImport:
    """The import whose rejected rows are imported again.

    :param key: its entry in the history.
    :param receipt: its receipt.
    :param conn_id: the connection that it was made with.
    """

    key: EntryKey
    receipt: Receipt
    conn_id: str

    @classmethod
    def find(cls, address: Any, history: EntryStore) -> RetriedImport:
        """Find an import in the history.

        :param address: of its page, or the last part of it.
        :param history: the state store of the asset of all receipts.
        :raises InvalidArgument: when there is none, or it cannot be retried.
        """
        key = EntryKey.parse_address(str(address or ""))
        if key is None:
            raise InvalidArgument(
                "receipt (Import to retry) must be the address of an import's page, or its end, such as "
                "2026-11-22T10:00:00.000/0123456789abcdef; the page shows it as Receipt"
            )
        document = history.get(str(key))
        if not document:
            raise InvalidArgument(f"receipt: there is no import {key.address} in the history")
        return cls.of(key, document)

    @classmethod
    def of(cls, key: EntryKey, document: Mapping[str, Any]) -> RetriedImport:
        """Read an entry.

        :raises InvalidArgument: for an entry that is not a receipt's, or one of an import without lists.
        """
        try:
            found = cls(key, Receipt.from_json(document["receipt"]), str(document["conn_id"]))
            said = found.receipt
            texts = (said.source, said.source_version, said.rejects_uri, said.platform_rejects_uri)
            is_sound = all(isinstance(one, str) for one in texts) and all(
                isinstance(one, int) and one > 0 for one in said.list_ids
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            is_sound = False
        if not is_sound:
            raise InvalidArgument(f"receipt: the entry {key.address} of the history is not a receipt")
        if not found.receipt.list_ids or found.receipt.lists_left_out:
            raise InvalidArgument(
                f"receipt: the import {key.address} does not name the lists it went into, so it cannot be "
                "retried; import the corrected rows with import_contacts"
            )
        return found

    def rejected(self, staging_root: str) -> RejectedRows:
        """Read which rows were rejected.

        :param staging_root: the staging folder of the connection; no list elsewhere is read.
        :raises InvalidArgument: when none were, or the lists are gone.
        """
        from airflow.sdk import ObjectStoragePath

        from email_contacts.contacts.errors import SourceMissing
        from email_contacts.contacts.sources.allowed_roots import AllowedRoots
        from email_contacts.contacts.staging.manifest import is_list_of
        from email_contacts.contacts.staging.rejects import rejected_rows

        allowed = AllowedRoots([ObjectStoragePath(staging_root)])
        numbers: set[int] = set()
        not_found = 0
        for uri in self._lists:
            path: Any = ObjectStoragePath(uri)
            try:
                allowed.check(path, argument="the list of rejected rows")
                if not is_list_of(path, self.receipt.fingerprint, self.receipt.source_version):
                    raise FileNotFoundError
                listed, nameless = rejected_rows(path.open("rb"))
            except (SourceMissing, FileNotFoundError) as error:
                raise InvalidArgument(
                    "receipt: the list of rejected rows is not in the staging folder any more; give a file "
                    "with the corrected rows, and import all of them"
                ) from error
            numbers.update(listed)
            not_found += nameless
        if not numbers:
            raise InvalidArgument(
                f"receipt: the import {self.key.address} has no rejected rows"
                + (f" whose place in the source is known; {not_found:,} have none" if not_found else "")
            )
        return RejectedRows(frozenset(numbers), not_found)

    def check_source(self, version: str) -> None:
        """Check that the source is as it was when the rows were rejected.

        :param version: what it is now.
        :raises InvalidArgument: when it is not, or that is not known.
        """
        advice = (
            "Give the corrected file instead: with the corrected rows only, or as a copy of the source whose "
            "rows are in the same places"
        )
        if not self.receipt.source_version or not version:
            raise InvalidArgument(
                f"the rows of {self.receipt.source} cannot be read again by their numbers: the receipt has "
                f"no version of the source, as after a query, partitions, or an earlier release. {advice}"
            )
        if version != self.receipt.source_version:
            raise InvalidArgument(
                f"{self.receipt.source} has changed since the import, so its row numbers may be about other "
                f"rows; nothing is imported. {advice}"
            )

    @property
    def _lists(self) -> list[str]:
        receipt = self.receipt
        uris = [receipt.rejects_uri if receipt.rows.rejected else "", receipt.platform_rejects_uri]
        for uri in filter(None, uris):
            if not uri.endswith(LISTS):
                raise InvalidArgument("receipt: what it names is not a list of rejected rows")
        return [uri for uri in uris if uri]
