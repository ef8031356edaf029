"""One preparation in a separate process: its time and its memory, or an error.

``python -m benchmarks.variant NAME SOURCE FOLDER WARM_UP_SOURCE`` prints one JSON document.

Knows how each variant is called. A few rows are prepared first, so that every import is done and every engine
started before the clock starts.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

PEERS = {
    "handwritten": ("handwritten", "prepare"),
    "schema": ("handwritten", "prepare_by_contact_schema"),
    "sdk": ("sdk", "prepare"),
    "pandas": ("dataframe", "prepare"),
}
OURS = ("json_body", "file_body")
Prepare = Callable[[Path, Path], Any]


def prepare_of(name: str) -> Prepare:
    """Return what prepares a source into a folder.

    :param name: one of ``PEERS``, or one of ``OURS``, the body that ours makes.
    """
    if name in PEERS:
        room, function = PEERS[name]
        prepare: Prepare = getattr(import_module(f"benchmarks.peers.{room}"), function)
        return prepare
    return partial(_ours, body=name)


def _ours(source: Path, folder: Path, *, body: str) -> None:
    from benchmarks.account import ATTRIBUTES
    from email_contacts.contacts import Options, prepare

    prepare(source, folder, Options(account_attributes=ATTRIBUTES, body=body))


def main(name: str, source: Path, folder: Path, warm_up: Path) -> dict[str, float]:
    """Prepare, and say what it took.

    :return: ``seconds``, and ``memory``: the most bytes that this process had.
    """
    prepare = prepare_of(name)
    folder.mkdir()
    prepare(warm_up, folder)
    shutil.rmtree(folder)
    folder.mkdir()
    started = perf_counter()
    prepare(source, folder)
    return {"seconds": perf_counter() - started, "memory": _peak_memory()}


def _peak_memory() -> int:
    """Return the most bytes that this process had: the kernel counts kilobytes, but bytes on macOS."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], *map(Path, sys.argv[2:]))))
