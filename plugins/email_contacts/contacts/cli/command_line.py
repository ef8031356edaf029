"""The command line: ``propose``, ``preview`` and ``prepare``.

Knows arguments, exit codes and where output goes; ``report`` knows what people read. Nothing is sent.

Exit codes: 0 when the source was prepared, also with rejected rows, or a mapping was proposed; 1 when nobody
reads the output any more; 2 when it cannot be prepared.
"""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from shutil import get_terminal_size
from tempfile import mkdtemp
from textwrap import fill
from typing import Any, TypeAlias

from email_contacts.contacts.cli import propose
from email_contacts.contacts.cli.arguments import parser_of
from email_contacts.contacts.cli.column_views import column_views
from email_contacts.contacts.cli.progress_bar import progress_bar
from email_contacts.contacts.cli.report import first_contacts, report
from email_contacts.contacts.cli.sql_source import query_of_url
from email_contacts.contacts.errors import InvalidOption, PreparationError
from email_contacts.contacts.header_names import all_shown
from email_contacts.contacts.mapping.document import Mapping
from email_contacts.contacts.options import Options
from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.sources.consent_column import ConsentColumn
from email_contacts.contacts.sources.sql_rows import Query
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.contacts.staging.stage import LISTS, MANIFEST

QueryOf: TypeAlias = Callable[[str, str], Query]
PREPARED, NOT_READ, BAD_INPUT = 0, 1, 2
_USUAL_WIDTH = 100
_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def main(
    arguments: Sequence[str] | None = None,
    *,
    program: str = "python -m email_contacts.contacts",
    query_of_connection: QueryOf | None = None,
) -> int:
    """Run the command line.

    :param arguments: None: those of the process.
    :param program: what the command is called, for its help.
    :param query_of_connection: makes a query of a connection's id and a statement; None: there are none.
    :return: the exit code.
    """
    asked = parser_of(program).parse_args(arguments)
    with all_shown():
        try:
            done = _done(asked, query_of_connection)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has seen enough, as `head` has
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return NOT_READ
        return done


def _done(asked: Namespace, query_of_connection: QueryOf | None) -> int:
    try:
        asked.source = _source_of(asked, query_of_connection)
        if asked.command == "propose":
            print(propose.proposed(asked, options_of(asked)), end="")
            return PREPARED
        document, text = (_preview if asked.command == "preview" else _prepare)(asked)
    except PreparationError as error:
        print(_for_reading(_visible(f"error: {error}")), file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or asked.source}", file=sys.stderr)
        return BAD_INPUT
    print(json.dumps(document, indent=2, ensure_ascii=False) if asked.json else _visible(text))
    return PREPARED


def _prepare(asked: Namespace) -> tuple[dict[str, object], str]:
    manifest = _run(asked.source, asked.out, _options(asked))
    return manifest.to_json(), report(manifest, width=_width(), manifest_uri=str(asked.out / MANIFEST))


def _preview(asked: Namespace) -> tuple[dict[str, object], str]:
    """Prepare into a folder of its own and keep only the lists, which hold masked values and row numbers."""
    stage = Path(mkdtemp(prefix="contacts-preview-"))
    try:
        options = _options(asked)
        manifest = _run(asked.source, stage, options)
        contacts = first_contacts(manifest)
        columns = column_views(asked.source, options)
    finally:
        for file in stage.iterdir():
            if not LISTS.fullmatch(file.name):
                file.unlink()
        if not any(stage.iterdir()):
            stage.rmdir()
    document = manifest.to_json()
    for batch in document["batches"]:
        batch["uri"] = None
    document["columns"] = [column.to_json() for column in columns]
    return document, report(manifest, width=_width(), columns=columns, contacts=contacts)


def _run(source: Path | Query, stage: Path, options: Options) -> Manifest:
    with progress_bar() as tell:
        return prepare(source, stage, options, on_progress=tell)


def _options(asked: Namespace) -> Options:
    return options_of(
        asked,
        mapping=None if asked.mapping is None else Mapping.read(asked.mapping),
        account_attributes=propose.account_attributes(asked),
        consent_column=None if asked.consent_column is None else ConsentColumn.read(asked.consent_column),
    )


def _visible(text: str) -> str:
    """Take what a terminal obeys, or writes backwards, out of a text: names of columns may hold anything."""
    return _OBEYED.sub("?", text)


def _for_reading(message: str) -> str:
    """Break a message where words end, for a person at a terminal; a log keeps it in one line."""
    return fill(message, _width(), break_long_words=False) if sys.stderr.isatty() else message


def _width() -> int:
    """Give the columns of the terminal; where there is none, as many as most terminals have."""
    return get_terminal_size((_USUAL_WIDTH, 24)).columns


def options_of(asked: Namespace, **read: Any) -> Options:
    """Make the options of the arguments that bear their names.

    :param read: options that are read from files.
    """
    said = {option.name: getattr(asked, option.name, option.default) for option in fields(Options)}
    return Options(**{**said, **read})


def _source_of(asked: Namespace, query_of_connection: QueryOf | None) -> Path | Query:
    """Make the source of the argument that names it."""
    if asked.sql is None:
        scheme, is_url, _ = asked.source.partition("://")
        if is_url and not Path(asked.source).exists():  # what follows may hold a password
            raise InvalidOption(
                f'The source "{scheme}://…" is not a local file. For a database, give a statement as --sql; '
                "files in a bucket are read by PrepareContactsOperator, or copy them here."
            )
        return Path(asked.source)
    if "://" in asked.source:
        return query_of_url(asked.source, asked.sql)
    if query_of_connection is None:
        raise InvalidOption(
            f'--sql needs an SQLAlchemy URL, which "{asked.source}" is not. '
            "The command email-contacts also takes the id of an Airflow connection."
        )
    return query_of_connection(asked.source, asked.sql)
