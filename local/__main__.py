"""Command line: ``python -m local demo``, ``up``, ``down`` or ``celery``."""

from __future__ import annotations

import signal
import sys

from local import celery, demo, up
from local.processes import StartError

COMMANDS = {"demo": demo.main, "up": up.up, "down": up.down, "celery": celery.main}


def main() -> int:
    """Run one command; a kill ends what it started, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        print(f"usage: python -m local {{{','.join(COMMANDS)}}}", file=sys.stderr)
        return 2
    try:
        return COMMANDS[sys.argv[1]]()
    except StartError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
