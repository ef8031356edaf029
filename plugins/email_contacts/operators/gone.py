"""The operator that removes or blacklists contacts that are gone from the source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import as_ids
from email_contacts.contacts.choices import REMOVE
from email_contacts.failures import failing_at_once
from email_contacts.imports import failpoints
from email_contacts.imports.verification.verdict import GOOD_STATES
from email_contacts.operators._prepared_run import manifest_path
from email_contacts.operators._sending_check import check_prepared
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.lists import remove_from_list
from email_contacts.sent_with import leads_elsewhere

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath, XComArg

    from email_contacts.api import ContactsClient
    from email_contacts.arguments import IdsArg, TextArg
    from email_contacts.contacts.gone.on_list import GoneOnList
    from email_contacts.contacts.snapshot.changes import Changes


class SettleGoneContactsOperator(ContactsOperator):
    """Remove from the lists, or blacklist, the contacts that are gone from the source.

    Which of the two is set by the preparation (its argument ``gone``). Place it between
    ``VerifyImportOperator`` and ``WriteReceiptOperator``, with Airflow's default trigger rule;
    ``ConfirmSnapshotOperator`` refuses a run whose gone contacts are not settled. A retried or cleared task
    does what is left.

    The contacts of the lists are read, since a snapshot holds no addresses. A contact that seems gone but has
    any identifier in the source is left alone. Contacts are removed in requests of 150 (api-contract §6).
    Blacklisting sets only ``emailBlacklisted``, and ``smsBlacklisted`` if there is a number, contact by
    contact (§1.3); the contacts stay on the lists.

    :param manifest_uri: what ``PrepareContactsOperator`` pushed as ``manifest_uri``. Templated.
    :param verdict: what ``VerifyImportOperator`` returned: contacts are removed only after a complete import.
        Templated.
    :param list_ids: the lists imported into. Templated.
    :return: counts: ``settled`` (removed or blacklisted by this try), ``not_on_list`` (no contact of the list
        has the identifier that the snapshot knows; it may have changed it on the platform), ``in_source`` (in
        the source under another identifier), and if there are any, ``unclear`` (possibly in a rejected row)
        and ``left_alone`` (cannot be blacklisted: with neither an address, a number for SMS nor an EXT_ID).
    """

    template_fields: Sequence[str] = ("conn_id", "manifest_uri", "verdict", "list_ids")

    def __init__(
        self,
        *,
        manifest_uri: TextArg,
        verdict: Mapping[str, Any] | XComArg,
        list_ids: IdsArg,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.manifest_uri = manifest_uri
        self.verdict: Any = verdict
        self.list_ids = list_ids

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, int]:
        """Find who is gone on each list, and settle it."""
        from email_contacts.contacts.staging.manifest import Manifest

        path = manifest_path(self.manifest_uri)
        manifest = Manifest.read(cast("Any", path))
        if manifest.overriding:
            self.log.warning("%s", manifest.overriding)
        changes = manifest.changes
        if changes is None or not changes.to_settle:
            reason = changes.gone_withheld if changes is not None else ""
            self.log.info(
                "no contact is removed: %s", reason or "no contact is gone, or gone contacts are kept"
            )
            return Settled().to_json()
        done = read_settled(path.parent, manifest.fingerprint)
        if done is None:
            self._check_verdict()
            check_prepared(manifest, path.parent, account=self.hook.settings.account_fingerprint)
            done = self._settle_all(changes, path.parent)
            _write(path.parent, manifest.fingerprint, done)
        failpoints.reached(failpoints.GONE_SETTLED)
        self.log.info(
            "%s: %d of %d gone contacts; %d are no longer on the list, %d are in the source under another "
            "identifier", changes.when_gone, done.settled, changes.gone, done.not_on_list, done.in_source,
        )  # fmt: skip
        if done.left_alone:
            self.log.warning(
                "%d gone contacts have neither an address, a number for SMS nor an EXT_ID, and cannot be "
                "blacklisted; remove them from the list by hand", done.left_alone,
            )  # fmt: skip
        if done.unclear:
            self.log.warning(
                "%d gone contacts are left alone, because rejected rows may belong to them; once these rows "
                "are corrected, the next run finds them again", done.unclear,
            )  # fmt: skip
        return done.to_json()

    def _check_verdict(self) -> None:
        state = self.verdict.get("state") if isinstance(self.verdict, Mapping) else None
        if state not in GOOD_STATES:
            raise AirflowFailException(
                f"the verdict on the import is {state or 'not there'}, so no contact is removed; pass the "
                "output of VerifyImportOperator, and place this task after it"
            )
        conn_id = self.verdict.get("conn_id")  # which earlier versions do not say
        if conn_id and leads_elsewhere(conn_id, self.hook):
            raise AirflowFailException(
                f"the import was verified with the connection {conn_id!r}, and this task has conn_id="
                f"{self.conn_id!r}, which leads to another account; its lists of the same numbers are other "
                f"lists. Give this task conn_id={conn_id!r}"
            )

    def _settle_all(self, changes: Changes, stage: ObjectStoragePath) -> Settled:
        from email_contacts.contacts.gone.on_list import find_gone, write_spared

        done, spared = Settled(), []
        for list_id in as_ids(self.list_ids, "list_ids"):
            contacts = self.hook.client.iter_list_contacts(list_id)
            found = find_gone(cast("Any", stage), changes.name, contacts, known_only_by=changes.known_only_by)
            failpoints.reached(failpoints.GONE_FOUND)
            done += self._settle(changes, list_id, found)
            spared.append(found.spared)
        write_spared(cast("Any", stage), changes.name, spared)
        return done

    def _settle(self, changes: Changes, list_id: int, found: GoneOnList) -> Settled:
        from email_contacts.api.writes import MAX_REMOVED

        client = self.hook.client
        settled, left_alone = 0, 0
        if changes.when_gone == REMOVE:
            for start in range(0, len(found.ids), MAX_REMOVED):
                portion = found.ids[start : start + MAX_REMOVED]
                settled += remove_from_list(client, list_id, "ids", portion)["removed"]
                failpoints.reached(failpoints.PORTION_SETTLED)
        else:
            settled, left_alone = _blacklist(client, list_id, set(found.ids))
        left = changes.gone - len(found.ids) - found.in_source - found.unclear
        return Settled(settled, max(left, 0), found.in_source, found.unclear, left_alone)


@dataclass(frozen=True)
class Settled:
    """How many of the gone contacts were settled, and how many were left alone.

    :param settled: removed or blacklisted.
    :param not_on_list: no longer on the list.
    :param in_source: in the source under another identifier, and left alone.
    :param unclear: possibly in a rejected row, and left alone.
    :param left_alone: without anything by which they could be blacklisted.
    """

    settled: int = 0
    not_on_list: int = 0
    in_source: int = 0
    unclear: int = 0
    left_alone: int = 0

    def __add__(self, other: Settled) -> Settled:
        return Settled(
            self.settled + other.settled,
            self.not_on_list + other.not_on_list,
            self.in_source + other.in_source,
            self.unclear + other.unclear,
            self.left_alone + other.left_alone,
        )

    def to_json(self) -> dict[str, int]:
        """The counts by name; the last two only where there are any."""
        optional = ("unclear", "left_alone")
        return {name: count for name, count in asdict(self).items() if count or name not in optional}


def read_settled(stage: ObjectStoragePath, fingerprint: str) -> Settled | None:
    """Read how the gone contacts of a run were settled; None if they were not.

    :param stage: the folder of its preparation.
    :param fingerprint: of its manifest.
    """
    from email_contacts.contacts.staging.stage import SETTLED

    path = stage / SETTLED
    if not path.is_file():
        return None
    with path.open("rb") as file:  # type: ignore[no-untyped-call]
        said = json.loads(file.read())
    return Settled(**said["counts"]) if said.get("fingerprint") == fingerprint else None


def _write(stage: ObjectStoragePath, fingerprint: str, done: Settled) -> None:
    from email_contacts.contacts.staging.stage import SETTLED, write_whole

    document = {"fingerprint": fingerprint, "counts": done.to_json()}
    write_whole(cast("Any", stage / SETTLED), json.dumps(document).encode())


def _blacklist(client: ContactsClient, list_id: int, ids: set[int]) -> tuple[int, int]:
    """Blacklist contacts of a list; those that are blacklisted already are left out.

    :return: how many were, and how many have nothing by which they could be.
    """
    from email_contacts.contacts.mirror.account_contacts import ways_to_write

    settled, left_alone = 0, 0
    for contact in client.iter_list_contacts(list_id) if ids else ():
        attributes = contact.get("attributes") or {}
        has_number = bool(attributes.get("SMS"))
        is_done = contact.get("emailBlacklisted") and (contact.get("smsBlacklisted") or not has_number)
        email, ext_id = contact.get("email") or None, attributes.get("EXT_ID") or None
        if contact["id"] in ids and not ext_id and not any(ways_to_write(contact)):
            left_alone += 1
            continue
        if contact["id"] not in ids or is_done:
            continue
        client.create_contact(
            email=email,
            ext_id=None if email else ext_id,
            attributes={"SMS": attributes["SMS"]} if has_number and not (email or ext_id) else None,
            email_blacklisted=True,
            sms_blacklisted=True if has_number else None,
            update_enabled=True,
        )
        settled += 1
        failpoints.reached(failpoints.PORTION_SETTLED)
    return settled, left_alone
