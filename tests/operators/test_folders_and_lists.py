"""Folders and lists: found by name or made, and read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient, OutcomeUnknown, Unavailable
from email_contacts.operators.existing import create_unless_found
from email_contacts.operators.folders import CreateFolderOperator, GetFolderListsOperator
from email_contacts.operators.lists import CreateListOperator, GetListOperator
from email_contacts.sandbox import SandboxServer
from tests.conftest import connect
from tests.operators.conftest import LIST, asked

if TYPE_CHECKING:
    from airflow.sdk import Context

FOLDER = 1  # of a fresh account


def folder(name: Any = "Airflow", **options: Any) -> CreateFolderOperator:
    return CreateFolderOperator(task_id="folder", name=name, **options)


def a_list(name: Any = "Customers", folder_id: Any = FOLDER, **options: Any) -> CreateListOperator:
    return CreateListOperator(task_id="list", name=name, folder_id=folder_id, **options)


def test_a_folder_is_created_once_and_then_reused(context: Context, platform: ContactsClient) -> None:
    made = folder().execute(context)
    assert folder().execute(context) == made
    assert [one.id for one in platform.iter_folders() if one.name == "Airflow"] == [made]


def test_a_list_is_created_once_and_then_reused(context: Context, platform: ContactsClient) -> None:
    made = a_list().execute(context)
    assert a_list(folder_id=str(FOLDER)).execute(context) == made
    assert platform.get_list(made).folder_id == FOLDER
    assert [one.id for one in platform.iter_folder_lists(FOLDER) if one.name == "Customers"] == [made]


def test_a_task_links_to_the_list_s_page_on_the_platform(
    sandbox: SandboxServer, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, sandbox, stage=tmp_path, list_url="https://app.example.com/lists/{list_id}")
    for operator in (a_list(), GetListOperator(task_id="read", list_id=LIST)):
        result = operator.execute(context)
        (link,) = operator.operator_extra_links
        id_ = result["id"] if isinstance(result, dict) else result
        assert link.get_link(operator, ti_key=None) == f"https://app.example.com/lists/{id_}"


def test_without_an_address_there_is_no_link(context: Context) -> None:
    operator = a_list()
    operator.execute(context)
    (link,) = operator.operator_extra_links
    assert link.get_link(operator, ti_key=None) == ""


def test_a_list_of_that_name_in_another_folder_is_not_reused(context: Context) -> None:
    elsewhere = a_list(folder_id=folder().execute(context)).execute(context)
    assert a_list().execute(context) != elsewhere


SAME_NAMES = [
    "Spring  sale",
    " Spring sale",
    "Spring sale\t\n",
    "\u00a0Spring\u00a0sale ",
    "\ufeffSpring sale\u200b",
]


@pytest.mark.parametrize("make", [folder, a_list])
@pytest.mark.parametrize("name", SAME_NAMES)
def test_blanks_make_no_other_name(name: str, make: Any, context: Context) -> None:
    made = make(name=name).execute(context)
    for again in ("Spring sale", *SAME_NAMES):
        assert make(name=again).execute(context) == made


@pytest.mark.parametrize("make", [folder, a_list])
def test_one_letter_written_two_ways_makes_no_other_name(make: Any, context: Context) -> None:
    assert make(name="Soci\u00e9t\u00e9").execute(context) == make(name="Socie\u0301te\u0301").execute(
        context
    )


def test_an_exact_name_goes_before_one_that_differs_in_blanks(context: Context) -> None:
    wide, narrow = (folder(name=name, if_exists="create").execute(context) for name in ("A  B", "A B"))
    assert [folder(name=name).execute(context) for name in ("A  B", "A B")] == [wide, narrow]


@pytest.mark.parametrize("make", [folder, a_list])
def test_create_always_creates_and_asks_for_nothing_else(
    make: Any, context: Context, sandbox: SandboxServer
) -> None:
    assert make(if_exists="create").execute(context) != make(if_exists="create").execute(context)
    assert set(asked(sandbox)) <= {"create_folder", "create_list"}


@pytest.mark.parametrize("make", [folder, a_list])
def test_fail_refuses_what_exists_and_says_which(make: Any, context: Context) -> None:
    made = make(if_exists="fail").execute(context)
    with pytest.raises(AirflowFailException, match=rf"exists already \(id {made}\).*if_exists='reuse'"):
        make(if_exists="fail").execute(context)


@pytest.mark.parametrize("make", [folder, a_list])
def test_of_several_of_a_name_the_oldest_is_taken_with_a_warning(
    make: Any, context: Context, capfd: pytest.CaptureFixture[str]
) -> None:
    oldest, second = make().execute(context), make(if_exists="create").execute(context)
    assert make().execute(context) == oldest
    assert f"[{oldest}, {second}] are all called" in capfd.readouterr().out


@pytest.mark.parametrize("make", [folder, a_list])
@pytest.mark.parametrize("if_exists", ["create", "fail"])
def test_when_nobody_knows_whether_it_was_made_a_blind_retry_is_prevented(
    if_exists: str, make: Any, context: Context, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(faults=["create_folder:524_after_accepting", "create_list:524_after_accepting"])
    with pytest.raises(AirflowFailException, match=r"Look whether .* is there.*if_exists='reuse'"):
        make(if_exists=if_exists).execute(context)


@pytest.mark.parametrize("make", [folder, a_list])
def test_with_reuse_a_retry_finds_what_the_first_try_made(
    make: Any, context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    before = len(platform.folders().items) + platform.folder_lists(FOLDER).count
    sandbox.set_knobs(faults=["create_folder:524_after_accepting", "create_list:524_after_accepting"])
    with pytest.raises(OutcomeUnknown):
        make().execute(context)
    make().execute(context)
    assert len(platform.folders().items) + platform.folder_lists(FOLDER).count == before + 1


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (folder(name="  "), r"name='  ' must be text"),
        (folder(name="\u200b\ufeff"), r"name must contain more than blanks"),
        (folder(name="x" * 1_000_000), r"^name has 1,000,000 characters; .* at most 255$"),
        (a_list(name="x" * 256), r"name has 256 characters"),
        (a_list(folder_id="7" * 1_000_000 + "x"), r"^.{0,300}$"),
        (folder(name=None), r"name=None must be text"),
        (folder(if_exists="maybe"), r"if_exists='maybe' is not one of reuse, create, fail"),
        (a_list(name=""), r"name='' must be text"),
        (a_list(folder_id="first"), r"folder_id='first' is not an id"),
        (a_list(folder_id=0), r"folder_id=0 is not an id"),
        (a_list(if_exists=""), r"if_exists='' is not one of"),
        (GetListOperator(task_id="get", list_id=True), r"list_id=True is not an id"),
        (GetFolderListsOperator(task_id="get", folder_id="None"), r"folder_id='None' is not an id"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_sent(
    operator: Any, message: str, context: Context, sandbox: SandboxServer
) -> None:
    with pytest.raises(AirflowFailException, match=message):
        operator.execute(context)
    assert asked(sandbox) == []


@pytest.mark.parametrize(
    "operator",
    [
        a_list(folder_id=999),
        a_list(folder_id=999, if_exists="create"),
        GetFolderListsOperator(task_id="get", folder_id=999),
        GetListOperator(task_id="get", list_id=999),
    ],
)
def test_an_unknown_id_fails_at_once(operator: Any, context: Context) -> None:
    with pytest.raises(AirflowFailException, match=r"ID does not exist"):
        operator.execute(context)


def test_a_platform_in_trouble_is_worth_a_retry(context: Context, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(faults=["list:503"])
    with pytest.raises(Unavailable):
        GetListOperator(task_id="get", list_id=LIST).execute(context)


def test_a_list_is_read(context: Context, sandbox: SandboxServer) -> None:
    sandbox.seed_contacts(3, list_ids=[LIST])
    found = GetListOperator(task_id="get", list_id=str(LIST)).execute(context)
    created_at = found.pop("created_at")
    assert found == {"id": LIST, "name": "Your first list", "folder_id": FOLDER, "size": 3}
    assert created_at.endswith("+00:00")


def test_all_lists_of_a_folder_are_read_the_oldest_first(context: Context, platform: ContactsClient) -> None:
    made = [platform.create_list(f"list {number}", folder_id=FOLDER) for number in range(52)]
    found = GetFolderListsOperator(task_id="get", folder_id=FOLDER).execute(context)
    assert [one["id"] for one in found] == [LIST, *made]
    assert set(found[0]) >= {"id", "name", "unique_subscribers"}


def overtaken(operator: Any, method: str, other: Callable[[], int]) -> list[int]:
    """Let another task run after this one has looked, and before it creates."""
    create, made = getattr(operator.hook.client, method), list[int]()

    def late(*args: Any, **kwargs: Any) -> int:
        made.append(other())
        made.append(create(*args, **kwargs))
        return made[-1]

    setattr(operator.hook.client, method, late)
    return made


@pytest.mark.parametrize(("make", "method"), [(folder, "create_folder"), (a_list, "create_list")])
def test_two_tasks_that_create_at_the_same_time_use_the_same_one(
    make: Any, method: str, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    operator = make(name="Shop")
    made = overtaken(operator, method, lambda: make(name="Shop").execute(context))
    used = operator.execute(context)
    first, spare = made
    assert used == first < spare
    assert f"The one that this task created, {spare}, is empty" in caplog.text
    assert make(name="Shop").execute(context) == first


@pytest.mark.parametrize(("make", "method"), [(folder, "create_folder"), (a_list, "create_list")])
def test_create_takes_what_it_created_even_if_another_task_was_first(
    make: Any, method: str, context: Context
) -> None:
    operator = make(if_exists="create")
    made = overtaken(operator, method, lambda: make(if_exists="create").execute(context))
    assert operator.execute(context) == made[-1]


@pytest.mark.parametrize("seen", [None, 9])
def test_a_look_that_does_not_show_what_was_created_yet_changes_nothing(seen: int | None) -> None:
    looks = iter([None, seen])
    assert create_unless_found("list 'A'", "reuse", find=lambda: next(looks), create=lambda: 7) == 7
