"""The submission queue: task starts, process requests and order of many imports at once; delays by a kill.

The operators, triggers and requests are real, the sandbox is asked over HTTP. Airflow's part is played in one
process: tasks start in threads, triggers share one event loop, and the variables are a dictionary whose calls
are atomic. The pause of 8 seconds before a deferred task is resumed is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

from email_contacts.imports.queue.entries import Phase, QueueEntries, Ticket
from email_contacts.imports.shared_store import TaskKey
from email_contacts.imports.waiting.rate_budget import Bucket
from email_contacts.sandbox import SandboxServer

CONN_ID = "email_contacts_default"
LIST = 2
PER_HOUR = 3600


class Shared:
    """What tasks share; stands in for :class:`email_contacts.variables.SharedVariables`."""

    takes_threads = True

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.states: dict[TaskKey, str] = {}
        self.lock = threading.Lock()

    def keys(self, prefix: str) -> Sequence[str]:
        with self.lock:
            return [key for key in self.values if key.startswith(prefix)]

    def get(self, key: str) -> str | None:
        return self.values.get(key)

    def set(self, key: str, value: str) -> None:
        with self.lock:
            self.values[key] = value

    def delete(self, key: str) -> None:
        with self.lock:
            self.values.pop(key, None)

    def task_state(self, task: TaskKey) -> str | None:
        return self.states.get(task, "running")


SHARED = Shared()


class TaskState(dict[str, Any]):
    """The state store of one task."""

    set = dict.__setitem__

    def delete(self, key: str) -> None:
        self.pop(key, None)


@dataclass
class Runs:
    """So many runs of one task each.

    :param starts: of tasks in a worker: the first one, and one for each time that a task was resumed.
    :param to_judge: those of them that only judge the end of a task's own import.
    :param arrived: when each task was started first.
    :param processes: the process of each task; the platform counts them up.
    """

    waits: bool
    starts: int = 0
    to_judge: int = 0
    arrived: dict[int, float] = field(default_factory=dict)
    processes: dict[int, int] = field(default_factory=dict)

    async def run(self, number: int) -> None:
        from airflow.sdk.exceptions import TaskDeferred

        from email_contacts.operators.imports import ImportContactsOperator

        operator = ImportContactsOperator(
            task_id="import",
            list_ids=[LIST],
            json_body=[{"email": f"p{number}@example.com"}],
            wait_for_completion=self.waits,
            deferrable=True,
            poll_interval=0.5,
        )
        ti = SimpleNamespace(
            dag_id="a_dag", run_id=f"run_{number}", task_id="import", map_index=-1, max_tries=2,
            xcom_push=lambda *_: None,
        )  # fmt: skip
        context: Any = {"ti": ti, "task_state_store": TaskState()}
        step: Callable[[], Any] = partial(operator.execute, context)
        while True:
            self.starts += 1
            self.arrived.setdefault(number, time.time())
            try:
                self.processes[number] = await asyncio.to_thread(step)
                return
            except TaskDeferred as deferred:
                event = await anext(aiter(deferred.trigger.run()))
                self.to_judge += deferred.method_name == "execute_complete"
                resume = getattr(operator, deferred.method_name)
                step = partial(resume, context, event=event.payload, **(deferred.kwargs or {}))

    @property
    def served(self) -> list[int]:
        return sorted(self.processes, key=lambda number: self.processes[number])


def allowed(seconds: float) -> int:
    """How many process requests the hourly budget allows an account that has made none for long."""
    bucket = Bucket(PER_HOUR)
    return int(bucket.capacity + seconds / bucket.seconds_per_token)


async def at_once(sandbox: SandboxServer, number: int, *, waits: bool) -> None:
    """So many runs, which arrive a tenth of a second apart while the first import still runs."""
    SHARED.values.clear()
    sandbox.reset()
    sandbox.set_knobs(process_seconds=1.0)
    runs, begin = Runs(waits), time.monotonic()

    async def arrive(one: int) -> None:
        await asyncio.sleep(one * 0.1)
        await runs.run(one)

    await asyncio.gather(*(arrive(one) for one in range(number)))
    seconds = time.monotonic() - begin
    asked = sum(entry.route in ("process", "processes") for entry in sandbox.journal())
    order = sorted(runs.arrived, key=lambda one: runs.arrived[one])
    out_of_order = sum(one != two for one, two in zip(order, runs.served, strict=True))
    print(
        f"{number} imports at once, wait_for_completion={waits}: "
        f"{(runs.starts - runs.to_judge) / number:.2f} starts per import to queue and submit, "
        f"{runs.to_judge / number:.2f} to judge its end, "
        f"{asked / number:.1f} process requests per import "
        f"({asked} in {seconds:.0f} s; the budget allows {allowed(seconds)}), "
        f"{out_of_order} served out of the order of arrival",
        flush=True,
    )


async def after_a_kill(sandbox: SandboxServer, phase: Phase, state: str) -> None:
    """How long the next task waits for one that was killed and left its entry."""
    SHARED.values.clear()
    sandbox.reset()
    killed = ("a_dag", "run_killed", "import", -1)
    SHARED.states[killed] = state
    ticket = Ticket.of(killed, arrived=int(time.time() * 1000) - 1000)
    QueueEntries(SHARED, CONN_ID).write(ticket, phase, killed)
    begin = time.monotonic()
    await Runs(waits=False).run(1)
    print(
        f"killed while {phase.value}, its task in state {state}: next after {time.monotonic() - begin:.1f} s",
        flush=True,
    )


async def measure(sandbox: SandboxServer, number: int) -> None:
    await Runs(waits=False).run(0)  # what is loaded once in a process is loaded
    await at_once(sandbox, 10, waits=False)
    await at_once(sandbox, 10, waits=True)
    for state in ("up_for_retry", "running"):
        for phase in Phase:
            await after_a_kill(sandbox, phase, state)
    await at_once(sandbox, number, waits=False)
    await at_once(sandbox, number, waits=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue", description=__doc__)
    parser.add_argument("--imports", type=int, default=50, help="imports at once (default: 50)")
    number = parser.parse_args().imports
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    from email_contacts import variables
    from email_contacts.operators import _waiting

    for name in ("keys", "get", "set", "delete", "task_state"):
        setattr(variables.SharedVariables, name, getattr(SHARED, name))
    setattr(_waiting, "RESUME_GRACE", 0.0)  # noqa: B010  a name that the module only imports
    with SandboxServer(api_key="benchmark-key") as sandbox:
        extra = {"process_polls_per_hour": PER_HOUR, "requests_per_second": 100}
        os.environ[f"AIRFLOW_CONN_{CONN_ID.upper()}"] = json.dumps(
            {"conn_type": "email_contacts", "host": sandbox.url, "password": sandbox.api_key, "extra": extra}
        )
        asyncio.run(measure(sandbox, number))


if __name__ == "__main__":
    main()
