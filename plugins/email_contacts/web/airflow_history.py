"""What the pages use that is not public API of Airflow: the user, what he may see, and the history itself.

Written for Airflow 3.3; ``tests/web/pages`` runs it on a real API server. Who wrote an entry is what Airflow
recorded with it, and not what the entry says of itself: any task can write into any asset's state store.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import IO, Any, cast

from airflow.api.common.trigger_dag import trigger_dag
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.exceptions import DagRunAlreadyExists
from airflow.models.asset import AssetModel
from airflow.models.asset_state_store import AssetStateStoreModel as Entry
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import ObjectStoragePath
from airflow.sdk.exceptions import AirflowException
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from email_contacts.contacts.sources.allowed_roots import AllowedRoots
from email_contacts.contacts.staging.manifest import is_list_of
from email_contacts.contacts.staging.uploads import keep_upload, upload_folder
from email_contacts.imports.history import ASSET_NAME, EntryKey, keys_between
from email_contacts.web.airflow_access import Access
from email_contacts.web.airflow_core import read_connection

__all__ = ["GetUserDep", "History", "RunRefused", "StoredReceipt", "TaskEnd", "UploadFailed"]

# Entries that are read in one go: at first as many as a page shows, then more, for a filter may skip most.
FIRST_CHUNK, CHUNK = 40, 500
LISTS = ("/rejects.csv", "/platform_rejects.csv")
RETRIES_SHOWN = 10

log = logging.getLogger(__name__)


class RunRefused(ValueError):
    """Airflow does not start the run; the message is Airflow's."""


class UploadFailed(OSError):
    """A file cannot be kept in the staging folder from here."""


@dataclass(frozen=True)
class StoredReceipt:
    """An entry of the history as it is stored, with who wrote it.

    :param document: ``conn_id`` and ``receipt``; of a task's making, so anything may be wrong with it.
    """

    key: EntryKey
    dag_id: str
    run_id: str
    task_id: str
    document: Any


@dataclass(frozen=True)
class TaskEnd:
    """A task instance of a run, as far as a timeline needs it."""

    task_id: str
    operator: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None


