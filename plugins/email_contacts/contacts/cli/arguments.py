"""The arguments of the command line.

Knows their names and what they say; what they do is the options' business.
"""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction
from pathlib import Path

from email_contacts.contacts.choices import (
    AUTO,
    BODIES,
    CONFLICTS,
    DUPLICATES,
    FLAG,
    JSON_BODY,
    LAST,
    OPTED_OUT,
    REJECT,
    SKIP,
    SOURCE_FORMATS,
    UNKNOWN_COLUMNS,
    WHEN_EMPTY,
)

_DELIMITERS = {"tab": "\t", "\\t": "\t"}


def parser_of(program: str) -> ArgumentParser:
    """Make the parser.

    :param program: what the command is called.
    """
    parser = ArgumentParser(
        prog=program,
        description="Turn a source of contacts into request bodies for an import. Nothing is sent.",
    )
    add_commands(parser.add_subparsers(dest="command", required=True, metavar="COMMAND"))
    return parser


def add_commands(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Add ``propose``, ``preview`` and ``prepare``."""
    propose = commands.add_parser(
        "propose", help="print a mapping for a source, made from its header and first rows"
    )
    _add_source_options(propose)
    propose.add_argument(
        "--region", metavar="CC", help="the country of phone numbers without country code, such as DE"
    )
    preview = commands.add_parser(
        "preview", help="say what would be sent, what would be rejected and why; keep no contacts"
    )
    prepare = commands.add_parser("prepare", help="write batches, rejects and a manifest into a folder")
    for command in (preview, prepare):
        _add_source_options(command)
        _add_options(command)
    prepare.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="the folder to fill; files of an earlier try are removed",
    )
    for command in (preview, prepare):
        command.add_argument(
            "--body", choices=BODIES, default=JSON_BODY, help="the form that is sent (default: json_body)"
        )


def _add_source_options(command: ArgumentParser) -> None:
    command.add_argument(
        "source",
        metavar="SOURCE",
        help="a file, a folder or a pattern: CSV, NDJSON, JSON, Parquet, .xlsx; gzip, Zstandard. With --sql: "
        "an SQLAlchemy URL, or the id of an Airflow connection",
    )
    command.add_argument("--sql", metavar="QUERY", help="a statement that gives the rows, run on SOURCE")
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
    command.add_argument(
        "--header-row",
        type=int,
        metavar="LINE",
        help="of a CSV or a workbook: the line with the columns' names (default: the first line)",
    )
    command.add_argument(
        "--skip-rows", type=int, metavar="LINES", help="of a CSV or a workbook: lines above the header"
    )
    command.add_argument("--sheet", metavar="NAME", help="of a workbook (default: the first not hidden)")
    command.add_argument(
        "--opted-out",
        choices=OPTED_OUT,
        default=REJECT,
        help="rows that say emailBlacklisted, smsBlacklisted or whatsappBlacklisted (default: reject)",
    )


def _add_options(command: ArgumentParser) -> None:
    command.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="YAML or JSON: which column becomes what (default: by name)",
    )
    command.add_argument(
        "--unknown-columns", choices=UNKNOWN_COLUMNS, help="columns without an attribute (default: fail)"
    )
    command.add_argument(
        "--max-rejects",
        metavar="LIMIT",
        help="rows, or a share such as 5%%; if exceeded, nothing is prepared",
    )
    command.add_argument(
        "--duplicates",
        choices=DUPLICATES,
        default=LAST,
        help="which of several rows about one contact is sent (default: last)",
    )
    command.add_argument(
        "--conflicts",
        choices=CONFLICTS,
        default=FLAG,
        help="rows that share an identifier with another contact's row (default: flag, and send them)",
    )
    command.add_argument(
        "--consent-column",
        metavar="COLUMN",
        help="the column that says who wants to be written to: its name, or a JSON object with name and the "
        "words yes and no. Rows that say no are held back",
    )
    command.add_argument(
        "--when-empty", choices=WHEN_EMPTY, default=SKIP, help="a source without rows (default: skip)"
    )
    command.add_argument("--json", action="store_true", help="print one JSON document")
