"""Import contacts from files or a database into a list, with every row accounted for."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import Param, dag

from email_contacts.operators.folders import CreateFolderOperator
from email_contacts.operators.import_chain import TASK_DEFAULTS, import_and_account
from email_contacts.operators.lists import CreateListOperator, GetListOperator
from email_contacts.operators.preparation import PrepareContactsOperator

PROJECT = Path(__file__).resolve().parents[1]
# The one setting for a schedule: a cron expression, or a preset such as @daily.
SCHEDULE = os.environ.get("IMPORT_CONTACTS_SCHEDULE") or None

DOC = """
### Contacts into a list

`prepare` → `unless_dry_run` → `folder` → `list` → `import` (one task per batch) → `wait` → `verify` →
`receipt`

1. **prepare** reads the files or the query, validates every row and stages batches of at most 8 MB, or one
   file that the platform fetches. Nothing is sent yet: an invalid source stops the run here, with a message
   that says how to fix it. With *Dry run* the run ends here, with a receipt of what would be sent.
2. **folder** and **list** are found by name, or created.
3. **import** submits each batch once. A retry waits for the import that the earlier try submitted; if the
   answer was lost, it finds out whether the import was accepted.
4. **wait** holds no worker slot: it checks once and then waits in the triggerer, until the platform calls
   back or a poll, which all waits share, shows that the import has ended.
5. **verify** looks up a sample of the contacts on the platform, compares it with what was sent, reads the
   processes' reports and the list's size, and lists the contacts that the platform rejected.
6. **receipt** accounts for every row: `read = accepted + rejected + duplicates + held_back`, and says how
   this was verified. It is written even if a task fails. The run fails if a row is not accounted for, or did
   not arrive.

