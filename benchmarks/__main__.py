"""Runs every benchmark, one after the other."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    "prepare",
    "cliffs",
    "dag_parsing",
    "million",
    "partitions",
    "whole_file",
    "wait",
    "diff 10_000_000",
    "export 1_000_000",
)


def main() -> int:
    """Run them all.

    :return: the number of benchmarks that failed.
    """
    failed = 0
    for benchmark in BENCHMARKS:
        print(f"\n== {benchmark}", flush=True)
        name, *arguments = benchmark.split()
        command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
        failed += bool(subprocess.run(command, check=False).returncode)
    return failed


if __name__ == "__main__":
    sys.exit(main())
