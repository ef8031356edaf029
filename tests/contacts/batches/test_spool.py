"""Files between the two halves of a preparation."""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from email_contacts.contacts.batches.spool import NamelessFiles, Spool, StagedFiles


def test_what_was_written_is_read_from_its_start() -> None:
    with closing(NamelessFiles()) as spool:
        for name in ("a", "b"):
            spool.create(name).write(name.encode() * 100_000)
        for _ in range(2):
            assert spool.open("a").read() == b"a" * 100_000
        assert spool.open("b").read(3) == b"bbb"


def test_nameless_files_have_no_name_and_are_gone_when_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spool = NamelessFiles()
    file = spool.create("a")
    file.write(b"x" * 100_000)
    assert list(tmp_path.iterdir()) == []
    spool.close()
    assert file.closed
    spool.close()


def test_nameless_files_go_with_the_process(tmp_path: Path) -> None:
    script = (
        "import os, signal\n"
        "from email_contacts.contacts.batches.spool import NamelessFiles\n"
        "file = NamelessFiles().create('a')\n"
        "file.write(b'x' * 1_000_000)\n"
        "file.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    plugins = Path(__file__).resolve().parents[3] / "plugins"
    run = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(plugins), "TMPDIR": str(tmp_path)}, check=False
    )
    assert run.returncode == -9
    assert list(tmp_path.iterdir()) == []


def test_staged_files_are_read_by_another_task(tmp_path: Path) -> None:
    first: Spool = StagedFiles(tmp_path)
    with closing(first):
        first.create("bodies").write(b"x" * 100_000)
    assert stat.S_IMODE((tmp_path / "part-bodies").stat().st_mode) == 0o600
    second = StagedFiles(tmp_path)
    file = second.open("bodies")
    assert file.read() == b"x" * 100_000
    second.close()
    assert file.closed
