"""``make soak``: imports without an end on a real Airflow whose parts are killed and frozen at random.

Each import has a platform of its own. When its run has ended, what the platform counted is held against the
receipt. Exit code 0 only if nothing was doubled, lost or told untruly, and every run ended in success.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any

import requests

from tests.faults.audit import audit
from tests.faults.strikes import Strikes
from tests.faults.trial import ENDED, Trial
from tests.faults.under_fire import DAG_IDS, UnderFire, celery_executor, local_executor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WRONG = ("doubled", "lost", "false receipt", "failed", "never ended")
EXECUTORS = {"local": local_executor, "celery": celery_executor}
SIDE_BY_SIDE = 4
# Seconds.
LONGEST_PAUSE = 5.0
LONGEST_IMPORT = 8.0
AFTERWARDS = 600.0
# What the platform itself does to a request, on top of everything else; most often nothing.
PLATFORM_FAULTS = (None, None, None, "524_after_accepting", "reset_after_accepting", "524", "reset")


class Soak:
    """Runs side by side, begun anew as they end.

    :param folder: for their files.
    """

    def __init__(self, airflow: UnderFire, random: Random, folder: Path) -> None:
        self._airflow = airflow
        self._random = random
        self._folder = folder
        self._running: list[Trial] = []
        self._begun = 0
        self.strikes = Strikes(airflow, Random(random.random()), self._task_processes)
        self.findings: Counter[str] = Counter()

    def go_on(self, seconds: float) -> None:
        """Strike until the time is over, and see how each run ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._collect()
            while len(self._running) < SIDE_BY_SIDE:
                self._begin()
            time.sleep(self._random.uniform(0.0, LONGEST_PAUSE))
            self.strikes.strike()
        self.strikes.thaw()
        self._finish()

    def close(self) -> None:
        """Thaw what is frozen, and stop the platforms."""
        self.strikes.thaw()
        for trial in self._running:
            trial.end()

    def _begin(self) -> None:
        self._begun += 1
        name = f"soak-{self._begun}"
        fault = self._random.choice(PLATFORM_FAULTS)
        trial = Trial(
            self._airflow,
            name,
            dag_id=self._random.choice(DAG_IDS),
            folder=self._folder / name,
            knobs={
                "process_seconds": self._random.uniform(0.0, LONGEST_IMPORT),
                "faults": [{"route": "import", "kind": fault, "times": 1}] if fault else [],
            },
        )
        self._running.append(trial)
        trial.begin()

    def _collect(self) -> None:
        for trial in list(self._running):
            # An API server that does not answer now is asked again the next time.
            with suppress(requests.RequestException):
                if self._state(trial) in ENDED:
                    self._judge(trial, list(audit(trial)))
                    self._running.remove(trial)

    def _finish(self) -> None:
        end = time.monotonic() + AFTERWARDS
        while self._running and time.monotonic() < end:
            self._collect()
            time.sleep(0.5)
        for trial in self._running:
            self._find(trial, "never ended", "")

    def _judge(self, trial: Trial, findings: Iterable[tuple[str, str]]) -> None:
        for kind, detail in findings:
            self._find(trial, kind, detail)
        self.findings["runs"] += 1
        trial.end()
        shutil.rmtree(trial.folder, ignore_errors=True)

    def _find(self, trial: Trial, kind: str, detail: str) -> None:
        self.findings[kind] += 1
        if kind != "sent again":
            print(f"{kind}: {detail}\n{trial.report()}", flush=True)

    def _state(self, trial: Trial) -> str:
        return str(self._airflow.stack.rest.run(trial.dag_id, trial.run_id)["state"])

    def _task_processes(self) -> list[int]:
        found: list[int] = []
        for trial in self._running:
            with suppress(requests.RequestException):
                tasks: list[dict[str, Any]] = self._airflow.stack.rest.tasks(trial.dag_id, trial.run_id)
                found += [task["pid"] for task in tasks if task["state"] == "running" and task["pid"]]
        return found


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="airflow-soak-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Soak one Airflow, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--executor", choices=EXECUTORS, default="local")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    asked = parser.parse_args()
    print(f"soak: {asked.minutes:g} minutes, {asked.executor}, seed {asked.seed}", flush=True)
    random = Random(asked.seed)
    with workspace() as folder, EXECUTORS[asked.executor](folder / "airflow") as airflow:
        soak = Soak(airflow, random, folder)
        try:
            soak.go_on(asked.minutes * 60)
        finally:
            soak.close()
    found = soak.findings
    counts = {kind: found[kind] for kind in ("runs", "sent again", *WRONG)}
    print(json.dumps({**counts, "strikes": dict(sorted(soak.strikes.counts.items()))}), flush=True)
    return 1 if any(found[kind] for kind in WRONG) or not found["runs"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