class History:
    """The history of imports as one user may see it.

    :param user: who asks; Airflow's own, from ``GetUserDep``.
    """

    def __init__(self, user: Any) -> None:
        self._access = Access(user)

    def newest_first(self, lower: str, upper: str, parts: Collection[str] = ()) -> Generator[StoredReceipt]:
        """Walk the receipts of a range of keys that the user may see.

        :param lower: the first key that may be given.
        :param upper: the key before which it begins.
        :param parts: texts of which each must occur somewhere in a receipt, its DAG or its run.
        """
        with create_session(scoped=False) as session:
            wanted = [Entry.last_updated_by_dag_id.in_(self._readable(session)), *map(_holds, parts)]
            size = FIRST_CHUNK
            while True:
                rows = session.execute(_entries(lower, upper).where(*wanted).limit(size)).all()
                yield from filter(None, map(_stored, rows))
                if len(rows) < size:
                    return
                upper, size = rows[-1].key, CHUNK

    def one(self, key: EntryKey) -> StoredReceipt | None:
        """Read one receipt; None when it is not there or the user may not see it."""
        with create_session(scoped=False) as session:
            row = session.execute(_entries().where(Entry.key == str(key))).first()
            stored = _stored(row) if row is not None else None
            return stored if stored and self._access.may(session, stored.dag_id) else None

    def of_run(self, dag_id: str, run_id: str) -> list[StoredReceipt] | None:
        """Read the receipts of a run, the newest first; None when the user may not see its DAG."""
        with create_session(scoped=False) as session:
            if not self._access.may(session, dag_id):
                return None
            query = _entries(*keys_between()).where(
                Entry.last_updated_by_dag_id == dag_id, Entry.last_updated_by_run_id == run_id
            )
            found = (_stored(row) for row in session.execute(query.limit(CHUNK)))
            return [one for one in found if one is not None]

    def retries_of(self, key: EntryKey) -> list[StoredReceipt]:
        """Read the receipts of retries of an import that the user may see, the newest first."""
        with closing(self.newest_first(str(key), keys_between()[1], (key.address,))) as later:
            found = (one for one in later if _retry_of(one) == key.address)
            return list(islice(found, RETRIES_SHOWN))

    def may_trigger(self, dag_id: str) -> bool:
        """Whether there is such a DAG, and the user may start runs of it."""
        with create_session(scoped=False) as session:
            return DagModel.get_current(dag_id, session=session) is not None and self._access.may(
                session, dag_id, DagAccessEntity.RUN, method="POST"
            )

    def is_paused(self, dag_id: str) -> bool:
        """Whether runs of a DAG wait until somebody switches it on."""
        with create_session(scoped=False) as session:
            dag = DagModel.get_current(dag_id, session=session)
            return dag is not None and bool(dag.is_paused)

    def has_run(self, dag_id: str, run_id: str) -> bool:
        """Whether there is such a run."""
        with create_session(scoped=False) as session:
            return _has_run(session, dag_id, run_id)

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> None:
        """Start a run in the user's name.

        :param run_id: the same for the same run, which is started once, also when it is asked for at once.
        :param conf: its parameters.
        :raises PermissionError: when the user may not.
        :raises RunRefused: when Airflow refuses the parameters, or runs of this kind.
        """
        if not self.may_trigger(dag_id):
            raise PermissionError
        try:
            run = trigger_dag(
                dag_id=dag_id,
                run_id=run_id,
                triggered_by=DagRunTriggeredByType.UI,
                triggering_user_name=self._access.user.get_name(),
                conf=conf,
            )
        except (DagRunAlreadyExists, IntegrityError):
            if not self.has_run(dag_id, run_id):
                raise
            return
        except (AirflowException, ValueError) as error:
            raise RunRefused(str(error)) from error
        if run is None:
            raise RunRefused("Airflow started no run.")

    def keep_upload(self, conn_id: str, dag_id: str, run_id: str, file: IO[bytes], name: str) -> Any:
        """Keep a file for a run in the staging folder of a connection.

        :param name: its name on the person's computer.
        :return: its path.
        :raises UploadFailed: when this server cannot write there.
        """
        try:
            settings = read_connection(conn_id)
            if settings is None:
                raise FileNotFoundError
            root = cast("Any", ObjectStoragePath(settings.staging_root))
            return keep_upload(upload_folder(root, dag_id, run_id), file, name=name)
        # Whatever a disk, a bucket or its credentials may raise: it cannot be kept from here.
        except Exception as error:
            log.info("a file for %s cannot be kept: %s", dag_id, type(error).__name__)
            raise UploadFailed from error

    def may_read_logs(self, dag_id: str) -> bool:
        """Whether the user may read the logs of a DAG's tasks."""
        with create_session(scoped=False) as session:
            return self._access.may(session, dag_id, DagAccessEntity.TASK_LOGS)

    def tasks_of(self, stored: StoredReceipt) -> list[TaskEnd] | None:
        """Read the tasks of the run that wrote a receipt; None when the run was deleted."""
        with create_session(scoped=False) as session:
            where = {"dag_id": stored.dag_id, "run_id": stored.run_id}
            if not _has_run(session, **where):
                return None
            tasks = session.scalars(select(TaskInstance).filter_by(**where)).all()
            return [
                TaskEnd(
                    one.task_id, str(one.operator or ""), str(one.state or ""), one.start_date, one.end_date
                )
                for one in tasks
            ]

    def open_list(
        self, stored: StoredReceipt, conn_id: str, uri: str, fingerprint: str, source_version: str
    ) -> IO[bytes]:
        """Open a list of rejects of a receipt, for a user who may read the logs of its tasks.

        Both address and connection are what a task wrote, so that only a list in the DAG's own part of the
        connection's staging folder is opened.

        :param fingerprint: of the preparation whose list it is.
        :param source_version: of what that read.
        :raises PermissionError: when the user may not read the logs.
        :raises FileNotFoundError: when there is no such list, or none that may be opened.
        """
        if not self.may_read_logs(stored.dag_id):
            raise PermissionError
        try:
            settings = read_connection(conn_id)
            if settings is None or not uri.endswith(LISTS) or not stored.dag_id.strip("."):
                raise FileNotFoundError
            path = cast("Any", ObjectStoragePath(uri))
            own = cast("Any", ObjectStoragePath(settings.staging_root) / stored.dag_id)
            AllowedRoots([own]).check(path, argument="the list")
            if not is_list_of(path, fingerprint, source_version):
                raise FileNotFoundError
            return cast("IO[bytes]", path.open("rb"))
        except FileNotFoundError:
            raise
        # Whatever a bucket, its credentials or a made-up address may raise: the list cannot be opened here.
        except Exception as error:
            log.info("a list of rejects of %s cannot be opened: %s", stored.dag_id, type(error).__name__)
            raise FileNotFoundError from error

    def _readable(self, session: Session) -> set[str]:
        """The DAGs in the history that the user may read; also those that are gone."""
        query = select(Entry.last_updated_by_dag_id).distinct()
        query = query.join(AssetModel, AssetModel.id == Entry.asset_id).where(AssetModel.name == ASSET_NAME)
        return self._access.readable(session, session.scalars(query))


def _entries(lower: str = "", upper: str = "") -> Any:
    columns = (Entry.key, Entry.value, Entry.last_updated_by_dag_id, Entry.last_updated_by_run_id)
    query = select(*columns, Entry.last_updated_by_task_id)
    query = query.join(AssetModel, AssetModel.id == Entry.asset_id).where(AssetModel.name == ASSET_NAME)
    if upper:
        query = query.where(Entry.key >= lower, Entry.key < upper)
    return query.order_by(Entry.key.desc())


def _has_run(session: Session, dag_id: str, run_id: str) -> bool:
    return session.scalar(select(DagRun.id).filter_by(dag_id=dag_id, run_id=run_id)) is not None


def _retry_of(one: StoredReceipt) -> str:
    """The address of the import that one is a retry of, as far as the entry says so.

    The whole address: one source that a run imports into two lists has two receipts with one id.
    """
    try:
        return str(one.document["receipt"]["retry_of"])
    except (KeyError, TypeError):
        return ""


def _holds(part: str) -> Any:
    columns = (Entry.value, Entry.last_updated_by_dag_id, Entry.last_updated_by_run_id)
    return or_(*(column.icontains(part, autoescape=True) for column in columns))


def _stored(row: Any) -> StoredReceipt | None:
    key, value, dag_id, run_id, task_id = row
    parsed = EntryKey.parse(key)
    # An entry that no task wrote, by the REST API for example, belongs to no DAG: nobody may see it.
    if parsed is None or not (dag_id and run_id and task_id):
        return None
    try:
        return StoredReceipt(parsed, dag_id, run_id, task_id, json.loads(value))
    except ValueError:
        return None
