"""Starting and stopping the processes of a local Airflow.

Each process leads its own group, so that whatever it starts ends with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

QUIET, LONGEST = 180.0, 1800.0
"""Seconds that a start may take without a sign of work, and in all."""


class StartError(RuntimeError):
    """A process ended, or was not ready in time; the message holds the end of its log."""


@dataclass
class Service:
    """One process that runs in the background.

    :param name: what it is called in messages, and the stem of its log file.
    :param command: program and arguments.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; its output goes to its log."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, which is the id of its group as well."""
        if self.process is None:
            raise StartError(f"{self.name} was not started")
        return self.process.pid

    def check(self) -> None:
        """Complain when the process has ended.

        :raises StartError: with the end of its log.
        """
        if self.process is not None and self.process.poll() is not None:
            raise StartError(f"{self.name} ended with status {self.process.returncode}:\n{self.tail()}")

    def work_done(self) -> tuple[int, int]:
        """What grows while the process works: the size of its log, and its processor time in seconds."""
        seconds = 0
        if self.process is not None:
            with suppress(psutil.NoSuchProcess):
                seconds = int(sum(psutil.Process(self.process.pid).cpu_times()[:4]))
        return self.log.stat().st_size if self.log.exists() else 0, seconds

    def tail(self, lines: int = 30) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """End the process and everything that it started."""
        if self.process is not None:
            stop_group(self.process.pid, reap=self.process.poll)

    def kill(self) -> None:
        """End the process and everything that it started at once, as the machine's end would.

        By session and not by group: Airflow gives each task its own group.
        """
        if self.process is None:
            return
        # Again, for one of them may have started another before its turn came.
        while pids := members(self.process.pid):
            for pid in pids:
                kill_at_once(pid)
            self.process.poll()
        # From now on that it does not run is no fault.
        self.process = None


def members(session: int) -> list[int]:
    """The living processes of a session, its leader first."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return sorted(found, key=lambda pid: pid != session)


def kill_at_once(pid: int) -> None:
    """Send SIGKILL; a process that is already gone is not an error."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def stop_group(pid: int, *, patience: float = 20.0, reap: Callable[[], object] = lambda: None) -> None:
    """End a process group: politely first, then for sure.

    :param pid: the leader's process id.
    :param patience: seconds between the two.
    :param reap: collects the leader, where it is a child of ours; a zombie would count as alive.
    """
    for signal_number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(pid, signal_number)
        except ProcessLookupError:
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            reap()
            if not is_alive(pid):
                return
            time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether any process of the group is there."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(
    ready: Callable[[], bool],
    *,
    services: Sequence[Service],
    what: str,
    seconds: float = QUIET,
    longest: float = LONGEST,
) -> None:
    """Wait until a condition holds, for as long as the services show signs of work.

    On a busy machine Airflow takes many times as long to start as on an idle one.

    :param seconds: how long without a sign of work before it gives up.
    :param longest: seconds after which to give up in any case.
    :raises StartError: naming what was waited for; at once when a service has ended.
    """
    started = changed = time.monotonic()
    seen: list[tuple[int, int]] = []
    while not ready():
        for service in services:
            service.check()
        now = time.monotonic()
        if (work := [service.work_done() for service in services]) != seen:
            seen, changed = work, now
        if now - changed > seconds or now - started > longest:
            tails = "\n\n".join(f"--- {service.name}\n{service.tail()}" for service in services)
            waited = f"{now - started:.0f} s, the last {now - changed:.0f} s without a sign of work"
            raise StartError(f"{what} for {waited}\n{tails}")
        time.sleep(0.2)
