"""What loading the DAG files costs over ``import airflow.sdk`` alone: they are parsed every few seconds."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
CODE = """
import sys, time
sys.path[:0] = [{dags!r}, {plugins!r}]
import airflow.sdk
started = time.perf_counter()
import {dag}
print(time.perf_counter() - started)
"""


def seconds(dag: str) -> float:
    """Load a DAG file in a fresh interpreter that has loaded Airflow's SDK.

    :return: seconds, of the DAG file alone.
    """
    code = CODE.format(dags=str(PROJECT / "dags"), plugins=str(PROJECT / "plugins"), dag=dag)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the median and the spread of seven runs for each DAG file."""
    for path in sorted((PROJECT / "dags").glob("*.py")):
        runs = [seconds(path.stem) for _ in range(7)]
        print(f"{path.stem}: {statistics.median(runs):.3f} s ({min(runs):.3f} to {max(runs):.3f})")


if __name__ == "__main__":
    main()
