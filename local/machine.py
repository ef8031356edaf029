"""This machine in the place of containers: the ports, folders and environment that a service gets here.

Only what containers bring is replaced; whatever docker-compose.yaml says stays.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from local.compose import ComposeFile, ComposeService
from local.home import PROJECT, free_port

IMAGE_HOME = "/opt/airflow"
# A container has all ports to itself; here every one that a process listens on must be a free one.
LISTENS = {
    "AIRFLOW__API__PORT": ("airflow-apiserver", 8080),
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": ("airflow-scheduler", 8974),
    "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": ("airflow-worker", 8793),
    "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": ("airflow-triggerer", 8794),
}
_ADDRESS = re.compile(r"(?<![\w.-])([a-z][\w-]*|127\.0\.0\.1):(\d{2,5})\b")


@dataclass(frozen=True)
class Machine:
    """This machine in the place of the containers.

    :param folder: what stands for ``/opt/airflow``.
    :param ports: the port here for a service and its port there; filled as they are asked for.
    """

    compose: ComposeFile
    folder: Path
    ports: dict[tuple[str, int], int] = field(default_factory=dict)

    def lay_out(self) -> None:
        """Make the folder as containers see it: named volumes are folders, the checkout's folders links."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for service in self.compose.services.values():
            for mount in service.mounts:
                if not mount.target.startswith(IMAGE_HOME):
                    continue
                path = self.folder / Path(mount.target).relative_to(IMAGE_HOME)
                if mount.is_named:
                    path.mkdir(parents=True, exist_ok=True)
                elif not path.exists():
                    path.symlink_to(PROJECT / mount.source)

    def port(self, service: str, inside: int) -> int:
        """The port of this machine where a service's port is."""
        key = (service, inside)
        if key not in self.ports:
            self.ports[key] = free_port()
        return self.ports[key]

    def command(self, service: ComposeService) -> list[str]:
        """What the image's entry point would run."""
        command = [self._here(part, local=service.name) for part in service.command]
        if service.name == "sandbox":
            command += ["--host=127.0.0.1", f"--port={self.port('sandbox', 8080)}"]
        return command if command[0] in ("bash", "python") else ["airflow", *command]

    def health(self, service: ComposeService) -> list[str]:
        """The health check; ``localhost`` in it is the service itself."""
        return [self._here(part, local=service.name) for part in service.health]

    def environment(self, service: ComposeService) -> dict[str, str]:
        """The service's environment, and nothing of the caller's but what every program needs."""
        inherited = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        return {
            **inherited,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOSTNAME": socket.gethostname(),
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__API__HOST": "127.0.0.1",
            **{name: str(self.port(*listens)) for name, listens in LISTENS.items()},
            **{name: self._here(value) for name, value in service.environment.items()},
        }

    def _here(self, text: str, *, local: str | None = None) -> str:
        """The same text with the addresses and paths of this machine.

        :param local: the service that ``localhost`` means; None: whichever publishes the port to the outside.
        """

        def address(match: re.Match[str]) -> str:
            host, port = match[1], int(match[2])
            if host not in ("localhost", "127.0.0.1"):
                return f"127.0.0.1:{self.port(host, port)}" if host in self.compose.services else match[0]
            if local:
                return f"127.0.0.1:{self.port(local, port)}"
            for service in self.compose.services.values():
                if port in service.published:
                    return f"127.0.0.1:{self.port(service.name, service.published[port])}"
            return match[0]

        return _ADDRESS.sub(address, text).replace(IMAGE_HOME, str(self.folder))
