"""The ``.env`` of docker-compose.yaml: fresh secrets, written once.

``python3 -m local.env_file`` needs nothing but Python, for whoever runs containers need not install Airflow.
"""

from __future__ import annotations

import os
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

PATH = Path(__file__).resolve().parents[1] / ".env"
# The base image's own user; Airflow should not run as root, whoever runs compose.
IMAGE_USER = 50000


def fernet_key() -> str:
    """32 random bytes, as Fernet wants them written."""
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def user_id() -> str:
    """The user that the containers run as: yours, so that they can read your checkout."""
    mine = os.getuid() if hasattr(os, "getuid") else 0
    return str(mine or IMAGE_USER)


# Passwords go into URLs and into JSON, so their alphabet is that of token_urlsafe.
VARIABLES: dict[str, Callable[[], str]] = {
    "AIRFLOW_UID": user_id,
    "AIRFLOW_ADMIN_PASSWORD": lambda: secrets.token_urlsafe(18),
    "AIRFLOW_FERNET_KEY": fernet_key,
    # Airflow warns at every request below 64 bytes.
    "AIRFLOW_JWT_SECRET": lambda: secrets.token_urlsafe(64),
    "AIRFLOW_API_SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "POSTGRES_PASSWORD": lambda: secrets.token_urlsafe(32),
    "REDIS_PASSWORD": lambda: secrets.token_urlsafe(32),
    "CALLBACK_SECRET": lambda: secrets.token_urlsafe(32),
    "SANDBOX_API_KEY": lambda: f"sandbox-{secrets.token_urlsafe(24)}",
}


def complete(path: Path) -> list[str]:
    """Write the variables that the file does not have; what it has stays, to the byte.

    :param path: the file; made, readable by its owner only, when it is missing.
    :return: the names of the variables that were added.
    """
    kept = path.read_text() if path.exists() else ""
    present = set(re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", kept, re.MULTILINE))
    added = [name for name in VARIABLES if name not in present]
    if added:
        path.touch(mode=0o600)
        path.chmod(0o600)
        separator = "" if not kept or kept.endswith("\n") else "\n"
        with path.open("a") as file:
            file.write(separator + "".join(f"{name}={VARIABLES[name]()}\n" for name in added))
    return added


def main() -> None:
    """Complete the project's file and say what that changed."""
    added = complete(PATH)
    print(f"{PATH.name}: added {', '.join(added)}" if added else f"{PATH.name} has everything; left as it is")


if __name__ == "__main__":
    main()
