"""The operator that brings the mirror of an account's contacts up to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Context

from email_contacts.arguments import as_flag, as_hours
from email_contacts.failures import failing_at_once
from email_contacts.imports import failpoints
from email_contacts.operators._named_folders import named_folder
from email_contacts.operators.base import ContactsOperator

if TYPE_CHECKING:
    from email_contacts.arguments import FlagArg, TextArg

FULL_SWEEP_EVERY_HOURS = 7 * 24


class RefreshMirrorOperator(ContactsOperator):
    """Bring the mirror of the account's contacts up to date.

    The mirror holds for each contact its id, digests of its identifiers, and its opt-outs; no address.
    Place it before ``PrepareContactsOperator`` or ``MergePartitionsOperator`` and pass them its ``output``:
    rows of people who opted out, and rows that would make the platform merge contacts, are then held back.

    It reads the contacts that were modified since the last refresh (api-contract §4), and at an interval all
    contacts, since only that reveals deletions. If it fails, or finds fewer contacts than the account has,
    the previous mirror stays in force, and the tasks after this one do not run.

    :param mirror: the mirror's name, or the path or address of its folder (a name is looked up in ``mirrors``
        of the connection's staging folder); empty (default): the connection's id. Templated.
    :param full_sweep_every: hours between two sweeps over all contacts; the default is a week. Templated.
    :param full_sweep: read all contacts this time. Templated.
    :return: the address of the mirror's folder. The XCom ``sweep`` has details: ``as_of``, the instant up to
        which the mirror is complete; ``swept``, how many contacts were read; ``is_full``.
    """

    template_fields: Sequence[str] = ("conn_id", "mirror", "full_sweep_every", "full_sweep")

    def __init__(
        self,
        *,
        mirror: TextArg = "",
        full_sweep_every: float | str = FULL_SWEEP_EVERY_HOURS,
        full_sweep: FlagArg = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mirror = mirror
        self.full_sweep_every = full_sweep_every
        self.full_sweep = full_sweep

    @failing_at_once()
    def execute(self, context: Context) -> str:
        """Sweep, and put the new version in force."""
        from email_contacts.contacts.mirror.folder import MirrorFolder
        from email_contacts.contacts.mirror.refreshing import refresh

        settings = self.hook.settings
        folder = named_folder("mirror", str(self.mirror or self.conn_id), settings.staging_root)
        done = refresh(
            MirrorFolder(cast("Any", folder), folder.name),
            self._contacts_since,
            account=settings.account_fingerprint,
            now=self.hook.client.begins_at(),
            count=lambda: self.hook.client.contacts(limit=1).count,
            full_sweep_every=timedelta(hours=as_hours(self.full_sweep_every, "full_sweep_every")),
            full=as_flag(self.full_sweep, "full_sweep"),
        )
        if done.why_full:
            self.log.info("all contacts were read: %s", done.why_full)
        as_of = done.version.as_of.isoformat(timespec="seconds")
        self.log.info("mirror %s: %d contacts read, complete up to %s", folder.name, done.swept, as_of)
        sweep = {"as_of": as_of, "swept": done.swept, "is_full": bool(done.why_full)}
        context["ti"].xcom_push("sweep", sweep)
        return str(folder)

    def _contacts_since(self, since: datetime | None) -> Iterator[dict[str, Any]]:
        yield from self.hook.client.iter_contacts(modified_since=since)
        failpoints.reached(failpoints.SWEPT)
