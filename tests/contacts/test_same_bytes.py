"""A source gives the same files however its bytes are cut into blocks, and however its rows are judged."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest

from email_contacts.contacts import Options, Progress, prepare
from email_contacts.contacts.checks.fast_path_rows import FastPathRows, Judged
from email_contacts.contacts.choices import BODIES
from email_contacts.contacts.sources import line_feed
from email_contacts.contacts.sources.rows import Frame
from tests.amount import amount
from tests.contacts.checks.generated_rows import CASES
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import ACCOUNT

HEADER = "email,ext_id,sms,firstname,country,birthday,points,newsletter,interests"
ROWS = amount(1_500, quick=700)
LONGEST_CELL = amount(200_000, quick=30_000)  # a block has 1,000 or 20,011 bytes
FAULTS = ('a@example.com,"C" 1,,,,,,,\n', "a@example.com,C\0,,,,,,,\n")
ALWAYS_OTHER = ("manifest.json",)  # it has the time that it took, and names the stage
JUDGE = FastPathRows.judge


def quoted(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


def odd_csv(*, has_faults: bool) -> bytes:
    """Generate rows with quotes, line ends within cells, and cells too many; some come again and again.

    :param has_faults: whether there are also rows for which the standard library has to be asked; these take
        the rows about them along.
    """
    random = Random(8)
    (frame,) = CASES["account"].frames(ROWS, seed=8)
    rows = [[(cell or "")[:LONGEST_CELL] for cell in row] for row in frame.cells.rows()]
    if not has_faults:
        rows = [[cell.replace("\0", "").replace("\r", "") for cell in row] for row in rows]
    text = io.StringIO(newline="")
    for row in rows:
        if random.random() < 0.3:
            row[0] = random.choice(rows)[0]
        row = row[: random.randint(1, 9)] if random.random() < 0.02 else row
        row = [*row, "one more"] if random.random() < 0.02 else row
        needs_quotes = any if random.random() < 0.8 else len  # of some rows all cells are quoted
        # Not by csv: Python 3.10 writes no null bytes.
        cells = (quoted(cell) if needs_quotes([mark in cell for mark in ',"\r\n']) else cell for cell in row)
        text.write(",".join(cells) + random.choice(("\n", "\n", "\r\n")))
        if random.random() < 0.02:
            text.write(random.choice(("\n", "\r\n", *(FAULTS if has_faults else ()))))
    return f"{HEADER}\n{text.getvalue()}".encode()


def files_of(
    source: Path, stage: Path, on_progress: Callable[[Progress], None] | None = None, **options: Any
) -> dict[str, object]:
    wanted = Options(account_attributes=ACCOUNT, max_batch_bytes=160_000, **options)
    prepare(source, stage, wanted, on_progress=on_progress)
    files: dict[str, object] = {path.name: path.read_bytes() for path in stage.iterdir()}
    files["rejects.parquet"] = pl.read_parquet(stage / "rejects.parquet").rows()
    return {name: content for name, content in files.items() if name not in ALWAYS_OTHER}


def differing(found: dict[str, object], expected: dict[str, object]) -> list[str]:
    """The names of files that differ: to show how takes hours."""
    return [name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)]


def judge_nothing_good(plain: FastPathRows, frame: Frame) -> Judged:
    return Judged(JUDGE(plain, frame).rows, np.zeros(len(frame), bool), np.full(len(frame), -1))


@pytest.mark.parametrize(("conflicts", "has_faults"), [("flag", False), ("reject", False), ("reject", True)])
@pytest.mark.parametrize("body", BODIES)
def test_blocks_and_ways_do_not_matter(
    write: WriteSource,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    conflicts: str,
    has_faults: bool,
) -> None:
    source = write(odd_csv(has_faults=has_faults))
    options: dict[str, Any] = {"body": body, "conflicts": conflicts}
    expected = files_of(source, tmp_path / "stage", **options)
    rejects, duplicates = expected["rejects.csv"], expected["duplicates.csv"]
    assert isinstance(rejects, bytes)
    assert isinstance(duplicates, bytes)
    assert ROWS // 15 < rejects.count(b"\n") < 0.87 * ROWS
    assert duplicates.count(b"\n") > ROWS // 15
    rules = ("columns", "email", "date", *(("quoting", "null_byte") if has_faults else ()))
    assert all(f",{rule}," in rejects.decode() for rule in rules)
    assert len(expected) == (6 if body == "file_url" else 5 + sum("batch" in name for name in expected))
    for size, blocks in ((1_000, ROWS // 50), (20_011, 3)):
        monkeypatch.setattr(line_feed, "BLOCK_BYTES", size)
        monkeypatch.setattr(line_feed, "HEAD_BYTES", size)
        told: list[Progress] = []
        found = files_of(source, tmp_path / str(size), **options, on_progress=told.append)
        assert differing(found, expected) == []
        assert len({step.read for step in told}) > (1 if has_faults else blocks)
    monkeypatch.setattr(FastPathRows, "judge", judge_nothing_good)
    assert differing(files_of(source, tmp_path / "slow", **options), expected) == []


@pytest.mark.parametrize("body", BODIES)
def test_nor_do_compression_and_files_of_a_folder(write: WriteSource, tmp_path: Path, body: str) -> None:
    """Of a folder rows are named by file as well, so the lists of rejects differ in that alone."""
    import gzip

    content = odd_csv(has_faults=False)
    plain = files_of(write(content), tmp_path / "plain", body=body)
    packed = files_of(write(gzip.compress(content), "contacts.csv.gz"), tmp_path / "gz", body=body)
    assert packed == plain
    (tmp_path / "folder").mkdir()
    write(content, "folder/1.csv")
    write(f"{HEADER}\n", "folder/2.csv")
    folder = files_of(tmp_path / "folder", tmp_path / "of folder", body=body)
    lists = {"rejects.csv", "rejects.parquet"}
    assert {name: folder[name] for name in folder if name not in lists} == {
        name: plain[name] for name in plain if name not in lists
    }
