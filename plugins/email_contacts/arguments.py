"""Reading the arguments of operators and sensors after rendering.

A template renders to a string unless the DAG asks for native objects, so an id may be ``5`` or ``"5"``
and a flag ``True`` or ``"True"``. Each is read once, here, and refused with the argument's name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeAlias

    from airflow.sdk import XComArg

    # What a DAG author may write, before it is rendered or resolved.
    TextArg: TypeAlias = str | XComArg
    IdArg: TypeAlias = int | str | XComArg
    IdsArg: TypeAlias = int | str | Iterable[int | str | XComArg] | XComArg
    FlagArg: TypeAlias = bool | str | XComArg
    SecondsArg: TypeAlias = float | str | timedelta | XComArg
    InstantArg: TypeAlias = datetime | str | XComArg | None


# The platform documents no limit (api-contract §1.1, §1.2); nobody's list has a longer name by intention.
LONGEST_NAME = 255
LONGEST_SHOWN = 80
MOST = 2**63 - 1
LONGEST_NUMBER = len(str(MOST))
# Blanks of every kind, and what takes no room: zero width spaces, joiners, byte order marks, soft hyphens.
_INVISIBLE = "".join(
    map(chr, (*range(0x21), 0x7F, 0x85, 0xA0, 0xAD, 0x1680, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F,
              0x205F, 0x2060, 0x3000, 0xFEFF))
)  # fmt: skip


class InvalidArgument(ValueError):
    """An argument that cannot work; the message names it, its value, the rule and the fix."""


def as_text(value: Any, name: str, *, is_personal: bool = False) -> str:
    """Read a text that must not be empty.

    :param is_personal: whether it is about a person, so that it is never shown.
    :raises InvalidArgument: when it is empty or something else.
    """
    if not isinstance(value, str) or not value.strip():
        shown = f"<{type(value).__name__}>" if is_personal else _shown(value)
        raise InvalidArgument(f"{name}={shown} must be text that is not empty")
    return value


def as_name(value: Any, name: str) -> str:
    """Read the name of a folder or list, without the blanks around it.

    :raises InvalidArgument: when nothing is left, or it is longer than ``LONGEST_NAME``.
    """
    text = _trimmed(as_text(value, name))
    if text in ("", "None"):
        raise InvalidArgument(f"{name} must contain more than blanks, or what a template makes of None")
    if len(text) > LONGEST_NAME:
        raise InvalidArgument(
            f"{name} has {len(text):,} characters; a name of a folder or list has at most {LONGEST_NAME}"
        )
    return text


def comparable(name: str) -> str:
    """Return the form in which names are compared: composed, trimmed, each run of blanks as one space."""
    return " ".join(_trimmed(name).split())


def _trimmed(name: str) -> str:
    """Take blanks and invisible characters off both ends, in the composed form of Unicode (NFC)."""
    return unicodedata.normalize("NFC", name).strip(_INVISIBLE)


def as_id(value: Any, name: str) -> int:
    """Read an id of the platform.

    :raises InvalidArgument: when it is not a positive whole number.
    """
    number = _whole_number(value)
    if not number:
        raise InvalidArgument(f"{name}={_shown(value)} is not an id; pass a whole number above 0")
    return number


def as_ids(value: Any, name: str) -> list[int]:
    """Read one id or several: a number, a sequence, or a rendered string such as ``"[1, 2]"`` or ``"1,2"``.

    None within a sequence is what a task left that did not run; it is not an id, and no error.

    :raises InvalidArgument: when one of them is not an id.
    """
    if _is_absent(value):
        return []
    if isinstance(value, str):
        parts = (part.strip(" '\"") for part in value.strip().strip("[]()").split(","))
        value = [part for part in parts if part]
    value = [value] if isinstance(value, bytes) or not isinstance(value, Iterable) else value
    return [as_id(one, name) for one in _at_once(value) if one is not None]


def as_list_ids(value: Any, name: str) -> list[int]:
    """Read the lists that contacts are put on, as :func:`as_ids` reads ids, but without leaving one out.

    :raises InvalidArgument: when one of them is missing or not an id.
    """
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        value = list(_at_once(value))
        if missing := sum(one is None for one in value):
            raise InvalidArgument(
                f"{name} names {len(value)} lists, and {missing} of them have no id, as after a task that "
                "was skipped; pass only lists whose tasks ran, so that no list is left out unnoticed"
            )
    return as_ids(value, name)


def as_documents(value: Any, name: str) -> list[Mapping[str, Any]]:
    """Read one JSON object or several, as other tasks pushed them.

    None within a sequence is what a task left that did not run; it is not a document, and no error.

    :raises InvalidArgument: when one of them is something else.
    """
    if _is_absent(value):
        return []
    if isinstance(value, Mapping):
        value = [value]
    documents = (
        [one for one in _at_once(value) if one is not None] if isinstance(value, Iterable) else [value]
    )
    for one in documents:
        if not isinstance(one, Mapping):
            raise InvalidArgument(
                f"{name} holds a {type(one).__name__}, and must be an object or a list of objects; pass "
                "task.output, not a text rendered from it"
            )
    return documents


def as_texts(value: Any, name: str, *, is_personal: bool = False) -> list[str]:
    """Read several texts, as other tasks pushed them.

    None within a sequence is what a task left that did not run; it is not a text, and no error.

    :param is_personal: as for :func:`as_text`.
    :raises InvalidArgument: when it is not a sequence, or one of them is empty or not text.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidArgument(f"{name} is a {type(value).__name__}, and must be a list; pass task.output")
    return [as_text(one, name, is_personal=is_personal) for one in _at_once(value) if one is not None]


