"""Cells prepared as a small CSV, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from email_contacts.contacts import AccountAttribute, Mapping
from tests.contacts.prepared import Prepared, prepared

ACCOUNT = (
    AccountAttribute("FIRSTNAME"),
    AccountAttribute("LASTNAME"),
    AccountAttribute("DOUBLE_OPT-IN", "category", ("Yes", "No"), (("1", "Yes"), ("2", "No"))),
    AccountAttribute("GENRES", "multiple_choice", ("Books, used", "Music", 'Say "hi"; bye')),
    AccountAttribute("INTERESTS", "multiple_choice", ("books", "music")),
    AccountAttribute("BIRTHDAY", "date"),
    AccountAttribute("POINTS", "number"),
    AccountAttribute("NEWSLETTER", "boolean"),
    AccountAttribute("PLAN", "category", ("t", "f")),
)


def of(tmp_path: Path, text: str, **options: Any) -> Prepared:
    source = tmp_path / "a.csv"
    source.write_text(text, encoding="utf-8")
    columns = options.pop("columns", None)
    if columns is not None:
        options["mapping"] = Mapping.from_json({"columns": {"email": "EMAIL", **columns}})
    return prepared(source, **{"account_attributes": ACCOUNT, **options})


def values(found: Prepared, attribute: str) -> list[Any]:
    return [contact["attributes"].get(attribute) for contact in found.contacts]


def column(tmp_path: Path, name: str, cells: list[str], rule: Any = None, **options: Any) -> list[Any]:
    """Give what the cells of a column become; ``!`` and the rule where the row is rejected."""
    quoted = (cell.replace('"', '""') for cell in cells)
    rows = "".join(f'p{place}@example.com,"{cell}"\n' for place, cell in enumerate(quoted))
    columns = None if rule is None else {name: {"attribute": name, **rule}}
    found = of(tmp_path, f"email,{name}\n{rows}", columns=columns, **options)
    rejected = {row: f"!{broken}" for row, _, broken in found.rules}
    sent = iter(values(found, name))
    return [rejected.get(row) or next(sent) for row in range(1, len(cells) + 1)]
