"""Where one local Airflow lives, and the environment that its processes get."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
USER = "admin"


def free_port() -> int:
    """Ask the system for a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Home:
    """The folder, ports and secrets of one local Airflow.

    :param folder: its ``AIRFLOW_HOME``; made when missing.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    worker_log_port: int = field(default_factory=free_port)
    trigger_log_port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    @property
    def url(self) -> str:
        """The address of the UI and of the REST API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def stage(self) -> Path:
        """Where batches, rejects and receipts go."""
        return self.folder / "stage"

    @property
    def logs(self) -> Path:
        """Where the tasks and the processes write their logs."""
        return self.folder / "logs"

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the metadata database, for all but the API server.

        A writer waits longer for another one than SQLite's 5 seconds, for Airflow's scheduler ends where it
        is refused.
        """
        return f"sqlite:///{self.folder / 'airflow.db'}?timeout=120"

    @property
    def database_of_api_server(self) -> str:
        """The same for the API server, which gives up first.

        It may wait in its event loop for a lock whose holder waits for that loop. Then it must answer 500,
        which is asked again, while the other processes still wait.
        """
        return f"sqlite:///{self.folder / 'airflow.db'}?timeout=5"

    def create(self) -> None:
        """Make the folder, and the file from which Airflow's simple auth manager reads the password."""
        self.logs.mkdir(parents=True, exist_ok=True)
        passwords = self.folder / "passwords.json"
        passwords.touch(mode=0o600)
        passwords.write_text(f'{{"{USER}": "{self.password}"}}')

    def environment(self) -> dict[str, str]:
        """The environment of every process of this Airflow; none of the caller's own Airflow leaks in."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
        return {
            **inherited,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__FERNET_KEY": urlsafe_b64encode(bytes.fromhex(self.secret)).decode(),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.folder / "passwords.json"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": self.secret,
            "AIRFLOW__API_AUTH__JWT_SECRET": self.secret,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.database,
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.logs),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.worker_log_port),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.trigger_log_port),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
            # A DAG that could not be parsed for a while, as on a busy machine, is still there (50 s).
            "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "3600",
        }
