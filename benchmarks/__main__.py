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
    "diff",
    "export",
)


def main() -> int:
    """Run them all.

    :return: the number of benchmarks that failed.
    """
    failed = 0
    for name in BENCHMARKS:
        print(f"\n== {name}", flush=True)
        failed += bool(subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode)
    return failed


if __name__ == "__main__":
    sys.exit(main())
