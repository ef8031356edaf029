"""The pandas way: the file as one frame of text, a mask for each column, to_dict, json.dumps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.contacts_file import CHOICES, COLUMNS, COUNTRIES
from benchmarks.peers.bodies import Bodies, Rejects
from benchmarks.peers.cells import ADDRESS, BOOLEANS, COLUMN_OF, LARGEST, NUMBER

_CHOICE = "|".join(CHOICES)


def prepare(source: Path, folder: Path) -> None:
    """Prepare a CSV."""
    frame: Any = pd.read_csv(source, dtype=str, keep_default_na=False)
    for column in COLUMNS:
        frame[column] = frame[column].str.strip()
    frame["email"] = frame["email"].str.lower()
    filled = {column: frame[column] != "" for column in COLUMNS}
    bad = {column: ~good & filled[column] for column, good in _good(frame).items()}
    no_identifier = ~filled["email"] & ~filled["ext_id"]
    wrong = np.select([*bad.values(), no_identifier], [*bad, ""], default="good")
    rejects = Rejects(folder)
    for place in np.flatnonzero(wrong != "good"):
        rejects.add((place + 1, wrong[place]))
    rejects.close()
    _pack(frame[wrong == "good"], Bodies(folder))


def _good(frame: Any) -> dict[str, Any]:
    """Return a mask for each column, in the order of the file."""
    email, birthday, points = frame["email"], frame["birthday"], frame["points"]
    is_number = points.str.fullmatch(NUMBER)
    day = pd.to_datetime(birthday, format="%Y-%m-%d", errors="coerce")
    return {
        "email": email.str.fullmatch(ADDRESS) & (email.str.len() <= 254) & (email.str.find("@") <= 64),
        "ext_id": ~frame["ext_id"].str.contains("\0", regex=False),
        "firstname": ~frame["firstname"].str.contains("\0", regex=False),
        "lastname": ~frame["lastname"].str.contains("\0", regex=False),
        "country": frame["country"].isin(COUNTRIES),
        "birthday": day.notna() & (birthday.str.len() == 10),
        "points": is_number & (pd.to_numeric(points.where(is_number), errors="coerce").abs() <= LARGEST),
        "newsletter": frame["newsletter"].str.lower().isin(list(BOOLEANS)),
        "interests": frame["interests"].str.fullmatch(rf"(?:{_CHOICE})(?:\|(?:{_CHOICE}))*"),
    }


def _pack(frame: Any, bodies: Bodies) -> None:
    typed = frame.assign(
        points=pd.to_numeric(frame["points"], errors="coerce").astype(float),
        newsletter=frame["newsletter"].str.lower().map(BOOLEANS),
        interests=frame["interests"].str.split("|"),
    )
    # What is empty is left out; only an empty text becomes something else above.
    empty = {
        "points": frame["points"] == "",
        "newsletter": frame["newsletter"] == "",
        "interests": frame["interests"] == "",
    }
    for column, mask in empty.items():
        if mask.any():
            typed[column] = typed[column].astype(object).mask(mask, "")
    names = [(column, attribute) for attribute, column in COLUMN_OF.items()]
    for record in typed.to_dict("records"):
        attributes = {attribute: value for column, attribute in names if (value := record[column]) != ""}
        contact = (
            {"email": record["email"], "attributes": attributes}
            if record["email"]
            else {"attributes": attributes}
        )
        bodies.add(json.dumps(contact, ensure_ascii=False, separators=(",", ":")).encode())
    bodies.close()
