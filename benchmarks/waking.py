"""How soon a waiting task is resumed once its import has ended: by a callback, and by polls.

On a real Airflow with LocalExecutor. The platform holds all imports until the tasks are deferred and may be
resumed, and then lets them end in the same moment. Timed over Airflow's REST API, asked all the time.
"""

from __future__ import annotations

import json
import logging
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any

from email_contacts.sandbox import SandboxServer
from email_contacts.trigger import RESUME_GRACE
from local.home import PROJECT, Home
from local.processes import wait_until
from local.stack import Stack

WAYS = ("callback", "poll_5_s", "poll_60_s")
# Seconds after the guard against early resumption, for polls come at no better a moment than others.
RELEASES = (3.0, 31.0)


def connect(stack: Stack, platform: SandboxServer, way: str, stage: Path) -> None:
    """Make the connection of one way to wait: only one asks for callbacks, and that one does not poll."""
    extra: dict[str, Any] = {
        "staging_uri": stage.as_uri(),
        "process_polls_per_hour": 3600,
        "max_running_imports": 50,
        "completion_source": "processes",
    }
    if way == "callback":
        extra |= {
            "completion_source": "callback",
            "callback_url": stack.home.url,
            "callback_secret": secrets.token_urlsafe(32),
        }
    stack.rest.put_connection(
        {
            "connection_id": way,
            "conn_type": "email_contacts",
            "host": platform.url,
            "password": platform.api_key,
            "extra": json.dumps(extra),
        }
    )


def one_round(stack: Stack, platform: SandboxServer, release: float) -> dict[str, float]:
    """Run the imports once.

    :return: seconds from the end of the imports to the task being resumed, by way.
    """
    platform.set_knobs(hold="in_process")
    run_id = stack.rest.trigger("waking")

    def states() -> dict[str, str]:
        return {task["task_id"]: str(task["state"]) for task in stack.rest.tasks("waking", run_id)}

    wait_until(
        lambda: set(states().values()) == {"deferred"},
        services=stack.services,
        seconds=120,
        what="waited for the tasks to defer",
    )
    time.sleep(RESUME_GRACE + release)
    platform.set_knobs(hold="none")
    ended, resumed = time.monotonic(), dict[str, float]()
    while len(resumed) < len(WAYS) and time.monotonic() < ended + 120:
        for way, state in states().items():
            if state != "deferred" and way not in resumed:
                resumed[way] = time.monotonic() - ended
        time.sleep(0.02)
    wait_until(
        lambda: set(states().values()) == {"success"},
        services=stack.services,
        seconds=60,
        what="waited for the tasks to end",
    )
    return resumed


def main() -> None:
    """Print the seconds of each way."""
    logging.getLogger("email_contacts.sandbox").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="benchmark-waking-") as folder:
        home = Home(Path(folder) / "home")
        settings = {"AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "benchmarks" / "dags")}
        with (
            SandboxServer(api_key="benchmark-key") as platform,
            Stack(home, sandbox_options=None, settings=settings, dag_ids=("waking",)) as stack,
        ):
            for way in WAYS:
                connect(stack, platform, way, home.stage)
            rounds = [one_round(stack, platform, release) for release in RELEASES]
    print(f"from the end of an import to the resumed task, {len(rounds)} rounds on a real Airflow")
    for way in WAYS:
        print(f"  {way.replace('_', ' ')}: {', '.join(f'{one[way]:.1f} s' for one in rounds)}")


if __name__ == "__main__":
    main()
