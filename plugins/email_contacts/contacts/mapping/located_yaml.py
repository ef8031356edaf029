"""YAML with the line of each part.

Knows YAML only, and of it what a configuration needs: mappings, lists, scalars, comments. Tags, anchors and
aliases are refused. Plain scalars mean what they mean in JSON (``true``, ``false``, ``null`` and nothing,
numbers by JSON's grammar); all else is text, so that a column ``no`` and a label ``yes`` stay what they are.
Keys are always text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from email_contacts.contacts.mapping.reading import Place, Unreadable, whole

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)").fullmatch
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
_QUOTED = re.compile(r"'[^'<\s]{3,}'")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_LONGEST_NUMBER = 400


def parse(text: str) -> tuple[Any, dict[Place, int]]:
    """Read a document.

    :return: its content, and the lines by place.
    :raises Unreadable: when it is not YAML, has what is refused here, or a key twice in one mapping.
    """
    lines: dict[Place, int] = {}
    try:
        events = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        content = _document(events, lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Unreadable(
            line, f"it is not YAML at column {column}: {_without_words(error.problem)}"
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(line, f"it has a character that YAML does not allow: {error.reason}") from None
    return content, lines


def _document(events: Iterator[Any], lines: dict[Place, int]) -> Any:
    next(events)  # the stream starts
    if isinstance(next(events), yaml.StreamEndEvent):
        return None
    content = _value(next(events), events, (), lines)
    next(events)  # the document ends
    if isinstance(event := next(events), yaml.DocumentStartEvent):
        raise Unreadable(_line(event), "a second document begins. Keep one")
    return content


def _value(event: Any, events: Iterator[Any], place: Place, lines: dict[Place, int]) -> Any:
    lines.setdefault(place, _line(event))
    _refuse_more_than_a_configuration_needs(event)
    if isinstance(event, yaml.ScalarEvent):
        return whole(event.value, _line(event)) if event.style else _plain(event.value)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_value(event, events, (*place, len(items)), lines))
        return items
    members: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        _refuse_more_than_a_configuration_needs(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise Unreadable(_line(event), "a key is not a text")
        key = whole(event.value, _line(event))
        if key in members:
            raise Unreadable(_line(event), "a key is there a second time. Keep one")
        lines[(*place, key)] = _line(event)
        members[key] = _value(next(events), events, (*place, key), lines)
    return members


def _plain(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    if len(word) > _LONGEST_NUMBER or not _NUMBER(word):
        return word
    return int(word) if _INTEGER(word) else float(word)


def _refuse_more_than_a_configuration_needs(event: Any) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise Unreadable(
            _line(event),
            "anchors and aliases are not supported. "
            "Write it out, or put a text that begins with & or * in quotes",
        )
    if event.tag is not None:
        raise Unreadable(
            _line(event),
            "tags are not supported. Leave it out, or put a text that begins with ! in quotes",
        )


def _without_words(problem: str | None) -> str:
    """Leave out the words of the file that the parser quotes; single characters help and say nothing."""
    return _QUOTED.sub("…", problem or "")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
