"""A folder and a table, each prepared by four mapped tasks; ``benchmarks/partitions.py`` runs them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.sdk import XComArg, dag

from email_contacts.operators.folders import CreateFolderOperator
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import CreateListOperator, GetListOperator
from email_contacts.operators.partitions import (
    MergePartitionsOperator,
    PreparePartitionOperator,
    SplitSourceOperator,
)
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sensor import ImportCompletedSensor

MANIFEST_URI = "{{ ti.xcom_pull(task_ids='merge', key='manifest_uri') }}"


def import_from(dag_id: str, **source: Any) -> None:
    """Make a DAG.

    :param source: of ``SplitSourceOperator``.
    """

    @dag(
        dag_id=dag_id,
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        params={"source": ""},
    )
    def import_partitions() -> None:
        split = SplitSourceOperator(task_id="split", partitions=4, **source)
        prepare = PreparePartitionOperator.partial(task_id="prepare", unknown_columns="drop").expand(
            partition=split.output
        )
        merge = MergePartitionsOperator(task_id="merge", partitions=prepare.output)
        folder = CreateFolderOperator(task_id="folder", name="Airflow imports")
        target = CreateListOperator(task_id="list", name=dag_id, folder_id=folder.output)
        before = GetListOperator(task_id="size_before", list_id=target.output)
        batches = ImportContactsOperator.partial(
            task_id="import",
            list_ids=[target.output],
            wait_for_completion=False,
            wait_task_id="wait",
            max_active_tis_per_dagrun=1,
        ).expand(batch_uri=merge.output)
        submissions = XComArg(batches, "submission")
        wait = ImportCompletedSensor(
            task_id="wait", process_ids=batches.output, submissions=submissions, deferrable=True
        )
        verify = VerifyImportOperator(
            task_id="verify",
            manifest_uri=MANIFEST_URI,
            process_ids=batches.output,
            list_ids=[target.output],
            completions=wait.output,
            submissions=submissions,
        )
        receipt = WriteReceiptOperator(
            task_id="receipt",
            manifest_uri=MANIFEST_URI,
            verdict=verify.output,
            submissions=submissions,
            folder_id=folder.output,
            sizes_before=before.output,
        )
        merge >> folder >> target >> before >> batches >> wait >> verify >> receipt

    import_partitions()


import_from("partitions_of_a_folder", source="{{ params.source }}")
import_from("partitions_of_a_table", table="customers", sql_conn_id="crm")
