"""The operator that exports contacts, and what changed since, to tables in object storage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Asset, Context

from email_contacts.arguments import InvalidArgument, as_choice, as_flag, as_id, as_seconds
from email_contacts.exports.watermark import ASSET_NAME, ASSET_URI, Series, Watermark
from email_contacts.failures import failing_at_once
from email_contacts.operators._exports import as_location
from email_contacts.operators.base import ContactsOperator
from email_contacts.variables import SharedVariables

if TYPE_CHECKING:
    from email_contacts.arguments import FlagArg, IdArg, SecondsArg, TextArg

EXPORTS = Asset(name=ASSET_NAME, uri=ASSET_URI)
"""Every export is an event of this asset; its state store keeps the watermarks."""

LOOKBACK = timedelta(minutes=1)
# Before any account's first contact; a longer one could lie before the calendar begins.
MAX_LOOKBACK = timedelta(days=3660)


class ExportContactsOperator(ContactsOperator):
    """Export all contacts, or those of a list, that changed since the last export, and their opt-outs.

    The first export of a series, the first with another API key, and any with ``full``, export everything. A
    series is a combination of connection, list, format and destination, and has its own watermark. The
    watermark moves to the start of the sweep once all files are written: if an export fails or is killed, its
    files are removed, and the next one starts at the old watermark. Exports of one series must not run at the
    same time: set ``max_active_runs=1``.

    :data:`EXPORTS` is always one of the outlets; the extra of its event is what this operator returns.

    :param path: the folder (``file:///...``, ``s3://...``); without one, ``exports`` in the connection's
        staging folder. Templated.
    :param list_id: only contacts of this list; without one, all contacts of the account. Templated.
    :param file_format: ``ndjson`` (default), the contacts as the platform gives them, or ``parquet``, with a
        column for each attribute of the account. Templated.
    :param full: export everything, and continue from there. Templated.
    :param lookback: read changes again from this long before the watermark, because the platform may show a
        change with a delay: seconds, or a ``timedelta``. Templated.
    :return: the manifest: ``contacts`` and ``opt_outs`` (how many), ``since``, ``until``, ``full``,
        ``files``, ``manifest_uri`` and others. Nothing personal.
    """

    template_fields: Sequence[str] = ("conn_id", "path", "list_id", "file_format", "full", "lookback")
    own_outlets = (EXPORTS,)

    def __init__(
        self,
        *,
        path: TextArg | None = None,
        list_id: IdArg | None = None,
        file_format: TextArg = "ndjson",
        full: FlagArg = False,
        lookback: SecondsArg = LOOKBACK,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.list_id = list_id
        self.file_format = file_format
        self.full = full
        self.lookback = lookback

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Export, and tell those that wait for the asset."""
        from airflow.sdk import ObjectStoragePath

        from email_contacts.exports.export import Export, summary
        from email_contacts.exports.tables import FORMATS

        settings, ti = self.hook.settings, context["ti"]
        path = as_location(self.path, "path").rstrip("/") if self.path else f"{settings.staging_root}/exports"
        lookback = as_seconds(self.lookback, "lookback")
        if lookback > MAX_LOOKBACK.total_seconds():
            raise InvalidArgument(
                f"lookback={self.lookback!r} is longer than {MAX_LOOKBACK.days} days; set full=True to "
                "export everything"
            )
        series = Series(
            conn_id=self.conn_id,
            base_url=settings.base_url,
            list_id=None if self.list_id in (None, "", "None") else as_id(self.list_id, "list_id"),
            file_format=as_choice(self.file_format, "file_format", FORMATS),
            path=path,
        )
        exported = Export(
            client=self.hook.client,
            watermark=Watermark(cast("Any", context)["asset_state_store"][EXPORTS], series),
            series=series,
            path=cast("Any", ObjectStoragePath(path)),
            task=(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index),
            is_running=lambda task: SharedVariables().task_state(task) == "running",
            full=as_flag(self.full, "full"),
            lookback=timedelta(seconds=lookback),
            account=settings.account_fingerprint,
        ).run()
        self.log.info("%s; manifest: %s", summary(exported), exported["manifest_uri"])
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = exported
        return exported
