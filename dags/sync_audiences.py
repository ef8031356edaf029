"""One DAG for each audience file: it keeps the list in sync with its source, and sends only what changed."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.sdk import DAG, Asset, Param, XComArg, get_parsing_context, task
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.audiences.document import FULL, Audience
from email_contacts.audiences.reading import BrokenAudience, read_audiences
from email_contacts.connection import DEFAULT_CONN_ID
from email_contacts.operators.brakes import CheckBrakesOperator
from email_contacts.operators.folders import CreateFolderOperator
from email_contacts.operators.import_chain import TASK_DEFAULTS, import_and_account
from email_contacts.operators.lists import CreateListOperator, GetListOperator
from email_contacts.operators.mirrors import RefreshMirrorOperator
from email_contacts.operators.opt_outs import PropagateOptOutsOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.snapshots import ConfirmSnapshotOperator

PROJECT = Path(__file__).resolve().parents[1]
PREFIX = "sync_"
TAGS = {"email contacts", "audience"}
MANIFEST_URI = "{{ ti.xcom_pull(task_ids='prepare', key='manifest_uri') }}"
START = datetime(2026, 1, 1, tzinfo=timezone.utc)

DOC = """
### {title}

{description}

`folder` → `list` → `mirror` → `prepare` → (`brakes`) → `import` (one task per batch) → `wait` → `verify` →
(`gone`) → `receipt` → `confirm`; parallel to the import, and before `confirm`: (`opt_outs`)

The source is `{source}`, the list is *{list}* in the folder *{folder}*. Contacts that are new or changed
since the last confirmed run are sent; if there are none, the run succeeds, sends nothing, and its receipt
says so. Rows of people who opted out on the platform: `{consent}`. Rows that would make the platform merge
contacts: `{merges}`. Contacts that are no longer in the source: `{gone}`.
**confirm** makes this run the one that the next is compared with, if the receipt says that every row
arrived. The file is `{name}` in `include/audiences`; docs/audiences.md explains it.
"""
FULL_SYNC = Param(
    False, type="boolean", title="Send everything", section="This run",
    description="Also contacts that did not change since the last confirmed run.",
)  # fmt: skip


def sync(audience: Audience) -> DAG:
    """Make the DAG of an audience."""
    with DAG(
        dag_id=PREFIX + audience.name,
        description=audience.description or None,
        schedule=[_asset(name) for name in audience.assets] or audience.schedule or None,
        start_date=START,
        catchup=False,
        max_active_runs=1,  # two runs at once would be compared with the same snapshot
        is_paused_upon_creation=True,  # otherwise Airflow would run a new schedule at once
        params={"full_sync": FULL_SYNC},
        doc_md=_documentation(audience),
        tags=TAGS,
        auto_register=False,
        default_args=TASK_DEFAULTS
        | {
            "owner": ", ".join(audience.owners) or "data platform",
            "conn_id": audience.connection or DEFAULT_CONN_ID,
        },
    ) as dag:
        folder = CreateFolderOperator(task_id="folder", name=audience.folder)
        target = CreateListOperator(task_id="list", name=audience.list, folder_id=folder.output)
        before = GetListOperator(task_id="size_before", list_id=target.output)
        mirror = None
        if audience.is_guarded:
            mirror = RefreshMirrorOperator(task_id="mirror", execution_timeout=timedelta(hours=6))
            before >> mirror
        prepare = _prepare(audience, list_id=target.output, mirror=mirror.output if mirror else "")
        brakes = []
        if audience.brakes:
            brakes = [
                CheckBrakesOperator(
                    task_id="brakes",
                    manifest_uri=MANIFEST_URI,
                    sizes_before=before.output,
                    execution_timeout=None,
                    **audience.brakes,
                )
            ]
            prepare >> brakes
        receipt = import_and_account(
            prepare,
            list_ids=[target.output],
            sizes_before=before.output,
            folder_id=folder.output,
            outlets=[
                Asset(name=f"audience_{audience.name}", uri=f"x-email-contacts://audiences/{audience.name}")
            ],
            gone=audience.gone,
            wait_for=brakes,
        )
        confirm = ConfirmSnapshotOperator(
            task_id="confirm", manifest_uri=MANIFEST_URI, receipt=receipt.output
        )
        folder >> target >> before >> prepare
        [receipt, *brakes] >> confirm
        if audience.propagate_opt_outs:
            opt_outs = PropagateOptOutsOperator(task_id="opt_outs", manifest_uri=MANIFEST_URI)
            [prepare, *brakes] >> opt_outs >> confirm
    return dag


def _prepare(audience: Audience, *, list_id: XComArg, mirror: XComArg | str) -> PrepareContactsOperator:
    source = dict(audience.source)
    return PrepareContactsOperator(
        task_id="prepare",
        source=source.pop("path", None),
        sql_conn_id=source.pop("connection", None),
        source_format=source.pop("format", "auto"),
        **source,  # sql, table and how a file is read, under the operator's own names
        source_root=str(PROJECT),
        mapping=audience.mapping,
        snapshot=audience.name,
        snapshot_target=[list_id],
        full_sync=audience.mode == FULL or "{{ params.full_sync }}",
        retry_rejects=audience.retry_rejects,
        gone=audience.gone,
        max_unidentified=audience.max_unidentified,
        mirror=mirror,
        consent=audience.consent,
        consent_reason=audience.consent_reason,
        merges=audience.merges,
        propagate_opt_outs=audience.propagate_opt_outs,
        execution_timeout=timedelta(hours=6),
        **audience.options,
    )


def _documentation(audience: Audience) -> str:
    return DOC.format(
        title=audience.name,
        description=audience.description,
        source=audience.source.get("path") or audience.source.get("table") or "a query",
        list=audience.list,
        folder=audience.folder,
        name=audience.name,
        consent=audience.consent,
        merges=audience.merges,
        gone=audience.gone,
    )


def broken(audience: BrokenAudience) -> DAG:
    """Make the DAG of an invalid file: it says what is wrong, and its runs fail with that message.

    An import error would affect this whole file, and Airflow would stop all audiences.
    """
    logging.getLogger(__name__).error("%s", audience.fault)
    with DAG(
        dag_id=PREFIX + audience.name,
        dag_display_name=f"{PREFIX}{audience.name} (broken file)",
        description=audience.fault[:500],
        schedule=None,
        start_date=START,
        max_active_runs=1,
        doc_md=f"### `include/audiences/{audience.file}` is broken\n\n{audience.fault}",
        tags=TAGS | {"broken"},
        auto_register=False,
        default_args={"owner": "data platform", "retries": 1},
    ) as dag:

        @task(task_id="audience_file")
        def fail() -> None:
            raise AirflowFailException(audience.fault)

        fail()
    return dag


def _asset(name: str) -> Asset:
    return Asset(name) if "://" not in name else Asset(uri=name)


def _dag_of(audience: Audience | BrokenAudience) -> DAG:
    if isinstance(audience, BrokenAudience):
        return broken(audience)
    try:
        dag = sync(audience)
        # Airflow validates later, and then an error would affect all of them.
        dag.validate()  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001  such as an invalid cron expression
        return broken(BrokenAudience(audience.name, audience.name, f"Airflow rejects it: {error}"))
    return dag


# A running task needs only its own DAG, however many audiences there are.
wanted = (get_parsing_context().dag_id or "").removeprefix(PREFIX)
for found in read_audiences(PROJECT / "include" / "audiences", only=wanted):
    globals()[PREFIX + found.name] = _dag_of(found)
