"""``python -m email_contacts.sandbox``: the platform from the command line, until it is stopped."""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from email_contacts.sandbox.faults import KINDS, UnknownFault
from email_contacts.sandbox.knobs import Knobs, UnknownKnob

_BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM.

    :param arguments: command line without the program's name; by default that of the process.
    :return: 0 after a stop, 2 on bad input.
    """
    options = vars(_parser().parse_args(arguments))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    names = {each.name for each in fields(Knobs)}
    try:
        knobs = Knobs().changed({name: options[name] for name in names if options[name] is not None})
    except (UnknownKnob, UnknownFault) as error:
        return _refuse(str(error))
    if options["database"] is not None and not options["database"].resolve().parent.is_dir():
        return _refuse(f"the folder of --database {options['database']} does not exist; make it first")
    if not options["api_key"].strip():
        return _refuse("--api-key must not be empty")

    from email_contacts.sandbox.database import WrongDatabase
    from email_contacts.sandbox.server import SandboxServer

    server = SandboxServer(
        api_key=options["api_key"],
        database=options["database"],
        host=options["host"],
        port=options["port"],
        knobs=knobs,
    )
    try:
        with server:
            _tune()
            stop = threading.Event()
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, lambda *_: stop.set())
            print(f"sandbox: {server.url}", flush=True)
            stop.wait()
    except WrongDatabase as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"cannot listen on {options['host']} port {options['port']}: {error}; try --port 0")
    return 0


def _tune() -> None:
    """Set the interpreter up for a server whose importer works while it answers."""
    # An import makes and drops millions of small objects without cycles; looking for cycles costs a fifth.
    gc.set_threshold(100_000, 20, 100)
    # A request changes threads twice and waits for the importer's turn to end each time.
    sys.setswitchinterval(0.001)


def _refuse(message: str) -> int:
    print(f"sandbox: {message}", file=sys.stderr)
    return _BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m email_contacts.sandbox",
        description="The email platform as a local server, to rehearse without an account. "
        "Shows its folders, lists and contacts at /, its API at /docs.",
        epilog="Fault kinds: " + "; ".join(f"{kind}: {says}" for kind, says in KINDS.items()) + ".",
    )
    server = parser.add_argument_group("server")
    server.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    server.add_argument("--port", type=int, default=0, help="0 takes a free one (%(default)s)")
    server.add_argument(
        "--database", type=Path, help="SQLite file that keeps everything; default: a temporary one"
    )
    server.add_argument("--api-key", default="sandbox-key", help="the account's only key (%(default)s)")
    knobs = parser.add_argument_group("knobs", "PATCH /sandbox/knobs changes them while it runs.")
    for each in fields(Knobs):
        option, behaviour = _option(each.name, each.default, says=each.metadata["says"])
        if each.metadata["choices"]:
            behaviour["choices"] = each.metadata["choices"]
        knobs.add_argument(option, dest=each.name, default=None, **behaviour)
    return parser


def _option(name: str, default: object, *, says: str) -> tuple[str, dict[str, Any]]:
    """Return the option of a knob and how it is read."""
    option = "--" + name.replace("_", "-")
    says = says.replace("%", "%%")
    if isinstance(default, tuple):
        # Given once for each item, so in the singular.
        return option.removesuffix("s"), {"action": "append", "metavar": "X", "help": f"{says} Repeatable."}
    if isinstance(default, bool):
        return option, {
            "action": argparse.BooleanOptionalAction,
            "help": f"{says} ({'on' if default else 'off'})",
        }
    if isinstance(default, str):
        return option, {"help": f"{says} ({default})"}
    return option, {"type": type(default), "metavar": "N", "help": f"{says} ({default:g})"}


if __name__ == "__main__":
    sys.exit(main())