def as_lines(value: Any, name: str) -> int:
    """Read a number of lines that may come from a template.

    :raises InvalidArgument: when it is not a whole number of 0 or more.
    """
    lines = _whole_number(value)
    if lines is None:
        raise InvalidArgument(f"{name}={_shown(value)} must be a whole number of lines, such as 3")
    return lines


def as_count(value: Any, name: str) -> int:
    """Read how many.

    :raises InvalidArgument: when it is not a whole number above 0.
    """
    count = _whole_number(value)
    if not count:
        raise InvalidArgument(f"{name}={_shown(value)} must be a whole number above 0")
    return count


def _whole_number(value: Any) -> int | None:
    """Read a number of 0 or more that a database could hold; None where it is something else."""
    try:
        text = str(value).strip()
    except ValueError:  # Python refuses to write whole numbers of thousands of digits, and to read them
        return None
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > LONGEST_NUMBER:
        return None
    number = int(text)
    return number if number <= MOST else None


def _shown(value: Any) -> str:
    """Show a value, cut where it is long: an argument may hold a whole document by mistake.

    Of a list, an object or a person's address only the kind: rows may have been given by mistake, too.
    """
    if isinstance(value, (bytes, Iterable)) and not isinstance(value, str):
        return f"<{type(value).__name__}>"
    if isinstance(value, str) and "@" in value and "://" not in value:
        return "<text with an @>"
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({len(text):,} characters)"


def as_seconds(value: Any, name: str) -> float:
    """Read a span of time: a number of seconds, 0 or more, or a ``timedelta``.

    :raises InvalidArgument: when it is something else.
    """
    try:
        seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if isinstance(value, bool) or not 0 <= seconds < float("inf"):
        raise InvalidArgument(f"{name}={_shown(value)} must be a number of seconds, 0 or more")
    return seconds


def _is_absent(value: Any) -> bool:
    # Not value == "": of XComs of mapped tasks that would ask for the first one.
    return value is None or (isinstance(value, str) and not value)


def as_hours(value: Any, name: str) -> float:
    """Read a number of hours: above 0, and at most a year.

    :raises InvalidArgument: when it is something else.
    """
    try:
        hours = float(value)
    except (TypeError, ValueError):
        hours = 0.0
    if not 0 < hours <= 24 * 366:
        raise InvalidArgument(f"{name}={_shown(value)} must be a number of hours above 0, such as 24")
    return hours


def _at_once(values: Iterable[Any]) -> Iterable[Any]:
    """The same values, asked for in one piece: XComs of mapped tasks would come one by one."""
    return values[:] if isinstance(values, Sequence) else values


def as_flag(value: Any, name: str) -> bool:
    """Read a switch.

    :raises InvalidArgument: when it must be true or false.
    """
    if isinstance(value, bool):
        return value
    spelled = {"true": True, "false": False}.get(str(value).strip().lower())
    if spelled is None:
        raise InvalidArgument(f"{name}={_shown(value)} must be true or false")
    return spelled


def as_flag_or_none(value: Any, name: str) -> bool | None:
    """Read a switch that may be left open: None, or a text that renders from None.

    :raises InvalidArgument: when it is none of these.
    """
    return None if value is None or value in ("", "None") else as_flag(value, name)


def as_choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """Read one of a few words.

    :raises InvalidArgument: naming the words.
    """
    if value not in choices:
        raise InvalidArgument(f"{name}={_shown(value)} is not one of {', '.join(choices)}")
    return str(value)


def as_instant(value: Any, name: str) -> datetime | str | None:
    """Read a point in time; an empty one means none.

    :return: the datetime, or the rendered ISO 8601 string for the client to check.
    :raises InvalidArgument: when it is neither.
    """
    if value is None or value == "":
        return None
    if isinstance(value, (datetime, str)):
        return value
    raise InvalidArgument(f"{name}={_shown(value)} must be a datetime or an ISO 8601 string")


def exactly_one(**given: Any) -> str:
    """Name the one argument that was given.

    :raises InvalidArgument: when none or several were.
    """
    names = [name for name, value in given.items() if value is not None and value != ""]
    if len(names) != 1:
        what = "none" if not names else " and ".join(names)
        raise InvalidArgument(f"give exactly one of {', '.join(given)}; got {what}")
    return names[0]
