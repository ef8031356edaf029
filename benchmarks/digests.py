"""What a preparation came to, as digests: the same for two of them only when they accept and reject the same.

``python -m benchmarks.digests FOLDER`` prints one JSON document.

Knows the files that a preparation leaves, and makes one form of their contacts: bodies of JSON, and bodies
that are a JSON string with a CSV in it. The latter have no types, so each contact has two digests: ``typed``,
with the types of JSON (None without), and ``text``, where a number, a boolean and a list are read from their
text by the attribute's type. The peers leave duplicates in: of rows about one person only the last is
digested, at its own place.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from benchmarks.account import ATTRIBUTES

_TYPES = {attribute.name: attribute.type for attribute in ATTRIBUTES}
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
Contact = dict[str, Any]


@dataclass(frozen=True)
class Digests:
    """What a preparation came to.

    :param typed: of the accepted contacts in their order, with types; None when its bodies have none.
    :param text: of the same without types.
    :param rejects: of row number and column of each reject, in order.
    :param accepted: contacts that are sent, each person once.
    :param again: contacts in the bodies beyond those: duplicates that were not looked for.
    :param rejected: rows that are not sent.
    """

    typed: str | None
    text: str
    rejects: str
    accepted: int
    again: int
    rejected: int

    def differences(self, other: Digests) -> list[str]:
        """Name the parts that are not the same."""
        parts = ["text", "rejects", "accepted", "rejected"]
        if self.typed is not None and other.typed is not None:
            parts.append("typed")
        return [part for part in parts if getattr(self, part) != getattr(other, part)]


def digests_of(folder: Path) -> Digests:
    """Read a folder and digest it."""
    bodies = sorted(folder.glob("batch-*"))
    if not bodies:
        raise FileNotFoundError(f"there is no body in {folder}")
    has_types = bodies[0].read_bytes()[:1] == b"["
    last: dict[bytes, tuple[bytes, bytes]] = {}
    contacts = 0
    for contact in (contact for body in bodies for contact in _contacts(body)):
        contacts += 1
        person = _hash(contact.get("EMAIL") or contact.get("EXT_ID"))
        last.pop(person, None)
        last[person] = _hash(contact), _hash({name: _read(name, value) for name, value in contact.items()})
    with (folder / "rejects.csv").open(encoding="utf-8", newline="") as file:
        rejects = [(row["row"], row["field"]) for row in csv.DictReader(file)]
    return Digests(
        typed=sha256(b"".join(typed for typed, _ in last.values())).hexdigest() if has_types else None,
        text=sha256(b"".join(text for _, text in last.values())).hexdigest(),
        rejects=_hash(rejects).hex(),
        accepted=len(last),
        again=contacts - len(last),
        rejected=len(rejects),
    )


def _contacts(body: Path) -> Iterator[Contact]:
    """Walk the contacts of a body: EMAIL and attributes in one, what is empty left out."""
    content = orjson.loads(body.read_bytes())
    if isinstance(content, str):
        for cells in csv.DictReader(io.StringIO(content, newline=""), delimiter=";"):
            yield {name: cell for name, cell in cells.items() if cell}
        return
    for contact in content:
        email = {"EMAIL": contact["email"]} if "email" in contact else {}
        # 12 and 12.0 are one number; true and 1 are not.
        yield email | {
            name: float(value) if type(value) is int else value
            for name, value in contact["attributes"].items()
        }


def _read(name: str, value: Any) -> Any:
    """Read a cell of a body of CSV by its attribute's type; what JSON brought typed stays."""
    if not isinstance(value, str):
        return value
    match _TYPES.get(name):
        case "number":
            return float(value)
        case "boolean":
            return _BOOLEANS[value.lower()]
        case "multiple_choice":
            return value.strip("[]").replace(",", "|").split("|")
    return value


def _hash(value: Any) -> bytes:
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).digest()


if __name__ == "__main__":
    print(json.dumps(asdict(digests_of(Path(sys.argv[1])))))
