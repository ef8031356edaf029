"""Preparing a file: what is staged, what is said of it, and what cannot be prepared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.conftest import connect
from tests.operators.conftest import asked, rendered
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = PROJECT / "include" / "sample_contacts" / "contacts.csv"


def preparation(source: Any = SAMPLE, **arguments: Any) -> PrepareContactsOperator:
    return PrepareContactsOperator(task_id="prepare", source=str(source), **arguments)


def manifest_of(context: Context) -> Manifest:
    return Manifest.read(Path(pushed(context)["manifest_uri"].removeprefix("file://")))


def test_the_sample_is_staged_and_every_row_is_accounted_for(context: Context, tmp_path: Path) -> None:
    batches = preparation().execute(context)
    manifest = manifest_of(context)
    assert batches == [batch.uri for batch in manifest.batches]
    assert all(uri.startswith((tmp_path / "stage").as_uri()) for uri in batches)
    rows = pushed(context)["rows"]
    assert rows["read"] == 1000 == rows["accepted"] + rows["rejected"] + rows["duplicates"]
    people = [
        person for uri in batches for person in json.loads(Path(uri.removeprefix("file://")).read_text())
    ]
    assert len(people) == rows["accepted"]


def test_nothing_personal_is_pushed_or_logged(context: Context, capfd: pytest.CaptureFixture[str]) -> None:
    batches = preparation().execute(context)
    assert "@example" not in json.dumps([batches, pushed(context)])
    said = capfd.readouterr()
    assert "1000 rows read" in said.out
    assert "@example" not in said.out + said.err


def test_nothing_is_sent_but_the_question_for_attributes(context: Context, sandbox: SandboxServer) -> None:
    preparation().execute(context)
    assert asked(sandbox) == ["attributes"]
    sandbox.reset()
    preparation(check_attributes=False).execute(context)
    assert asked(sandbox) == []


def test_a_retry_prepares_the_same_again(context: Context, store: StateStore) -> None:
    first = preparation().execute(context)
    bytes_before = [Path(uri.removeprefix("file://")).read_bytes() for uri in first]
    assert preparation().execute(make_context(store)) == first
    assert [Path(uri.removeprefix("file://")).read_bytes() for uri in first] == bytes_before


@pytest.mark.parametrize(
    "other",
    [
        {"map_index": 1},
        {"task_id": "prepare_more"},
        {"dag_id": "another_dag"},
        {"run_id": "manual__2026-11-22T10:00:00-00:00"},
        {"run_id": "manual__2026-11-22T10.00.00.00.00"},
        {"run_id": ".."},
    ],
)
def test_another_task_has_a_stage_of_its_own(
    other: dict[str, Any], context: Context, store: StateStore, tmp_path: Path
) -> None:
    """A stage is emptied before it is filled: a shared one would take another task's batches away."""
    mine = preparation().execute(context)
    theirs = make_context(store)
    for name, value in other.items():
        setattr(theirs["ti"], name, value)
    (batch,) = preparation().execute(theirs)
    assert batch not in mine
    assert all(Path(uri.removeprefix("file://")).is_file() for uri in mine)
    assert (
        Path(batch.removeprefix("file://")).resolve().is_relative_to(tmp_path / "stage" / theirs["ti"].dag_id)
    )


def test_a_path_with_a_blank_is_taken_as_it_is(
    context: Context, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = tmp_path / "a stage"
    connect(monkeypatch, sandbox, stage=stage, staging_uri=f"file://{stage}")
    source = tmp_path / "my contacts.csv"
    shutil.copy(SAMPLE, source)
    (batch,) = preparation(source).execute(context)
    assert Path(batch.removeprefix("file://")).is_relative_to(stage)
    assert stage.is_dir()


def test_a_relative_path_needs_a_root(context: Context, sandbox: SandboxServer) -> None:
    relative = SAMPLE.relative_to(PROJECT)
    assert preparation(relative, source_root=str(PROJECT)).execute(context)
    with pytest.raises(
        AirflowFailException, match=r"is a relative path; give an absolute one, or source_root"
    ):
        preparation(relative).execute(context)


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("a.csv", "email\tfirstname\na@example.com\tA\n", {"delimiter": "\t"}),
        ("a.csv", "email|firstname\na@example.com|A\n", {"delimiter": "|"}),
        ("a.jsonl", '{"email": "a@example.com"}\n', {}),
        ("a.dat", '{"email": "a@example.com"}\n', {"source_format": "ndjson"}),
        ("a.csv", "email,firstname\na@example.com,\xc4\n", {"encoding": "latin-1"}),
    ],
)
def test_a_format_is_found_or_given(
    name: str, text: str, options: dict[str, str], context: Context, tmp_path: Path
) -> None:
    source = tmp_path / name
    source.write_bytes(text.encode(options.get("encoding", "utf-8")))
    preparation(source, **options).execute(context)
    assert pushed(context)["rows"]["accepted"] == 1


def written(content: bytes | str) -> Callable[[Path], Path]:
    """A source with this content."""

    def write(folder: Path) -> Path:
        source = folder / "source.csv"
        source.write_bytes(content.encode() if isinstance(content, str) else content)
        return source

    return write


def empty_folder(folder: Path) -> Path:
    """A folder without files."""
    (folder / "empty").mkdir()
    return folder / "empty"


