"""The command ``audience check``: see whether audience files are right, without Airflow.

Knows arguments, output and exit codes: 0 when all are right, 2 when one is not.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from email_contacts.audiences.document import Audience
from email_contacts.audiences.reading import (
    BrokenAudience,
    audience_files,
    read_audience,
    read_audiences,
)
from email_contacts.contacts.errors import PreparationError
from email_contacts.contacts.paths import AnyPath

RIGHT, WRONG = 0, 2


def main(arguments: Sequence[str], *, program: str) -> int:
    """Run the command.

    :param arguments: those after ``audience``.
    :param program: what the command is called, for its help.
    :return: the exit code.
    """
    parser = ArgumentParser(prog=f"{program} audience", description="Check audience files. Nothing is sent.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="say whether audience files, and their mappings, are right")
    check.add_argument("path", type=Path, metavar="PATH", help="an audience file, or a folder of them")
    check.add_argument(
        "--root",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="the folder that relative mappings are looked up in (default: this one)",
    )
    asked = parser.parse_args(arguments)
    if not asked.path.exists():
        print(f"error: {asked.path} is not there", file=sys.stderr)
        return WRONG
    if asked.path.is_dir() and not audience_files(asked.path):
        print(f"error: {asked.path} has no audience files", file=sys.stderr)
        return WRONG
    # One by one, so that every fault shows.
    found = read_audiences(asked.path) if asked.path.is_dir() else [read_audience(asked.path)]
    wrong = sum(not _is_right(one, asked.root) for one in found)
    return WRONG if wrong else RIGHT


def _is_right(audience: Audience | BrokenAudience, root: Path) -> bool:
    if isinstance(audience, BrokenAudience):
        print(f"error: {audience.fault}", file=sys.stderr)
        return False
    try:
        _check_mapping(audience, root)
    except PreparationError as error:
        print(f"error: {audience.name}: {error}", file=sys.stderr)
        return False
    when = audience.schedule or " and ".join(audience.assets) or "only when it is triggered"
    print(f"{audience.name}: right. {_said(audience)} → {audience.folder} / {audience.list}, {when}")
    return True


def _check_mapping(audience: Audience, root: Path) -> None:
    """See that the mapping makes sense, which is more than its schema says.

    :raises PreparationError: when it does not.
    """
    from email_contacts.contacts.mapping.document import Mapping

    if not isinstance(audience.mapping, str):
        Mapping.from_json(audience.mapping)
    elif audience.mapping and "://" not in audience.mapping and "{{" not in audience.mapping:
        Mapping.read(cast("AnyPath", root / audience.mapping))


def _said(audience: Audience) -> str:
    source = audience.source
    return str(source.get("path") or source.get("table") or "a query")
