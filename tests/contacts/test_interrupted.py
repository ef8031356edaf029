"""A preparation that cannot go on: no room is left, or the process is killed."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Options, prepare
from email_contacts.contacts.errors import StageError
from tests.contacts.conftest import WriteSource

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
PEOPLE = "email,ext_id\n" + "".join(f"p{number}@example.com,C-{number % 9_000}\n" for number in range(10_000))
MANY_REJECTS = "email,ext_id\n" + "bad,\n" * 10_000
IN_THE_STAGE = (
    "rejects.csv",
    "rejects.parquet",
    "duplicates.csv",
    "conflicts.csv",
    "row_numbers.bin",
    "batch-00001.json",
    "contacts.csv",
    "manifest.json",
)


class NoRoom(io.BytesIO):
    """A file on a full disk."""

    def write(self, data: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Disk:
    """A folder or file on a disk that has no room for files of one name.

    :param path: where it really is.
    :param full: that name.
    """

    def __init__(self, path: Path, full: str) -> None:
        self.path = path
        self._full = full

    def __str__(self) -> str:
        return str(self.path)

    def __truediv__(self, name: str) -> Disk:
        return Disk(self.path / name, self._full)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def parent(self) -> Disk:
        return Disk(self.path.parent, self._full)

    def open(self, mode: str, /, **options: Any) -> Any:
        return NoRoom() if self.name == self._full and "w" in mode else self.path.open(mode)

    def exists(self) -> bool:
        return self.path.exists()

    def is_dir(self) -> bool:
        return self.path.is_dir()

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        self.path.mkdir(mode, parents, exist_ok)

    def iterdir(self) -> Iterator[Disk]:
        return (Disk(path, self._full) for path in self.path.iterdir())

    def glob(self, pattern: str, /) -> Iterator[Disk]:
        return (Disk(path, self._full) for path in self.path.glob(pattern))

    def unlink(self) -> None:
        self.path.unlink()


@pytest.mark.parametrize("name", IN_THE_STAGE)
def test_a_stage_without_room(write: WriteSource, tmp_path: Path, name: str) -> None:
    source, stage = write(PEOPLE), tmp_path / "stage"
    body = "file_url" if name == "contacts.csv" else "json_body"
    with pytest.raises(StageError, match="There is not enough disk space"):
        prepare(source, Disk(stage, name), Options(body=body))
    assert not (stage / "manifest.json").exists()
    assert prepare(source, stage, Options(body=body)).rows.accepted == 10_000


# Several preparations in one process, for what it imports takes longer than they do.
LIMITED = """
import json, os, resource, sys
from pathlib import Path
import polars, pyarrow.parquet, phonenumbers
from email_contacts.contacts import Options, prepare
from email_contacts.contacts.errors import StageError
source, stages, temporary = map(Path, sys.argv[1:4])
for body in ("json_body", "file_url"):
    for limit in (0, 20_000, 150_000):
        stage, message = stages / f"{body}-{limit}", ""
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            prepare(source, stage, Options(body=body))
        except StageError as error:
            message = str(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        has_manifest = (stage / "manifest.json").exists()
        print(json.dumps([body, limit, message, has_manifest, os.listdir(temporary)]))
"""


def run(script: str, *arguments: object, temporary: Path) -> subprocess.CompletedProcess[str]:
    temporary.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(PLUGINS), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("content", [PEOPLE, MANY_REJECTS], ids=["contacts", "rejects"])
def test_files_that_may_not_grow(write: WriteSource, tmp_path: Path, content: str) -> None:
    temporary = tmp_path / "temporary"
    ran = run(LIMITED, write(content), tmp_path / "stages", temporary, temporary=temporary)
    assert (ran.returncode, ran.stderr) == (0, "")
    outcomes = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [outcome[:2] for outcome in outcomes] == [
        [body, limit] for body in ("json_body", "file_url") for limit in (0, 20_000, 150_000)
    ]
    for _, _, message, has_manifest, left in outcomes:
        assert message.startswith("There is not enough disk space")
        assert "\n" not in message
        assert (has_manifest, left) == (False, [])


KILLED = """
import os, signal, sys
from pathlib import Path
from email_contacts.contacts import Options, prepare

def kill_amid_the_bodies(step):
    if step.batches >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

options = Options(max_batch_bytes=20_000)
prepare(Path(sys.argv[1]), Path(sys.argv[2]), options, on_progress=kill_amid_the_bodies)
"""


def test_a_preparation_that_was_killed_is_run_again(write: WriteSource, tmp_path: Path) -> None:
    source, stage, temporary = write(PEOPLE * 5), tmp_path / "stage", tmp_path / "temporary"
    ran = run(KILLED, source, stage, 3, temporary=temporary)
    assert ran.returncode == -9
    assert len(list(stage.glob("batch-*.json"))) >= 3
    assert not (stage / "manifest.json").exists()
    assert list(temporary.iterdir()) == []
    again = prepare(source, stage, Options(max_batch_bytes=100_000))
    expected = prepare(source, tmp_path / "expected", Options(max_batch_bytes=100_000))
    assert again.fingerprint == expected.fingerprint
    assert sorted(path.name for path in stage.iterdir()) == sorted(
        path.name for path in (tmp_path / "expected").iterdir()
    )
    for path in (tmp_path / "expected").iterdir():
        if path.name != "manifest.json":
            assert (stage / path.name).read_bytes() == path.read_bytes()
    assert json.loads((stage / "manifest.json").read_text())["fingerprint"] == expected.fingerprint
