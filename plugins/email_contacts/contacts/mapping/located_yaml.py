"""YAML with the line of each part.

Knows YAML only, and of it what a configuration needs: mappings, lists, scalars, comments. Tags, anchors and
aliases are refused. Plain scalars mean what they mean in JSON (``true``, ``false``, ``null`` and nothing,
numbers by JSON's grammar); all else is text, so that a column ``no`` and a label ``yes`` stay what they are.
Keys are always text.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.composer import ComposerError

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
    try:
        node = yaml.compose(text, Loader=_Loader)
    except ComposerError as error:  # of all that a composer refuses, only this passes ``_Loader``
        raise Unreadable(_line(error.problem_mark), "a second document begins. Keep one") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Unreadable(
            line, f"it is not YAML at column {column}: {_without_words(error.problem)}"
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(line, f"it has a character that YAML does not allow: {error.reason}") from None
    lines: dict[Place, int] = {}
    return None if node is None else _value(node, (), lines), lines


class _Loader(yaml.SafeLoader):
    """Composes nodes of what a configuration needs."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise Unreadable(
                _line(event.start_mark),
                "anchors and aliases are not supported. "
                "Write it out, or put a text that begins with & or * in quotes",
            )
        if event.tag is not None:
            raise Unreadable(
                _line(event.start_mark),
                "tags are not supported. Leave it out, or put a text that begins with ! in quotes",
            )
        return super().compose_node(parent, index)


def _value(node: yaml.Node, place: Place, lines: dict[Place, int]) -> Any:
    """Return what a node says; the lines are those of the nodes' marks, of a member that of its key."""
    line = lines.setdefault(place, _line(node.start_mark))
    if isinstance(node, yaml.ScalarNode):
        return whole(node.value, line) if node.style else _plain(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*place, number), lines) for number, item in enumerate(node.value)]
    members: dict[str, Any] = {}
    for said, member in node.value:
        line = _line(said.start_mark)
        if not isinstance(said, yaml.ScalarNode):
            raise Unreadable(line, "a key is not a text")
        key = whole(said.value, line)
        if key in members:
            raise Unreadable(line, "a key appears twice. Keep one")
        lines[(*place, key)] = line
        members[key] = _value(member, (*place, key), lines)
    return members


def _plain(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    if len(word) > _LONGEST_NUMBER or not _NUMBER(word):
        return word
    return int(word) if _INTEGER(word) else float(word)


def _without_words(problem: str | None) -> str:
    """Leave out the words of the file that the parser quotes; single characters help and say nothing."""
    return _QUOTED.sub("…", problem or "")


def _line(mark: Any) -> int:
    """Return a mark's line, from 1."""
    return int(mark.line) + 1
