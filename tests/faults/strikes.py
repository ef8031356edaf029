"""What a random killer does to an Airflow: components and tasks are killed, or frozen for a while.

All that it decides comes from one seeded generator, so that the order of its strikes can be had again; what
each one hits depends on the moment.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from threading import Timer

from local.processes import kill_at_once, members
from tests.faults.under_fire import UnderFire

# Seconds. A task that is not heard of for 20 s is taken for dead and tried again (``under_fire.SETTINGS``):
# some freezes outlast that, so that a thawed sender meets its own retry.
LONGEST_FREEZE = 30.0
LONGEST_ABSENCE = 6.0


@dataclass
class Strikes:
    """Strikes at random.

    :param tasks: the processes of the tasks that run now.
    :param counts: how often each kind of strike hit something.
    """

    airflow: UnderFire
    random: Random
    tasks: Callable[[], Sequence[int]]
    counts: Counter[str] = field(default_factory=Counter)
    _thaws: list[Timer] = field(default_factory=list)

    def strike(self) -> None:
        """Do one thing to one victim, if there is one."""
        kinds = (self._kill_component, self._kill_task, self._freeze_component, self._freeze_task)
        self.random.choices(kinds, weights=(3, 4, 2, 4))[0]()

    def thaw(self) -> None:
        """Let all go on that are frozen."""
        for timer in self._thaws:
            timer.cancel()
            timer.function(*timer.args)
        self._thaws.clear()

    def _kill_component(self) -> None:
        component = self.random.choice(sorted(self.airflow.services))
        absence = self.random.uniform(0.0, LONGEST_ABSENCE)
        self.counts[f"kill {component}"] += 1
        with self.airflow.without(component):
            time.sleep(absence)

    def _kill_task(self) -> None:
        alone = self.random.random() < 0.7
        if not (task := self._some_task()):
            return
        self.counts["kill task" if alone else "kill task and worker"] += 1
        if alone:
            kill_at_once(task)
            return
        with self.airflow.without_workers_of([task]):
            pass

    def _freeze_component(self) -> None:
        component = self.random.choice(sorted(self.airflow.services))
        service = self.airflow.stack.service(self.airflow.services[component])
        self.counts[f"freeze {component}"] += 1
        self._freeze(members(service.pid))

    def _freeze_task(self) -> None:
        if task := self._some_task():
            self.counts["freeze task"] += 1
            self._freeze([task])

    def _some_task(self) -> int | None:
        tasks = sorted(self.tasks())
        return self.random.choice(tasks) if tasks else None

    def _freeze(self, pids: Sequence[int]) -> None:
        _send(pids, signal.SIGSTOP)
        timer = Timer(self.random.uniform(0.5, LONGEST_FREEZE), _send, (pids, signal.SIGCONT))
        timer.daemon = True
        timer.start()
        self._thaws.append(timer)


def _send(pids: Sequence[int], signal_number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal_number)
