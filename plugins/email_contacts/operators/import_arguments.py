"""The arguments of ``ImportContactsOperator``, read and checked: plain values, and the job made of them.

Built from rendered values, so that it is tested without an operator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from email_contacts.arguments import (
    InvalidArgument,
    as_flag,
    as_id,
    as_list_ids,
    as_name,
    as_seconds,
    as_text,
    exactly_one,
)
from email_contacts.imports.submission.import_job import ImportCallback, ImportJob
from email_contacts.imports.submission.staged_file import StagedFile
from email_contacts.operators.staged_files import check_expires, is_for_fetching, signed_address, staged_batch

if TYPE_CHECKING:
    from email_contacts.api import ImportRequest

SOURCES = ("batch_uri", "file_url", "file_body", "json_body")
FLAGS = (
    "email_blacklist",
    "sms_blacklist",
    "disable_notification",
    "update_existing_contacts",
    "empty_contacts_attributes",
)


def given_rows(name: str, rows: Any) -> Any:
    """Take rows as the DAG's author gave them, when the DAG is parsed.

    :raises InvalidArgument: for what is resolved or rendered at run time, which rows are not.
    """
    from airflow.sdk import XComArg

    if isinstance(rows, XComArg) or (isinstance(rows, str) and rows.lstrip().startswith("{{")):
        raise InvalidArgument(
            f"{name} is the output of a task or a template, and takes rows only, because rows do not belong "
            "in XCom; write them to a file, and prepare it with PrepareContactsOperator"
        )
    return rows


@dataclass(frozen=True)
class ImportArguments:
    """The rendered arguments of one import. Rows and addresses are kept out of ``repr``.

    :param sources: the one source, by its name.
    :param list_ids: lists that exist.
    :param new_list: name and folder of a list to find or to create; None for none.
    :param notify_url: an address of the user's own; None for none.
    :param flags: the API's flags, by their names.
    :param file_url_expires: seconds that a signed address is valid for.
    """

    sources: Mapping[str, Any] = field(repr=False)
    list_ids: tuple[int, ...]
    new_list: tuple[str, int] | None
    notify_url: str | None = field(repr=False)
    flags: Mapping[str, bool]
    file_url_expires: int

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> ImportArguments:
        """Read rendered values.

        :param given: the operator's arguments of the same names.
        :raises InvalidArgument: naming the argument, the rule and the fix.
        """
        source = exactly_one(**{name: given[name] for name in SOURCES})
        value = given[source]
        if source == "batch_uri" and isinstance(value, Sequence) and not isinstance(value, str):
            raise InvalidArgument(
                f"batch_uri is a {type(value).__name__}, and must be one address: expand the import over the "
                "output of one preparation. A mapped one returns a list for each of its tasks; give one a "
                "folder or a pattern as its source instead, or use MergePartitionsOperator"
            )
        return cls(
            sources={source: as_text(value, source) if source in ("batch_uri", "file_url") else value},
            list_ids=tuple(as_list_ids(given["list_ids"], "list_ids")),
            new_list=_new_list(given["new_list"]) if given["new_list"] else None,
            notify_url=as_text(given["notify_url"], "notify_url") if given["notify_url"] else None,
            flags={name: as_flag(given[name], name) for name in FLAGS},
            file_url_expires=check_expires(given["file_url_expires"]),
        )

    def job(self, find_list: Callable[[str, int], int], callback: ImportCallback) -> ImportJob:
        """Make the job; the batch is read from its stage only here, and a new list is found or created.

        :param find_list: finds or creates the list of a name in a folder, and gives its id.
        :raises InvalidArgument: when the batch is not there, or cannot be given to the platform.
        :raises email_contacts.api.InvalidRequest: for arguments that do not go together.
        """
        staged, sign, sources = None, None, dict(self.sources)
        if "batch_uri" in sources:
            batch = staged_batch(sources.pop("batch_uri"))
            if is_for_fetching(batch.name):
                staged = StagedFile.at(batch)
                sign = partial(signed_address, staged, expires=self.file_url_expires)
                sources = {"file_url": sign(), "file_fingerprint": staged.fingerprint}
            else:
                sources = {"prepared": bytes(batch.read_bytes())}
        return ImportJob(self._request(sources, find_list), callback, staged, sign)

    def _request(self, sources: Mapping[str, Any], find_list: Callable[[str, int], int]) -> ImportRequest:
        from email_contacts.api import ImportRequest

        made: Sequence[int] = () if self.new_list is None else (find_list(*self.new_list),)
        given: dict[str, Any] = {**sources, **self.flags}
        return ImportRequest(**given, list_ids=[*self.list_ids, *made], notify_url=self.notify_url)


@dataclass(frozen=True)
class WaitArguments:
    """How the import is submitted and waited for.

    :param import_again: whether a cleared task imports again although its import may still run.
    :param wait_for_completion: whether the task ends only when the import has ended.
    :param wait_task_id: the task that waits instead of this one; empty for none.
    :param poll_interval: seconds between looks; None for the plan of the connection.
    :param timeout: seconds from the first sending until waiting ends.
    :param reconciliation_timeout: seconds to look for an import whose answer was lost.
    """

    import_again: bool
    wait_for_completion: bool
    wait_task_id: str
    poll_interval: float | None
    timeout: float
    reconciliation_timeout: float

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> WaitArguments:
        """Read rendered values.

        :param given: the operator's arguments of the same names.
        :raises InvalidArgument: naming the argument, the rule and the fix.
        """
        interval = given["poll_interval"]
        return cls(
            import_again=as_flag(given["import_again"], "import_again"),
            wait_for_completion=as_flag(given["wait_for_completion"], "wait_for_completion"),
            wait_task_id=str(given["wait_task_id"] or ""),
            poll_interval=None if interval in (None, "") else as_seconds(interval, "poll_interval"),
            timeout=as_seconds(given["timeout"], "timeout"),
            reconciliation_timeout=as_seconds(given["reconciliation_timeout"], "reconciliation_timeout"),
        )


def _new_list(given: Any) -> tuple[str, int]:
    if not isinstance(given, Mapping) or set(given) != {"list_name", "folder_id"}:
        keys = sorted(given) if isinstance(given, Mapping) else type(given).__name__
        raise InvalidArgument(f"new_list has the keys {keys}; it takes list_name and folder_id, both")
    return as_name(given["list_name"], "new_list.list_name"), as_id(given["folder_id"], "new_list.folder_id")
