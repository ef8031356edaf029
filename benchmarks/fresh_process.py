"""Work done in a separate process, so that its memory is its own.

Whoever measures must stay small: on Linux a new process begins with its parent's peak as its own. So files
are made, variants run and digests taken here, never by the one that asks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.digests import Digests

WARM_UP_ROWS = 800


class VariantFailed(RuntimeError):
    """A process that failed; the message is the last line of its output."""


@dataclass(frozen=True)
class Measurement:
    """What one preparation took.

    :param seconds: of the work, without imports and the process's start.
    :param memory: the most bytes that its process had.
    """

    seconds: float
    memory: int


def write_source(source_format: str, path: Path, rows: int) -> None:
    """Make a contacts file.

    :param source_format: a name of ``contacts_file.WRITERS``.
    :raises VariantFailed: when it cannot be made.
    """
    _run("contacts_file", source_format, path, rows)


def measure(variant: str, source: Path, folder: Path, warm_up: Path) -> Measurement:
    """Prepare once.

    :param variant: a name that ``benchmarks.variant`` knows.
    :param folder: what is prepared goes there; what was there goes.
    :param warm_up: a few rows in the source's format.
    :raises VariantFailed: when the variant fails.
    """
    shutil.rmtree(folder, ignore_errors=True)
    os.sync()  # what was written before is not to be written now
    return Measurement(**json.loads(_run("variant", variant, source, folder, warm_up)))


def digest(folder: Path) -> Digests:
    """Digest what was prepared.

    :raises VariantFailed: when it cannot be read.
    """
    return Digests(**json.loads(_run("digests", folder)))


def _run(module: str, *arguments: Any) -> str:
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or [f"{module} ended with {ended.returncode}"]
        raise VariantFailed(said[-1])
    return ended.stdout
