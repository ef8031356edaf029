"""Retry an import: the rows that it rejected, and only those, are imported again."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
from airflow.sdk import Param, XComArg, dag

from email_contacts.operators.import_chain import TASK_DEFAULTS, import_and_account
from email_contacts.operators.lists import GetListOperator
from email_contacts.operators.rejects import PrepareRejectsOperator

PROJECT = Path(__file__).resolve().parents[1]
# Templates, because an XComArg of a task that pushed nothing fails the task that reads it.
LIST_IDS = "{{ ti.xcom_pull(task_ids='prepare', key='list_ids') or [] }}"
RETRY_OF = "{{ ti.xcom_pull(task_ids='prepare', key='retry_of') or '' }}"

DOC = """
### Retry rejected rows

*Contact imports* → an import → **Retry rejected rows** fills this form in.

The rows that an import rejected, by our rules or by the platform, are read again, checked, and imported
into the lists of that import. Accepted rows are not touched. There are three ways:

| what was wrong | what to provide |
|---|---|
| the mapping or a setting | the new one; the rows are read from the old source, which must not have changed |
| the values, and you have the corrected rows | a *Corrected file* with these rows only |
| the values, and you have corrected the whole file | the *Corrected file*, and *the rejected ones* of it |

The row numbers and the reasons are in the list of rejected rows, on the page of the import. Settings that
you leave empty are taken from its receipt.

The tasks are those of `import_contacts`. The receipt accounts for the rows that were read again, and names
the import that it retries; the page of each shows the other.
"""

WHAT, SAFETY = "What", "Safety"
OPTIONAL = ["null", "string"]
AS_BEFORE = "Empty: as in the original import."
FORM = {
    "receipt": Param(
        None, type=OPTIONAL, pattern=r"(^|/)[0-9T:.-]{23}/[0-9a-f]{16}/?$", title="Import to retry",
        description="The address of its page in Contact imports, or the last part of it.",
        examples=["2026-11-22T10:00:00.000/0123456789abcdef"],
    ),
    "corrected_file": Param(
        None, type=OPTIONAL, title="Corrected file",
        description="A path or address that the connection allows (source_roots). Empty: the source of "
        "the original import, which must not have changed since.",
    ),
    "corrected_rows": Param(
        "all", type="string", enum=["all", "rejected"], title="Rows of the corrected file",
        values_display={"all": "all of them", "rejected": "the rejected ones, by their row numbers"},
        description="all: the file has only the corrected rows. rejected: it is a copy of the source, with "
        "every row at the same place.",
    ),
    "dry_run": Param(
        False, type="boolean", title="Dry run",
        description="Reads and checks these rows and says what would be sent. Sends nothing.",
    ),
    "mapping": Param(
        None, type=OPTIONAL, title="Mapping document",
        description=f"Path of a YAML or JSON document that maps columns to attributes. {AS_BEFORE}",
        section=WHAT,
    ),
    "source_format": Param(
        "auto", type="string", enum=["auto", "csv", "ndjson", "json", "parquet", "xlsx"],
        title="Format", section=WHAT,
        description="auto: as in the original import, otherwise detected from the name or the content.",
    ),
    "delimiter": Param(
        None, type=OPTIONAL, maxLength=1, title="Delimiter", description=f"Of a CSV file. {AS_BEFORE}",
        examples=[",", ";", "|"], section=WHAT,
    ),
    "encoding": Param(
        None, type=OPTIONAL, title="Encoding", description=AS_BEFORE, examples=["utf-8", "cp1252"],
        section=WHAT,
    ),
    "conn_id": Param(
        "email_contacts_default", type="string", minLength=1, title="Connection",
        description="The connection of the original import.", section=WHAT,
    ),
    "max_rejects": Param(
        "100%", type=OPTIONAL, pattern=r"^(\d+|\d+(\.\d+)?%)?$", title="Maximum rejected rows",
        description="If more rows are rejected, nothing is sent: a number (100) or a share (10%) of the rows "
        "that are read again. Empty: the connection's setting.",
        section=SAFETY,
    ),
    "opted_out": Param(
        "reject", type="string", enum=["reject", "import"], title="Contacts who have opted out",
        description="Rows marked emailBlacklisted, smsBlacklisted or whatsappBlacklisted, as in exports. "
        "import: these contacts may be contacted again.",
        section=SAFETY,
    ),
    "unknown_columns": Param(
        None, type=OPTIONAL, enum=[None, "fail", "drop"], title="Columns without an attribute in the account",
        values_display={"null": "as in the original import"},
        description="drop: they are not imported. fail: they are listed, and nothing is sent.",
        section=SAFETY,
    ),
    "update_existing_contacts": Param(
        True, type="boolean", title="Update existing contacts",
        description="On: values of these rows replace those in the account, even newer ones. Off: "
        "contacts that exist already keep their attributes.",
        section=SAFETY,
    ),
    "disable_notification": Param(
        True, type="boolean", title="No e-mail to the account's owner",
        description="Otherwise the platform sends one for each batch.", section=SAFETY,
    ),
}  # fmt: skip


@dag(
    dag_id="retry_rejects",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    params=FORM,
    doc_md=DOC,
    tags=["email contacts"],
    default_args={"owner": "data platform", "conn_id": "{{ params.conn_id }}", **TASK_DEFAULTS},
)
def retry_rejects() -> None:
    """Chain the operators; what each one does is in its own module."""
    prepare = PrepareRejectsOperator(
        task_id="prepare",
        receipt="{{ params.receipt or '' }}",
        source="{{ params.corrected_file or '' }}",
        corrected_rows="{{ params.corrected_rows }}",
        source_root=str(PROJECT),
        restrict_sources=True,  # people who may trigger this DAG read only what the connection allows
        mapping="{{ params.mapping or '' }}",
        source_format="{{ params.source_format }}",
        delimiter="{{ params.delimiter or '' }}",
        encoding="{{ params.encoding or '' }}",
        opted_out="{{ params.opted_out }}",
        unknown_columns="{{ params.unknown_columns or '' }}",
        max_rejects="{{ params.max_rejects or '' }}",
        execution_timeout=timedelta(hours=6),
    )
    unless_dry_run = ShortCircuitOperator(
        task_id="unless_dry_run",
        python_callable=lambda params: not params["dry_run"],
        ignore_downstream_trigger_rules=False,  # a dry run writes a receipt, too
    )
    # Airflow expands tasks over return values only.
    lists = PythonOperator(
        task_id="lists", python_callable=lambda ids: ids, op_args=[XComArg(prepare, "list_ids")]
    )
    before = GetListOperator.partial(task_id="size_before").expand(list_id=lists.output)
    import_and_account(
        prepare,
        list_ids=LIST_IDS,
        sizes_before=before.output,
        update_existing_contacts="{{ params.update_existing_contacts }}",
        disable_notification="{{ params.disable_notification }}",
        is_dry_run="{{ params.dry_run }}",
        retry_of=RETRY_OF,
    )
    prepare >> unless_dry_run >> lists


retry_rejects()