BAD_SOURCES: dict[str, tuple[Callable[[Path], Path], dict[str, Any], str]] = {
    "no e-mail column": (written("firstname,lastname\nAda,Lovelace\n"), {}, r"EMAIL"),
    "empty file": (written(""), {}, r"is empty"),
    "empty folder": (empty_folder, {}, r"holds no files"),
    "missing path": (lambda folder: folder / "nowhere.csv", {}, r"does not exist"),
    "wrong delimiter": (written("email,firstname\na@example.com,A\n"), {"delimiter": ";"}, r"delimiter"),
    "invalid UTF-8": (written(b"email,firstname\na@example.com,\xff\n"), {}, r"line 2"),
    "unknown encoding": (written("email\na@example.com\n"), {"encoding": "utf-99"}, r"utf-99"),
    "9 MB row": (written(b'email,firstname\na@example.com,"' + b"x" * 9_000_000 + b'"\n'), {}, r"row"),
    "unknown columns": (written("email,shoesize\na@example.com,43\n"), {}, r"not shown here \(number 2\)"),
    "all rows rejected": (written("email\nnobody\nnowhere\n"), {}, r"none of the 2 rows"),
    "too many rejects": (
        written("email\nnobody\na@example.com\n"), {"max_rejects": "0"}, r"max_rejects=0",
    ),
    "too many rejects, as a number": (
        written("email\nnobody\na@example.com\n"), {"max_rejects": 0}, r"max_rejects=0",
    ),
    "too large a share": (written("email\nnobody\n"), {"max_rejects": "49%"}, r"max_rejects=49%"),
    "max_rejects that is none": (written("email\n"), {"max_rejects": "some"}, r"max_rejects='some'"),
    "unknown format": (written("email\n"), {"source_format": "xls"}, r'source_format="xls" is not one of'),
    "unknown policy": (written("email\n"), {"unknown_columns": "keep"}, r'unknown_columns="keep" is not'),
    "missing mapping": (written("email\n"), {"mapping": "/nowhere/mapping.json"}, r"mapping"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_source_that_cannot_be_right_fails_at_once(
    case: str, context: Context, sandbox: SandboxServer, tmp_path: Path
) -> None:
    make, options, message = BAD_SOURCES[case]
    with pytest.raises(AirflowFailException, match=message) as caught:
        preparation(make(tmp_path), **options).execute(context)
    assert "a@example.com" not in str(caught.value)
    assert set(asked(sandbox)) <= {"attributes"}
    assert sandbox.imports_accepted() == 0


def test_an_empty_source_is_named(context: Context) -> None:
    with pytest.raises(AirflowFailException, match="exactly one of source, sql, table; got none"):
        preparation("").execute(context)
    with pytest.raises(AirflowFailException, match="source=' ' must be text"):
        preparation(" ").execute(context)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sql": "SELECT 1", "sql_conn_id": "crm"}, "got source and sql"),
        ({"table": "t", "sql_conn_id": "crm"}, "got source and table"),
        ({"sql_conn_id": "crm"}, "belong to sql or table"),
        ({"parameters": [1]}, "belong to sql or table"),
        ({"duplicates": "all"}, 'duplicates="all" is not one of last, first, fail'),
        ({"conflicts": "merge"}, 'conflicts="merge" is not one of flag, reject, fail'),
        ({"body": "xml"}, 'body="xml" is not one of json_body, file_body, file_url'),
        ({"mapping": {"colums": {}}}, "columns"),
        ({"mapping": "mapping.json"}, "mapping='mapping.json' is a relative path"),
    ],
)
def test_arguments_that_cannot_work_are_refused(
    arguments: dict[str, Any], message: str, context: Context, sandbox: SandboxServer
) -> None:
    with pytest.raises(AirflowFailException, match=message):
        preparation(**arguments).execute(context)
    assert set(asked(sandbox)) <= {"attributes"}


def test_a_mapping_may_stand_in_the_dag(context: Context, tmp_path: Path) -> None:
    source = written("mail,born\na@example.com,31/12/1999\n")(tmp_path)
    mapping = {
        "columns": {
            "mail": "EMAIL",
            "born": {"attribute": "BIRTHDAY", "type": "date", "format": "{{ '%d/%m/%Y' }}"},
        }
    }
    operator = preparation(source, mapping=mapping, check_attributes=False)
    (uri,) = rendered(operator, context).execute(context)
    (person,) = json.loads(Path(uri.removeprefix("file://")).read_text())
    assert person["attributes"]["BIRTHDAY"] == "1999-12-31"


def test_unknown_columns_may_be_dropped_and_are_named_where_their_names_are_the_usual_ones(
    context: Context, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = written("email,shoesize,city\na@example.com,43,Paris\n")(tmp_path)
    preparation(source, unknown_columns="drop").execute(context)
    assert manifest_of(context).unknown_columns == ("number 2", "city")
    said = capfd.readouterr().out
    assert "no such attributes: ['number 2', 'city']" in said
    assert "shoesize" not in said


def test_the_connection_may_limit_the_rejects(
    context: Context, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, sandbox, stage=tmp_path, max_rejects="1")
    source = written("email\nnobody\nnowhere\na@example.com\n")(tmp_path)
    with pytest.raises(AirflowFailException, match="max_rejects=1"):
        preparation(source).execute(context)
    assert preparation(source, max_rejects="2").execute(context)


def test_a_preparation_that_sends_nothing_leaves_its_rejects(context: Context, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match=r"rejects\.csv") as caught:
        preparation(written("email\nnobody\n")(tmp_path)).execute(context)
    assert manifest_of(context).rows.rejected == 1
    assert manifest_of(context).rejects_uri in str(caught.value)
