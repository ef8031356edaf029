"""A proposed mapping as YAML that people read, correct and keep.

Knows notation only. Comments hold names of columns, types and counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import wrap

from email_contacts.contacts.choices import DROP, FAIL
from email_contacts.contacts.mapping.proposal import Line, Proposal
from email_contacts.contacts.mapping.rules import DEFAULT_SEPARATOR, ColumnRule

_PLAIN = re.compile(r"[^\W\d_](?:[\w -]*\w)?").fullmatch
_WIDTH = 100  # of a question
_TRUTH = ("true", "false")
# Plain, these are no text here or in other readers of YAML.
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def as_yaml(proposal: Proposal, *, source: str, rows: int) -> str:
    """Write a proposal.

    :param source: the name of what it was made from.
    :param rows: how many rows of it were looked at.
    """
    looked_at = "the first row" if rows == 1 else f"the first {rows:,} rows"
    settled = [line for line in proposal.lines if line.is_settled]
    open_ = [line for line in proposal.lines if not line.is_settled]
    written = [
        f"# Proposed from the header and {looked_at} of {quoted(source)}. Read it through",
        "# before you use it; docs/sources-and-mapping.md explains it.",
        "columns:",
        *(text for line in settled for text in _rule(line.rules[0], line.note)),
    ]
    if open_:
        written.append(
            "  # These columns are not sent. To send one, write or keep its attribute and remove the #."
        )
        written += [text for line in open_ for text in _open(line)]
    if proposal.nulls:
        written.append(f"nulls: {_list(proposal.nulls)}  # cells that say this are empty")
    return "\n".join([*written, f"unknown_columns: {DROP if open_ else FAIL}"]) + "\n"


def quoted(text: str) -> str:
    """Write a text so that YAML reads the same: plain where that is plain, else as JSON has it."""
    if _PLAIN(text) and text.isprintable() and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _open(line: Line) -> Iterator[str]:
    if not line.rules:
        yield f"  # {quoted(line.column)}: ATTRIBUTE  # {line.note}"
        return
    yield from (f"  # {text}" for text in wrap(" ".join(filter(None, (line.question, line.note))), _WIDTH))
    for rule in line.rules:
        settings = ", ".join(_settings(rule))
        yield f"  # {quoted(line.column)}: {{{settings}}}"


def _rule(rule: ColumnRule, note: str) -> Iterator[str]:
    comment = f"  # {note}" if note else ""
    settings = list(_settings(rule))
    if len(settings) == 1:
        yield f"  {quoted(rule.column)}: {quoted(rule.attribute)}{comment}"
        return
    yield f"  {quoted(rule.column)}:{comment}"
    yield from (f"    {setting}" for setting in settings)


def _settings(rule: ColumnRule) -> Iterator[str]:
    yield f"attribute: {quoted(rule.attribute)}"
    if rule.type is not None:
        yield f"type: {rule.type}"
    if rule.formats:
        yield f"format: {quoted(rule.formats[0]) if len(rule.formats) == 1 else _list(rule.formats)}"
    if rule.decimal is not None:
        yield f"decimal: {quoted(rule.decimal)}"
    if rule.thousands is not None:
        yield f"thousands: {quoted(rule.thousands)}"
    if rule.nulls is not None:
        yield f"nulls: {_list(rule.nulls)}"
    if rule.labels:
        yield f"{'options' if rule.type == 'multiple_choice' else 'categories'}: {_list(rule.labels)}"
    if rule.separator != DEFAULT_SEPARATOR:
        yield f"separator: {quoted(rule.separator)}"
    if rule.booleans:
        words = {
            word: [cell for cell, is_true in rule.booleans if is_true is (word == "true")] for word in _TRUTH
        }
        said = ", ".join(f"{word}: {_list(cells)}" for word, cells in words.items() if cells)
        yield f"booleans: {{{said}}}"
    if rule.region is not None:
        yield f"region: {quoted(rule.region)}"


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(quoted, texts))}]"
