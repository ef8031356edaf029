"""A mapping as it was written: its content, and the line that each part of it is in.

Knows files and lines, not what a mapping says. ``located_yaml`` and ``located_json`` know the two notations;
they are loaded when a file of theirs is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from email_contacts.contacts.errors import MappingError, PreparationError
from email_contacts.contacts.header_names import masked_name
from email_contacts.contacts.paths import AnyPath

# Where something is: ("columns", "born", "type"). Numbers are places in a list, from 0.
Place = tuple["str | int", ...]
_NOTATIONS = {"yaml": "yaml", "yml": "yaml", "json": "json"}
SECTIONS = ("columns", "constants", "key", "nulls", "unknown_columns")


@dataclass(frozen=True)
class DocumentKind:
    """A kind of document that people write.

    :param noun: what messages call it.
    :param error: what is raised when one is wrong.
    :param sections: names at its top level; only these are shown of a file that may be something else.
    :param documentation: where to look one up, without a full stop.
    """

    noun: str
    error: type[PreparationError]
    sections: Sequence[str]
    documentation: str


MAPPING = DocumentKind("mapping", MappingError, SECTIONS, "docs/sources-and-mapping.md shows a mapping")


@dataclass(frozen=True)
class Written:
    """What was written, and where.

    :param content: dictionaries, lists, text, numbers, booleans and None.
    :param name: the file's name; empty when it was given as Python objects.
    :param lines: line numbers from 1 by place; empty as well then.
    :param kind: what it is to be.
    """

    content: Any = None
    name: str = ""
    lines: Mapping[Place, int] = field(default_factory=dict)
    kind: DocumentKind = MAPPING

    def wrong(self, place: Place, fault: str) -> PreparationError:
        """Make the error that points to a place.

        :param fault: what is wrong and what to do, without a full stop.
        """
        return self.kind.error(f"{self.at(place)}: {fault}. {self.kind.documentation}.")

    def at(self, place: Place) -> str:
        """Say ``The mapping people.yaml is wrong in line 7, at columns → born → type``."""
        line = self.line(place)
        # Of a file that is no mapping nothing is shown, not even the names in it.
        is_known = not self.name or (place and place[0] in self.kind.sections)
        where = " → ".join(masked_name(str(part)) for part in place) if place and is_known else "top level"
        name = f" {self.name}" if self.name else ""
        return f"The {self.kind.noun}{name} is wrong {'' if line is None else f'in line {line}, '}at {where}"

    def with_line(self, name: str, place: Place) -> str:
        """Say ``SHOE in line 7``, or only ``SHOE`` where no lines are known."""
        line = self.line(place)
        return name if line is None else f"{name} in line {line}"

    def line(self, place: Place) -> int | None:
        """Give the line of a place, or of the nearest thing around it that is there."""
        known = (place[:depth] for depth in range(len(place), -1, -1))
        return next((self.lines[part] for part in known if part in self.lines), None)


class Unreadable(ValueError):
    """Text that is not in its notation.

    :param line: from 1.
    :param fault: what is wrong, without a full stop.
    """

    def __init__(self, line: int, fault: str) -> None:
        super().__init__(fault)
        self.line = line
        self.fault = fault


def whole(text: str, line: int) -> str:
    """Join the halves of characters that were escaped as two, as JSON does beyond the first 65,536.

    :raises Unreadable: when a half stands alone; it could not be sent.
    """
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise Unreadable(line, "an escape is half of a surrogate pair") from None


def read(path: AnyPath, kind: DocumentKind = MAPPING) -> Written:
    """Read a file in YAML or JSON.

    :param path: its name ends in ``.yaml``, ``.yml`` or ``.json``.
    :param kind: what it is to be.
    :raises PreparationError: the kind's error, when it cannot be read, or is not in its notation; names the
        line.
    """
    notation = _NOTATIONS.get(path.name.rpartition(".")[2].lower())
    if notation is None:
        raise kind.error(f"The {kind.noun} {path} must have a name that ends in .yaml, .yml or .json.")
    try:
        with path.open("rb") as file:
            encoded: bytes = file.read()
    except OSError as error:
        raise kind.error(f"The {kind.noun} {path} cannot be read: {error.strerror or error}.") from error
    try:
        content, lines = import_module(f"{__package__}.located_{notation}").parse(
            encoded.decode("utf-8-sig").replace("\r\n", "\n")
        )
    except UnicodeDecodeError as error:
        line = encoded.count(b"\n", 0, error.start) + 1
        raise kind.error(f"The {kind.noun} {path} is not UTF-8 in line {line}. Save it as UTF-8.") from error
    except Unreadable as error:
        raise kind.error(
            f"The {kind.noun} {path.name} is wrong in line {error.line}: {error.fault}. {kind.documentation}."
        ) from error
    except RecursionError:
        raise kind.error(f"The {kind.noun} {path.name} is nested too deep. {kind.documentation}.") from None
    return Written(content, path.name, lines, kind)
