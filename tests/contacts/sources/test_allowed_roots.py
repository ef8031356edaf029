"""Nothing outside the allowed roots is read, whatever way leads there."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk import ObjectStoragePath

from email_contacts.contacts.errors import SourceForbidden, SourceMissing
from email_contacts.contacts.sources.allowed_roots import AllowedRoots


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with files, and what lies beside it."""
    root = tmp_path / "root"
    (root / "day=1").mkdir(parents=True)
    (root / "a.csv").write_text("email\n")
    (root / "day=1" / "b.csv").write_text("email\n")
    (root / ".env").write_text("email\n")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("email\n")
    (tmp_path / "root-of-others").mkdir()
    (tmp_path / "root-of-others" / "secret.csv").write_text("email\n")
    (root / "link.csv").symlink_to(tmp_path / "root-of-others" / "secret.csv")
    (root / "links").symlink_to(tmp_path / "root-of-others")
    (root / "inner.csv").symlink_to(root / "a.csv")
    return root


def check(said: str, *roots: Path | str) -> None:
    AllowedRoots([ObjectStoragePath(str(one)) for one in roots]).check(
        ObjectStoragePath(said), argument="source"
    )


@pytest.mark.parametrize(
    "said", ["a.csv", "day=1", "day=1/b.csv", "day=*/*.csv", "a.*", "inner.csv", "**/b.csv"]
)
def test_what_is_below_a_root_may_be_read(root: Path, said: str) -> None:
    check(f"{root}/{said}", "/nowhere", root)
    check(f"file://{root}/{said}", root)
    check(f"file://{root}/{said}", root.as_uri())


@pytest.mark.parametrize(
    "said",
    [
        "../root-of-others/secret.csv", "../root-of-others", "day=1/../../root-of-others/secret.csv",
        "day=1/../a.csv", "link.csv", "links", "links/secret.csv", "links/*", "*", "*.csv", ".", "",
        ".env", ".git/config", ".*", "day=1/../*/../../root-of-others/*", "a.csv\0", "../*/secret.csv",
    ],
)  # fmt: skip
def test_no_way_leads_out_of_a_root(root: Path, said: str) -> None:
    """The folder and ``*`` hold a link that leads out."""
    for place in (f"{root}/{said}", f"file://{root}/{said}"):
        with pytest.raises(SourceForbidden, match="only files below these roots may be read here"):
            check(place, root)


@pytest.mark.parametrize(
    "said",
    [
        "/etc/passwd", "file:///etc/passwd", "file:/etc/passwd", "local:///etc/passwd", "//etc/passwd", "/",
        "/etc/passwd*", "/e*/passwd", "/proc/self/environ", "/dev/stdin", "file://~/.ssh/id_rsa",
        "simplecache::file:///etc/passwd", "memory://etc/passwd", "https://example.com/a.csv",
        "s3://any_conn@bucket/a.csv", "gs://bucket/a.csv",
    ],
)  # fmt: skip
def test_what_is_elsewhere_is_refused_before_it_is_looked_for(root: Path, said: str) -> None:
    with pytest.raises(SourceForbidden) as refused:
        AllowedRoots([root]).check(ObjectStoragePath(said), argument="source")
    assert "root:" not in str(refused.value)


def test_what_is_there_and_what_is_not_get_one_answer(root: Path) -> None:
    answers = []
    for said in ("/etc/passwd", "/etc/no-such-file", f"{root}/../root-of-others/secret.csv"):
        with pytest.raises(SourceForbidden) as refused:
            check(said, root)
        answers.append(str(refused.value))
    assert len(set(answers)) == 1


def test_below_a_root_a_missing_file_is_said_to_be_missing(root: Path) -> None:
    with pytest.raises(SourceMissing):
        check(f"{root}/nowhere.csv", root)


def test_a_root_may_be_a_link_itself(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    check(f"{tmp_path}/alias/a.csv", tmp_path / "alias")
    check(f"{root}/a.csv", tmp_path / "alias")


def test_without_roots_nothing_may_be_read(root: Path) -> None:
    with pytest.raises(SourceForbidden, match="roots may be read here: none"):
        check(f"{root}/a.csv")


def test_a_link_that_is_not_resolvable(root: Path) -> None:
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises((SourceForbidden, SourceMissing)):
        check(f"{root}/loop", root)
