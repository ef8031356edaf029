"""The setting that has a test's Airflow load what its tasks use before it forks them.

Two thirds of what a small task costs is loading modules. Airflows that are started exactly as shipped are in
``tests/compose``, ``tests/packaging`` and ``make demo``.
"""

from __future__ import annotations

from pathlib import Path

PRELOADING = {"PYTHONPATH": str(Path(__file__).parent)}
