"""A preparation as tests look at it: the manifest, and what the files of the stage say."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from email_contacts.contacts import AccountAttribute, Manifest, Options, Progress, prepare

ACCOUNT = (
    AccountAttribute("FIRSTNAME"),
    AccountAttribute("COUNTRY", "category", ("DE", "FR", "GB")),
    AccountAttribute("BIRTHDAY", "date"),
    AccountAttribute("POINTS", "number"),
    AccountAttribute("NEWSLETTER", "boolean"),
    AccountAttribute("INTERESTS", "multiple_choice", ("books", "music")),
)


@dataclass(frozen=True)
class Prepared:
    """The manifest, and what the files that it names hold."""

    manifest: Manifest

    @property
    def bodies(self) -> list[bytes]:
        return [Path(batch.uri).read_bytes() for batch in self.manifest.batches]

    @property
    def contacts(self) -> list[dict[str, Any]]:
        return [contact for body in self.bodies for contact in json.loads(body)]

    @property
    def rejects(self) -> list[dict[str, str]]:
        return read_csv(self.manifest.rejects_uri)

    @property
    def rules(self) -> list[tuple[int, str, str]]:
        return [(int(reject["row"]), reject["field"], reject["rule"]) for reject in self.rejects]

    @property
    def duplicates(self) -> list[tuple[int, int]]:
        found = read_csv(self.manifest.duplicates_uri)
        return [(int(line["row"]), int(line["superseded_by"])) for line in found]


def prepared(
    source: Path,
    stage: Path | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Prepared:
    """Prepare a source into a stage beside it."""
    stage = stage or source.parent / "stage"
    return Prepared(prepare(source, stage, Options(**options), on_progress=on_progress))


def read_csv(uri: str | Path) -> list[dict[str, str]]:
    with Path(uri).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
