"""What a user may see and do, by Airflow's own authorisation. Not public API of Airflow; written for 3.3."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.models.dag import DagModel
from sqlalchemy.orm import Session


class Access:
    """The permissions of one user.

    :param user: who asks; Airflow's own, from ``GetUserDep``.
    """

    def __init__(self, user: Any) -> None:
        self.user = user
        self._auth = cast("Any", get_auth_manager())

    def readable(self, session: Session, dag_ids: Iterable[str | None]) -> set[str]:
        """Those of some DAGs, also of such that are gone, that the user may read."""
        known = {dag_id for dag_id in dag_ids if dag_id}
        teams = DagModel.get_dag_id_to_team_name_mapping(list(known), session=session)
        by_team: dict[str | None, set[str]] = {}
        for dag_id in known:
            by_team.setdefault(teams.get(dag_id), set()).add(dag_id)
        readable: set[str] = set()
        for team, ids in by_team.items():
            readable |= self._auth.filter_authorized_dag_ids(dag_ids=ids, user=self.user, team_name=team)
        return readable

    def may(
        self, session: Session, dag_id: str, entity: DagAccessEntity | None = None, method: Any = "GET"
    ) -> bool:
        """Whether the user may read a DAG, or do something else with a part of it."""
        team = DagModel.get_dag_id_to_team_name_mapping([dag_id], session=session).get(dag_id)
        return bool(
            self._auth.is_authorized_dag(
                method=method,
                access_entity=entity,
                details=DagDetails(id=dag_id, team_name=team),
                user=self.user,
            )
        )
