"""Users of different roles: who may do what is decided by an auth manager of the tests', by name.

Airflow's simple auth manager knows no permissions for single DAGs; production's do. Log-ins, cookies and
tokens are the simple one's own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

from tests.web.door import Door

PASSWORD = "a-password"
# Who reads everything; the DAG ``crm`` only; everything but logs; nothing.
ADMIN, OF_CRM, WITHOUT_LOGS, STRANGER = "admin", "of_crm", "without_logs", "stranger"
ROLES = {ADMIN: "admin", OF_CRM: "viewer", WITHOUT_LOGS: "viewer", STRANGER: "viewer"}
CRM, SHOP = "crm", "shop"


class ByName(SimpleAuthManager):
    """Permissions for single DAGs, as production's auth managers have them."""

    def is_authorized_dag(
        self,
        *,
        method: Any,
        user: Any,
        access_entity: DagAccessEntity | None = None,
        details: DagDetails | None = None,
    ) -> bool:
        name = user.username
        if name == STRANGER or (name == OF_CRM and (details is None or details.id != CRM)):
            return False
        if name == WITHOUT_LOGS and access_entity is DagAccessEntity.TASK_LOGS:
            return False
        return super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )


def settings(folder: Path) -> dict[str, str]:
    """The environment of an API server that knows these users."""
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(ROLES, PASSWORD)))
    return {
        "AIRFLOW__CORE__AUTH_MANAGER": f"{ByName.__module__}.{ByName.__qualname__}",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{who}:{role}" for who, role in ROLES.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }


def log_in(door: Door, user: str) -> str:
    """Log a user in as the REST API does; the token."""
    answer = door.request("POST", "/auth/token", json={"username": user, "password": PASSWORD})
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token
