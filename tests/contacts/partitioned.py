"""A source of many files, prepared whole and in partitions, and what both must have in common."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from email_contacts.contacts import Options, prepare, prepare_partition
from email_contacts.contacts.sources.files import SomeFiles, find_files
from email_contacts.contacts.sources.opening import Source
from email_contacts.contacts.sources.splitting import partitions_of
from tests.contacts.prepared import ACCOUNT, Prepared

OPTIONS = Options(account_attributes=ACCOUNT, max_batch_bytes=4_000)
HEADER = "email,ext_id,firstname,points\n"
Write = Callable[[Path, int, int], None]


def line_of(number: int) -> tuple[str, str, str, str]:
    """A row: some are about somebody of long before, some break a rule, some share an EXT_ID."""
    person = number - 40 if number % 9 == 8 and number >= 40 else number
    email = "" if person % 7 == 3 else f"person.{person}@example.com" if number % 11 else "nobody"
    ext_id = f"C-{number % 50}" if number % 13 == 5 else f"C-{person}"
    return email, ext_id, "Zoë" if number % 2 else 'An"na', "many" if number % 17 == 4 else str(number)


def write_csv(path: Path, start: int, end: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        csv.writer(file, lineterminator="\n").writerows(map(line_of, range(start, end)))


def write_parquet(path: Path, start: int, end: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = zip(*map(line_of, range(start, end)), strict=True)
    names = HEADER.strip().split(",")
    pq.write_table(pa.table({name: list(cells) for name, cells in zip(names, columns, strict=True)}), path)


def write_ndjson(path: Path, start: int, end: int) -> None:
    names = HEADER.strip().split(",")
    people = (dict(zip(names, line_of(number), strict=True)) for number in range(start, end))
    path.write_text("".join(json.dumps(person) + "\n" for person in people), encoding="utf-8")


def folder_of(root: Path, write: Write = write_csv, *, suffix: str = "csv", files: int = 8) -> Path:
    """A folder of files, 30 rows each, in folders of their own."""
    for number in range(files):
        path = root / "source" / f"day={number // 3}" / f"part-{number}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, number * 30, number * 30 + 30)
    return root / "source"


def split(source: Path, count: int) -> list[SomeFiles]:
    return partitions_of(str(source), find_files(source).files, count)


def prepared_in(sources: Sequence[Source], root: Path, options: Options = OPTIONS) -> tuple[list[Path], Path]:
    """Prepare each partition.

    :return: their folders, and the stage to merge them into.
    """
    folders = [root / "stage" / f"part-{index:05d}" for index in range(len(sources))]
    for index, (source, folder) in enumerate(zip(sources, folders, strict=True)):
        prepare_partition(source, folder, index=index, count=len(sources), options=options)
    return folders, root / "stage"


def whole(source: Source, stage: Path, options: Options = OPTIONS) -> Prepared:
    return Prepared(prepare(source, stage, options))


def content(found: Prepared) -> dict[str, Any]:
    """All that must not depend on partitions: bodies, lists and counts, without what names the stage."""
    stage = Path(found.manifest.rejects_uri).parent
    manifest = found.manifest.to_json()
    for name in (
        "batches",
        "rejects_uri",
        "duplicates_uri",
        "conflicts_uri",
        "notes",
        "seconds",
        "peak_memory_bytes",
    ):
        del manifest[name]
    files = ("rejects.csv", "rejects.parquet", "duplicates.csv", "conflicts.csv", "row_numbers.bin")
    return manifest | {"bodies": found.bodies, **{name: (stage / name).read_bytes() for name in files}}


def ready_in(root: Path) -> tuple[list[Path], Path, dict[str, Any]]:
    """Three partitions to merge, where to, and what that must give."""
    source = folder_of(root)
    expected = content(whole(source, root / "whole"))
    folders, stage = prepared_in(split(source, 3), root)
    return folders, stage, expected
