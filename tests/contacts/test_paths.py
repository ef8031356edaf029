"""The kinds of path that sources and stages can be."""

from __future__ import annotations

import stat
from pathlib import Path
from uuid import uuid4

import pytest
from upath import UPath

from email_contacts.contacts import Manifest, Options, prepare
from email_contacts.contacts.errors import SourceMissing, TooManyRejects
from email_contacts.contacts.paths import AnyPath, local_path

CONTENT = b"email\n" + b"".join(b"p%d@example.com\n" % number for number in range(200)) + b"bad\n"


@pytest.fixture(params=["pathlib", "upath", "object_storage", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> AnyPath:
    if request.param == "pathlib":
        return tmp_path
    if request.param == "upath":
        return UPath(tmp_path.as_uri())
    if request.param == "memory":
        found = UPath(f"memory://bucket-{uuid4().hex}/folder")
        found.mkdir(parents=True)
        return found
    from airflow.sdk import ObjectStoragePath

    return ObjectStoragePath(tmp_path.as_uri())


def test_every_kind_of_path_is_source_and_stage(folder: AnyPath) -> None:
    source, stage = folder / "people.csv", folder / "stage"
    with source.open("wb") as file:
        file.write(CONTENT)
    for _ in range(2):  # the second try finds what the first one left
        manifest = prepare(source, stage, Options(max_batch_bytes=1024))
    assert manifest.rows.accepted == 200
    assert Manifest.read(stage / "manifest.json") == manifest
    for batch in manifest.batches:
        with type(folder)(batch.uri).open("rb") as file:  # type: ignore[call-arg]  # the URI leads back to the file
            assert len(file.read()) == batch.bytes
    assert manifest.rejects_uri == str(stage / "rejects.csv")


def test_errors_are_the_same_on_every_kind_of_path(folder: AnyPath) -> None:
    with pytest.raises(SourceMissing):
        prepare(folder / "nowhere.csv", folder / "stage")
    (folder / "empty").mkdir()
    with pytest.raises(SourceMissing):
        prepare(folder / "empty", folder / "stage")
    with (folder / "people.csv").open("wb") as file:
        file.write(CONTENT)
    prepare(folder / "people.csv", folder / "stage")
    with pytest.raises(TooManyRejects):
        prepare(folder / "people.csv", folder / "stage", Options(max_rejects=0))
    assert not (folder / "stage" / "manifest.json").exists()


def test_a_local_object_storage_path_is_its_owners_alone(tmp_path: Path) -> None:
    from airflow.sdk import ObjectStoragePath

    (tmp_path / "people.csv").write_bytes(CONTENT)
    prepare(tmp_path / "people.csv", ObjectStoragePath((tmp_path / "stage").as_uri()))
    assert stat.S_IMODE((tmp_path / "stage").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "stage").iterdir()} == {0o600}


def test_local_paths_are_told_from_object_stores(tmp_path: Path) -> None:
    assert local_path(tmp_path) == tmp_path
    assert local_path(UPath(tmp_path)) == tmp_path
    assert local_path(UPath(tmp_path.as_uri())) == tmp_path
    assert local_path(UPath("memory://bucket/x")) is None
