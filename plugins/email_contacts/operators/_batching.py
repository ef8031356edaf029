"""What operators share that stage batches to import: which rows are sent, and what is handed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.lineage import Lineage
from email_contacts.operators._guard_arguments import GUARD_FIELDS, GuardArguments
from email_contacts.operators._preparation_log import counted, lines_of
from email_contacts.operators._snapshot_arguments import SNAPSHOT_FIELDS, SnapshotArguments
from email_contacts.operators._staging import StagingOperator

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.arguments import FlagArg, IdsArg, TextArg
    from email_contacts.contacts.guards.settings import Guards
    from email_contacts.contacts.snapshot.changes import ChangesSince
    from email_contacts.contacts.staging.manifest import Manifest

# Arguments that are options of a preparation by the same name.
BATCHING_OPTIONS = ("duplicates", "conflicts", "when_empty")
BATCHING_FIELDS = (*BATCHING_OPTIONS, *SNAPSHOT_FIELDS, *GUARD_FIELDS)


class BatchingOperator(StagingOperator):
    """An operator that stages batches to import.

    :param duplicates: which of several rows about one contact is sent: the ``last`` (default) or the
        ``first``; or ``fail``. Templated.
    :param conflicts: rows whose identifiers belong to two different rows: ``flag`` (default), ``reject`` or
        ``fail``. Templated.
    :param when_empty: a source without rows: ``skip`` (default) or ``fail``. Templated.
    :param snapshot: send only what changed since this snapshot: its name, or the path or address of its
        folder. Empty (default): every row is sent. Templated.
    :param snapshot_target: ids of the lists that the contacts go to; if they differ from those of the
        snapshot, everything is sent. Templated.
    :param full_sync: send everything, regardless of the snapshot. Templated.
    :param retry_rejects: send contacts that the platform rejected before again, even if they did not change.
        Templated.
    :param gone: what to do with contacts that were confirmed and are no longer in the source: ``keep``
        (default) them on the lists, ``remove`` them, or ``blacklist`` them for all lists of the account.
        ``SettleGoneContactsOperator`` does it. Templated.
    :param max_unidentified: how many rejected rows without a readable identifier are tolerated when gone
        contacts are removed or blacklisted: a number (default 0), or a share of the rows read (``"0.1%"``).
        Each of them may belong to one of these contacts. Templated.
    :param mirror: the mirror of the account in which rows are looked up, to hold back people who opted out
        and rows that would make the platform merge contacts: its name, or the path or address of its folder.
        ``RefreshMirrorOperator`` must have refreshed it. Empty (default): no row is held back. Templated.
    :param mirror_max_age: the greatest age of the mirror in hours (default 24); the task fails if it is
        older. Templated.
    :param consent: with a mirror, what to do with rows of people who opted out: ``hold_back`` (default);
        ``override``: send them, for a stated reason; ``ignore``: do not look them up. Unsubscriptions count
        from the lists in ``snapshot_target``; without it, from any list. Templated.
    :param consent_reason: why opt-outs are overridden; it is in the log and in the receipt. Templated.
    :param merges: with a mirror, what to do with rows that would make the platform merge contacts, or move an
        identifier from one to another (api-contract §3.1): ``hold_back`` (default) or ``allow``. Templated.
    :param propagate_opt_outs: with a mirror and a consent column: record opt-outs that are in the source and
        not in the account, for ``PropagateOptOutsOperator``. Templated.
    """

    template_fields: Sequence[str] = (*StagingOperator.template_fields, *BATCHING_FIELDS)

    def __init__(
        self,
        *,
        duplicates: TextArg = "last",
        conflicts: TextArg = "flag",
        when_empty: TextArg = "skip",
        snapshot: TextArg = "",
        snapshot_target: IdsArg = (),
        full_sync: FlagArg = False,
        retry_rejects: FlagArg = False,
        gone: TextArg = "keep",
        max_unidentified: int | TextArg = 0,
        mirror: TextArg = "",
        mirror_max_age: float | TextArg = 24,
        consent: TextArg = "hold_back",
        consent_reason: TextArg = "",
        merges: TextArg = "hold_back",
        propagate_opt_outs: FlagArg = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.duplicates = duplicates
        self.conflicts = conflicts
        self.when_empty = when_empty
        self.snapshot = snapshot
        self.snapshot_target = snapshot_target
        self.full_sync = full_sync
        self.retry_rejects = retry_rejects
        self.gone = gone
        self.max_unidentified = max_unidentified
        self.mirror = mirror
        self.mirror_max_age = mirror_max_age
        self.consent = consent
        self.consent_reason = consent_reason
        self.merges = merges
        self.propagate_opt_outs = propagate_opt_outs

    def changes_since(self, context: Context) -> ChangesSince | None:
        """What the contacts are compared with; None: nothing."""
        given = {name: getattr(self, name) for name in SNAPSHOT_FIELDS}
        due = context["dag_run"].run_after.isoformat()
        settings = self.hook.settings
        arguments = SnapshotArguments(
            **given, conn_id=self.conn_id, platform=settings.base_url, run_after=due
        )
        return arguments.since(settings.staging_root)

    def guards(self) -> Guards | None:
        """Which rows are held back; None: none."""
        given = {name: getattr(self, name) for name in GUARD_FIELDS}
        guards = GuardArguments(**given, lists=self.snapshot_target).guards(self.hook.settings)
        if guards is None:
            self.log.info("no mirror is given: opt-outs on the platform are not looked up")
        return guards

    @contextmanager
    def telling_of_rejects(self, context: Context, stage: ObjectStoragePath) -> Iterator[None]:
        """If too many rows are rejected, leave their list and counts for the receipt, and fail."""
        from email_contacts.contacts.errors import TooManyRejects
        from email_contacts.contacts.staging.manifest import Rows
        from email_contacts.contacts.staging.stage import MANIFEST
        from email_contacts.imports.verification.row_account import NOT_PREPARED

        try:
            yield
        except TooManyRejects as error:
            held_back = {NOT_PREPARED: error.read - error.rejected}
            rows = Rows(error.read, 0, error.rejected, 0, held_back=held_back)
            context["ti"].xcom_push("manifest_uri", str(stage / MANIFEST))
            context["ti"].xcom_push("rows", rows.to_json())
            raise

    def hand_on(self, context: Context, manifest: Manifest, stage: ObjectStoragePath) -> list[str]:
        """Report what was prepared, and return the addresses of the batches.

        There are none for a source without rows: the run continues, as ``when_empty`` allows it.

        :raises AirflowFailException: when there are rows, and none can be imported.
        """
        from email_contacts.contacts.staging.stage import MANIFEST

        self.lineage = Lineage(manifest.source, read=manifest.rows.read)
        for level, line in lines_of(manifest):
            self.log.log(level, "%s", line)
        context["ti"].xcom_push("manifest_uri", str(stage / MANIFEST))
        context["ti"].xcom_push("rows", manifest.rows.to_json())
        if manifest.changes is not None:
            context["ti"].xcom_push("changes", manifest.changes.summary)
        if not manifest.rows.read:
            self.log.warning("%s has no rows: there is nothing to import; the run succeeds", manifest.source)
        elif manifest.why_nothing:
            self.log.info("%s: there is nothing to import; the run succeeds", manifest.why_nothing)
        elif not manifest.batches:
            raise AirflowFailException(
                f"none of the {manifest.rows.read} rows of {manifest.source} can be imported: "
                f"{counted(manifest.reject_reasons)}. The rejects are listed in {manifest.rejects_uri}"
            )
        return [batch.uri for batch in manifest.batches]
