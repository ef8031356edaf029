"""A million rows in one import: one file in an object store, which the platform fetches by a signed address.

``python -m benchmarks.whole_file [ROWS]``

``import_contacts`` runs with ``body="file_url"`` on a real Airflow whose stage is a bucket of an
S3-compatible server on loopback. The sandbox fetches the file from there.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from rich.console import Console

from benchmarks.contacts_file import write_contacts
from benchmarks.followed_run import FollowedRun
from local.home import Home
from local.object_store import ObjectStore, serving
from local.stack import Stack, sandbox_connection

DAG_ID = "import_contacts"


def main(rows: int) -> int:
    """Run and print.

    :return: 0 when every row is accounted for, by one import of one file.
    """
    console = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="airflow-bench-"))
    source = folder / "contacts.csv"
    write_contacts(source, rows)
    console.print(f"{rows:,} rows, {source.stat().st_size / 1e6:.0f} MB of CSV")
    try:
        with serving() as store, Stack(Home(folder / "home"), settings=store.environment) as stack:
            stack.rest.put_connection(
                sandbox_connection(
                    stack.sandbox_url, stage=f"{store.uri}/stages", callback_url=stack.home.url
                )
            )
            run = FollowedRun(
                stack, DAG_ID, {"source": str(source), "list": "A whole file", "body": "file_url"}
            )
            state = run.end()
            console.print(run.steps())
            console.print(f"most of any task's process: {run.peak_memory / 1e6:.0f} MB")
            receipt = run.xcom("receipt", "receipt")
            return 0 if _is_whole(console, state, receipt, stack, store) else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_whole(
    console: Console, state: str, receipt: dict[str, Any] | None, stack: Stack, store: ObjectStore
) -> bool:
    """Print what came of it, and say whether it is what was asked for."""
    if receipt is None:
        console.print(f"run {state}, without a receipt")
        return False
    journal = stack.sandbox("/sandbox/journal").json()
    asked = [entry["route"] for entry in journal["requests"]].count("import")
    fetched = [parse_qs(query) for query in store.doorman.asked]
    (list_id,) = receipt["list_ids"]
    size = stack.sandbox(f"/v3/contacts/lists/{list_id}").json()["uniqueSubscribers"]
    rows = receipt["rows"]
    console.print(f"run {state}: receipt {receipt['state']}, {rows}")
    console.print(f"on the list {size:,}, before {receipt['lists'][str(list_id)]['before']}")
    console.print(f"requests to the import route {asked}, imports begun {journal['imports_accepted']}")
    console.print(
        f"fetched {len(fetched)} times by a signed address, good for "
        f"{', '.join(query['X-Amz-Expires'][0] for query in fetched)} s; refused {len(store.doorman.refused)}"
    )
    parts = rows["accepted"] + rows["rejected"] + rows["duplicates"] + rows["held_back"]
    is_one = asked == journal["imports_accepted"] == len(fetched) == 1
    return state == "success" and rows["read"] == parts and size == rows["accepted"] > 0 and is_one


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000))
