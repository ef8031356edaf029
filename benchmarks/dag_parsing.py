"""What loading the DAG files costs over ``import airflow.sdk`` alone: they are parsed every few seconds.

Of ``sync_audiences`` also what 200 audiences cost, which must stay under 2 s.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
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


AUDIENCES = 200


def seconds(dag: str, dags: Path = PROJECT / "dags") -> float:
    """Load a DAG file in a fresh interpreter that has loaded Airflow's SDK.

    :param dags: the folder that it is in.
    :return: seconds, of the DAG file alone.
    """
    code = CODE.format(dags=str(dags), plugins=str(PROJECT / "plugins"), dag=dag)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the median and the spread of seven runs for each DAG file."""
    for path in sorted((PROJECT / "dags").glob("*.py")):
        _print(path.stem, [seconds(path.stem) for _ in range(7)])
    with tempfile.TemporaryDirectory() as folder:
        many = Path(folder)
        (many / "dags").mkdir()
        (many / "include" / "audiences").mkdir(parents=True)
        shutil.copy(PROJECT / "dags" / "sync_audiences.py", many / "dags")
        examples = sorted((PROJECT / "include" / "audiences").glob("*.yaml"))
        for number in range(AUDIENCES):
            example = examples[number % len(examples)]
            shutil.copy(example, many / "include" / "audiences" / f"{example.stem}-{number}.yaml")
        runs = [seconds("sync_audiences", many / "dags") for _ in range(3)]
        _print(f"sync_audiences with {AUDIENCES} audiences", runs)


def _print(name: str, runs: list[float]) -> None:
    print(f"{name}: {statistics.median(runs):.3f} s ({min(runs):.3f} to {max(runs):.3f})")


if __name__ == "__main__":
    main()
