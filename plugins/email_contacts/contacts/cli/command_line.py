"""The command line: ``propose``, ``preview`` and ``prepare``.

Knows arguments, exit codes and where output goes; ``report`` knows what people read. Nothing is sent.

Exit codes: 0 when the source was prepared, also with rejected rows, or a mapping was proposed; 2 when it
cannot be.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from email_contacts.contacts.choices import (
    AUTO,
    BODIES,
    CONFLICTS,
    DUPLICATES,
    FLAG,
    JSON_BODY,
    LAST,
    SOURCE_FORMATS,
    UNKNOWN_COLUMNS,
)
from email_contacts.contacts.cli import propose
from email_contacts.contacts.cli.progress_bar import progress_bar
from email_contacts.contacts.cli.report import first_contacts, report
from email_contacts.contacts.errors import PreparationError
from email_contacts.contacts.mapping.document import Mapping
from email_contacts.contacts.options import Options
from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.contacts.staging.stage import LISTS, MANIFEST

PREPARED, BAD_INPUT = 0, 2
_DELIMITERS = {"tab": "\t", "\\t": "\t"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: None: those of the process.
    :return: the exit code.
    """
    asked = _parser().parse_args(arguments)
    try:
        if asked.command == "propose":
            print(propose.proposed(asked, options_of(asked)), end="")
            return PREPARED
        document, text = (_preview if asked.command == "preview" else _prepare)(asked)
    except PreparationError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or asked.source}", file=sys.stderr)
        return BAD_INPUT
    print(json.dumps(document, indent=2, ensure_ascii=False) if asked.json else text)
    return PREPARED


def _prepare(asked: Namespace) -> tuple[dict[str, object], str]:
    manifest = _run(asked, asked.out)
    return manifest.to_json(), report(manifest, manifest_uri=str(asked.out / MANIFEST))


def _preview(asked: Namespace) -> tuple[dict[str, object], str]:
    """Prepare into a folder of its own and keep only the lists, which hold masked values and row numbers."""
    stage = Path(mkdtemp(prefix="contacts-preview-"))
    try:
        manifest = _run(asked, stage)
        contacts = first_contacts(manifest)
    finally:
        for file in stage.iterdir():
            if not LISTS.fullmatch(file.name):
                file.unlink()
        if not any(stage.iterdir()):
            stage.rmdir()
    document = manifest.to_json()
    for batch in document["batches"]:
        batch["uri"] = None
    return document, report(manifest, contacts=contacts)


def _run(asked: Namespace, stage: Path) -> Manifest:
    options = options_of(
        asked,
        mapping=None if asked.mapping is None else Mapping.read(asked.mapping),
        account_attributes=propose.account_attributes(asked),
    )
    with progress_bar() as tell:
        return prepare(asked.source, stage, options, on_progress=tell)


def options_of(asked: Namespace, **read: Any) -> Options:
    """Make the options of the arguments that bear their names.

    :param read: options that are read from files.
    """
    said = {option.name: getattr(asked, option.name, option.default) for option in fields(Options)}
    return Options(**{**said, **read})


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m email_contacts.contacts",
        description="Turn a file of contacts into request bodies for an import. Nothing is sent.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    proposing = commands.add_parser(
        "propose", help="print a mapping for a source, made from its header and first rows"
    )
    _add_source_options(proposing)
    propose.add_options(proposing)
    preview = commands.add_parser(
        "preview", help="say what would be sent, what would be rejected and why; keep no contacts"
    )
    prepare_ = commands.add_parser("prepare", help="write batches, rejects and a manifest into a folder")
    for command in (preview, prepare_):
        _add_source_options(command)
        _add_options(command)
    prepare_.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="the folder to fill; files of an earlier try go",
    )
    prepare_.add_argument(
        "--body", choices=BODIES, default=JSON_BODY, help="the form that is sent (default: json_body)"
    )
    preview.set_defaults(body=JSON_BODY)
    return parser


def _add_source_options(command: ArgumentParser) -> None:
    command.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="a file, a folder or a pattern: CSV, NDJSON, gzip, Zstandard, Parquet",
    )
    command.add_argument(
        "--attributes",
        type=Path,
        metavar="FILE",
        help="a saved answer of GET /v3/contacts/attributes: which attributes there are, of which types",
    )
    command.add_argument(
        "--format",
        dest="source_format",
        choices=SOURCE_FORMATS,
        default=AUTO,
        help="auto (default): by the file's name, else by its content",
    )
    command.add_argument(
        "--delimiter",
        type=lambda given: _DELIMITERS.get(given, given),
        metavar="CHARACTER",
        help='of a CSV, or "tab" (default: by the header)',
    )
    command.add_argument("--encoding", metavar="NAME", help="default: by the byte order mark, else UTF-8")


def _add_options(command: ArgumentParser) -> None:
    command.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="YAML or JSON: which column becomes what (default: by name)",
    )
    command.add_argument(
        "--unknown-columns", choices=UNKNOWN_COLUMNS, help="columns that lead nowhere (default: fail)"
    )
    command.add_argument(
        "--max-rejects", metavar="LIMIT", help="rows, or a share such as 5%%; beyond it nothing is prepared"
    )
    command.add_argument(
        "--duplicates",
        choices=DUPLICATES,
        default=LAST,
        help="which of several rows about one contact counts (default: last)",
    )
    command.add_argument(
        "--conflicts",
        choices=CONFLICTS,
        default=FLAG,
        help="rows that share an identifier with another contact's row (default: flag, and send them)",
    )
    command.add_argument("--json", action="store_true", help="print one JSON document")
