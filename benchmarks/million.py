"""``import_contacts`` with a million rows on a running Airflow: how long each step takes, in how much memory.

``python -m benchmarks.million [ROWS]``
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks.contacts_file import write_contacts
from benchmarks.followed_run import FollowedRun
from local.home import Home
from local.stack import Stack

DAG_ID = "import_contacts"


def main(rows: int) -> int:
    """Run and print.

    :return: 0 when the run succeeded and every row is accounted for.
    """
    console = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="airflow-bench-"))
    source = folder / "contacts.csv"
    write_contacts(source, rows)
    console.print(f"{rows:,} rows, {source.stat().st_size / 1e6:.0f} MB of CSV")
    try:
        with Stack(Home(folder / "home")) as stack:
            run = FollowedRun(stack, DAG_ID, {"source": str(source), "list": "A million"})
            state = run.end()
            console.print(run.steps())
            console.print(f"most of any process: {run.peak_memory / 1e6:.0f} MB")
            receipt = run.xcom("receipt", "receipt")
            console.print(
                f"run {state}: {receipt and {key: receipt[key] for key in ('state', 'rows', 'lists')}}"
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if state == "success" else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000))