Rejected rows, with their reasons, are next to the receipt; the batches are removed if everything succeeded.
To run it on a schedule, set the environment variable `IMPORT_CONTACTS_SCHEDULE`, for example to `@daily`.
"""


# Fields without a section come first, in one that is open.
WHAT, WHERE, SAFETY = "What", "Where", "Safety"
OPTIONAL = ["null", "string"]
FORM = {
    "source": Param(
        "include/sample_contacts/contacts.csv",
        type=OPTIONAL,
        title="Contacts file",
        description="CSV, TSV, NDJSON, JSON, Parquet or .xlsx, plain or compressed with gzip or zstd: a "
        "file, a folder or a glob, in this project or below the folders and buckets that the connection "
        "allows (source_roots).",
        examples=["include/sample_contacts/contacts.csv", "include/sample_contacts/contacts.ndjson"],
    ),
    "list": Param(
        "Sample contacts", type="string", minLength=1, title="List",
        description="Created if the folder does not have it.",
    ),
    "dry_run": Param(
        False, type="boolean", title="Dry run",
        description="Reads and checks every row and says what would be sent. Sends and creates nothing.",
    ),
    "query": Param(
        None, type=OPTIONAL, format="multiline", title="Query",
        description="A SQL query to import instead of a file: one statement that only reads.",
        examples=["SELECT email, firstname FROM customers"], section=WHAT,
    ),
    "source_conn_id": Param(
        None, type=OPTIONAL, title="Database",
        description="The Airflow connection that the query runs on. It must be one that the connection below "
        "allows (source_sql_conn_ids).",
        section=WHAT,
    ),
    "source_format": Param(
        "auto", type="string", enum=["auto", "csv", "ndjson", "json", "parquet", "xlsx"],
        title="Format", description="auto: detected from the name, otherwise from the content.", section=WHAT,
    ),
    "delimiter": Param(
        None, type=OPTIONAL, maxLength=1, title="Delimiter",
        description="Of a CSV file. Empty: detected from the header.", examples=[",", ";", "|"], section=WHAT,
    ),
    "encoding": Param(
        None, type=OPTIONAL, title="Encoding",
        description="Empty: from the byte order mark, otherwise UTF-8.", examples=["utf-8", "cp1252"],
        section=WHAT,
    ),
    "header_row": Param(
        None, type=["null", "integer"], minimum=1, title="Header row",
        description="Of a CSV file or a workbook: the number of the line with the column names. Empty: the "
        "first line that is not blank.",
        section=WHAT,
    ),
    "skip_rows": Param(
        None, type=["null", "integer"], minimum=0, title="Lines above the header",
        description="Instead of the header row: the number of lines to skip.", section=WHAT,
    ),
    "sheet": Param(
        None, type=OPTIONAL, title="Sheet", description="Of a workbook. Empty: the first one.", section=WHAT,
    ),
    "mapping": Param(
        None, type=OPTIONAL, title="Mapping document",
        description="Path of a YAML or JSON document that maps columns to attributes. "
        "Empty: columns are mapped by name.",
        section=WHAT,
    ),
    "conn_id": Param(
        "email_contacts_default", type="string", minLength=1, title="Connection",
        description="An Airflow connection of type Email Contacts.", section=WHERE,
    ),
    "folder": Param(
        "Airflow imports", type="string", minLength=1, title="Folder",
        description="The list's folder. Created if it does not exist.", section=WHERE,
    ),
    "body": Param(
        "json_body", type="string", enum=["json_body", "file_body", "file_url"], title="Sent as",
        values_display={
            "json_body": "JSON, with types", "file_body": "CSV text, half the size",
            "file_url": "One file that the platform fetches",
        },
        description="file_url needs a staging folder in a bucket that the platform can reach.", section=WHERE,
    ),
    "disable_notification": Param(
        True, type="boolean", title="No e-mail to the account's owner",
        description="Otherwise the platform sends one for each batch.", section=WHERE,
    ),
    "max_rejects": Param(
        "10%", type=OPTIONAL, pattern=r"^(\d+|\d+(\.\d+)?%)?$", title="Maximum rejected rows",
        description="If more rows are rejected, nothing is sent: a number (100) or a share (10%). "
        "Empty: the connection's setting.",
        section=SAFETY,
    ),
    "opted_out": Param(
        "reject", type="string", enum=["reject", "import"], title="Contacts who have opted out",
        description="Rows marked emailBlacklisted, smsBlacklisted or whatsappBlacklisted, as in exports. "
        "import: these contacts may be contacted again.",
        section=SAFETY,
    ),
    "consent_column": Param(
        None, type=OPTIONAL, title="Consent column",
        description="The column that says who agreed to be contacted; rows that say no are held back. Its "
        'name, or with its words: {"name": "Opted out", "yes": ["false", ""], "no": ["true"]}. '
        "Empty: there is no such column.",
        section=SAFETY,
    ),
    "unknown_columns": Param(
        None, type=OPTIONAL, enum=[None, "fail", "drop"], title="Columns without an attribute in the account",
        values_display={"null": "the mapping's setting, or fail"},
        description="drop: they are not imported. fail: they are listed, and nothing is sent.",
        section=SAFETY,
    ),
    "duplicates": Param(
        "last", type="string", enum=["last", "first", "fail"], title="Several rows about one contact",
        description="Which of them is sent; the others are listed. fail: nothing is sent.", section=SAFETY,
    ),
    "update_existing_contacts": Param(
        True, type="boolean", title="Update existing contacts",
        description="On: values of the source replace those in the account. Off: contacts that exist "
        "already keep their attributes.",
        section=SAFETY,
    ),
    "when_empty": Param(
        "skip", type="string", enum=["skip", "fail"], title="A source without rows",
        description="skip: the run succeeds, sends nothing, and its receipt says 0 rows.", section=SAFETY,
    ),
}  # fmt: skip


@dag(
    dag_id="import_contacts",
    schedule=SCHEDULE,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    params=FORM,
    doc_md=DOC,
    tags=["email contacts"],
    default_args={
        "owner": "data platform",
        "conn_id": "{{ params.conn_id }}",
        **TASK_DEFAULTS,
    },
)
def import_contacts() -> None:
    """Chain the operators; what each one does is in its own module."""
    prepare = PrepareContactsOperator(
        task_id="prepare",
        source="{{ '' if params.query else params.source or '' }}",
        sql="{{ params.query or '' }}",
        sql_conn_id="{{ params.source_conn_id or '' }}",
        source_root=str(PROJECT),
        restrict_sources=True,  # people who may trigger this DAG read only what the connection allows
        source_format="{{ params.source_format }}",
        delimiter="{{ params.delimiter or '' }}",
        encoding="{{ params.encoding or '' }}",
        header_row="{{ params.header_row or '' }}",
        skip_rows="{{ params.skip_rows or '' }}",
        sheet="{{ params.sheet or '' }}",
        opted_out="{{ params.opted_out }}",
        consent_column="{{ params.consent_column or '' }}",
        when_empty="{{ params.when_empty }}",
        mapping="{{ params.mapping or '' }}",
        unknown_columns="{{ params.unknown_columns or '' }}",
        duplicates="{{ params.duplicates }}",
        body="{{ params.body }}",
        max_rejects="{{ params.max_rejects or '' }}",
        execution_timeout=timedelta(hours=6),
    )
    unless_dry_run = ShortCircuitOperator(
        task_id="unless_dry_run",
        python_callable=lambda params: not params["dry_run"],
        ignore_downstream_trigger_rules=False,  # a dry run writes a receipt, too
    )
    folder = CreateFolderOperator(task_id="folder", name="{{ params.folder }}")
    target = CreateListOperator(task_id="list", name="{{ params.list }}", folder_id=folder.output)
    before = GetListOperator(task_id="size_before", list_id=target.output)
    import_and_account(
        prepare,
        list_ids=[target.output],
        sizes_before=before.output,
        folder_id=folder.output,
        update_existing_contacts="{{ params.update_existing_contacts }}",
        disable_notification="{{ params.disable_notification }}",
        is_dry_run="{{ params.dry_run }}",
    )
    prepare >> unless_dry_run >> folder >> target >> before


import_contacts()
