"""``make up`` and ``make down``: the same Airflow and sandbox, left running."""

from __future__ import annotations

import json
from dataclasses import asdict

from local.home import PROJECT, USER, Home
from local.processes import is_alive, stop_group
from local.stack import API_KEY, Stack

FOLDER = PROJECT / ".local" / "up"
STATE = FOLDER / "running.json"


def up() -> int:
    """Start everything in the background and say where it is; data of an earlier time is kept."""
    if STATE.exists() and any(is_alive(pid) for pid in json.loads(STATE.read_text())["pids"]):
        print("It is running already; `make down` stops it.")
        return 1
    stack = Stack(_home(), sandbox_options=("--process-seconds", "6"))
    try:
        stack.start()
    except BaseException:
        stack.stop()
        raise
    _write(stack)
    print(f"Airflow   {stack.home.url}  (user {USER}, password {stack.home.password})")
    print(f"sandbox   {stack.sandbox_url}  (API key {API_KEY})")
    print("Open the DAG import_contacts and press Trigger. `make down` stops everything.")
    return 0


def down() -> int:
    """Stop what ``up`` started; its data stays."""
    if not STATE.exists():
        print("Nothing is running.")
        return 0
    for pid in reversed(json.loads(STATE.read_text())["pids"]):
        stop_group(pid)
    STATE.unlink()
    print("Stopped.")
    return 0


def _home() -> Home:
    """The home of an earlier time, for its secrets decrypt what its database holds; otherwise a new one."""
    kept = FOLDER / "home.json"
    if kept.exists():
        return Home(FOLDER, **json.loads(kept.read_text()))
    home = Home(FOLDER)
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept.touch(mode=0o600)
    secrets = {key: value for key, value in asdict(home).items() if key != "folder"}
    kept.write_text(json.dumps(secrets))
    return home


def _write(stack: Stack) -> None:
    STATE.write_text(json.dumps({"pids": [service.pid for service in stack.services], "url": stack.home.url}))
