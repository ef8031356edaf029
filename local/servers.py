"""PostgreSQL and Redis as plain processes, each with a fresh private folder and its own port.

They take their settings from the environment of the compose file's services, as the images' entry points do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.processes import StartError

# What has to be installed, and Debian's name of its package.
PROGRAMS = {
    "initdb": "postgresql",
    "postgres": "postgresql",
    "pg_isready": "postgresql-client",
    "redis-server": "redis-server",
    "redis-cli": "redis-tools",
    "curl": "curl",
}
# PostgreSQL refuses to run as root; its package brings this user.
POSTGRES_USER = "postgres"


def find_program(name: str) -> str | None:
    """Where a program is; Debian keeps PostgreSQL's servers out of the search path."""
    newest_first = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return shutil.which(name) or next(map(str, newest_first), None)


def missing_programs() -> list[str]:
    """What is not installed, each with its package."""
    return [f"{name} (Debian: {package})" for name, package in PROGRAMS.items() if find_program(name) is None]


def make_postgres(environment: Mapping[str, str], *, folder: Path, port: int) -> list[str]:
    """Make a database cluster as the official image does: one superuser, one database, passwords over TCP.

    :param environment: ``POSTGRES_USER``, ``POSTGRES_PASSWORD`` and ``POSTGRES_DB``.
    :param folder: empty, private, and reachable for every user of this machine.
    :return: the command that serves it, on the loopback interface only.
    :raises StartError: with the output of a PostgreSQL program.
    """
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(environment["POSTGRES_PASSWORD"])
    prefix: list[str] = []
    if os.geteuid() == 0:
        for path in (folder, password):
            shutil.chown(path, POSTGRES_USER, POSTGRES_USER)
        prefix = ["setpriv", f"--reuid={POSTGRES_USER}", f"--regid={POSTGRES_USER}", "--clear-groups"]
    data = folder / "data"
    make = ["--no-sync", f"--username={environment['POSTGRES_USER']}", f"--pwfile={password}"]
    _run([*prefix, _program("initdb"), *make, "--auth=scram-sha-256", "--encoding=UTF8", f"--pgdata={data}"])
    # In single-user mode, before there is a server: nobody has to wait for one.
    statement = f'CREATE DATABASE "{environment["POSTGRES_DB"]}"'
    _run([*prefix, _program("postgres"), "--single", "-D", str(data), "postgres"], text=statement)
    password.unlink()
    return [*prefix, _program("postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", ""]


def make_redis(environment: Mapping[str, str], *, folder: Path, port: int) -> list[str]:
    """Write a configuration with the password in it.

    :param environment: ``REDISCLI_AUTH``.
    :param folder: empty and private.
    :return: the command that serves it, on the loopback interface only.
    """
    configuration = folder / "redis.conf"
    configuration.touch(mode=0o600)
    lines = (
        f"requirepass {environment['REDISCLI_AUTH']}",
        f"port {port}",
        "bind 127.0.0.1",
        f"dir {folder}",
        "appendonly yes",
    )
    configuration.write_text("\n".join(lines))
    return [_program("redis-server"), str(configuration)]


def _program(name: str) -> str:
    found = find_program(name)
    if found is None:
        raise StartError(f"not installed: {', '.join(missing_programs())}")
    return found


def _run(command: Sequence[str], *, text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise StartError(f"{command[0]} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
