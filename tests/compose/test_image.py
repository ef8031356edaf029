"""The image: pinned, the same versions as everywhere else, and nobody in it is root."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import Any

import pytest

from local.home import PROJECT

DOCKERFILE = (PROJECT / "Dockerfile").read_text()
# Instructions without comments, continued lines joined.
INSTRUCTIONS = [
    line.split(maxsplit=1)
    for line in re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).splitlines()
    if line.strip()
]


def pinned(name: str, file: str) -> set[str]:
    """The versions at which a file of requirements pins a distribution."""
    text = (PROJECT / file).read_text()
    return set(re.findall(rf"^{re.escape(name)}==(\S+)", text, re.MULTILINE))


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def test_one_airflow_version_everywhere(written: dict[str, Any]) -> None:
    (version,) = pinned("apache-airflow", "requirements.txt")
    assert pinned("apache-airflow", "requirements.lock") == {version}
    assert pinned("apache-airflow-core", "requirements.lock") == {version}
    (base,) = [rest for instruction, rest in INSTRUCTIONS if instruction == "FROM"]
    assert re.fullmatch(rf"apache/airflow:slim-{re.escape(version)}-python3\.1[0-3]", base)
    images = {service["image"] for service in written["services"].values() if "build" in service}
    assert images == {f"email-contacts-airflow:{version}"}


def test_images_of_others_are_pinned_to_a_release(written: dict[str, Any]) -> None:
    images = [service["image"] for service in written["services"].values() if "build" not in service]
    assert len(images) == 2
    for image in images:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-bookworm", image), image


def test_celery_stays_below_the_release_that_breaks_its_provider() -> None:
    assert "celery<5.7" in (PROJECT / "requirements-celery.txt").read_text().splitlines()
    locked = pinned("celery", "requirements.lock")
    assert locked
    assert all(numbers(version) < (5, 7) for version in locked)


@pytest.mark.parametrize(
    "name",
    [
        "apache-airflow-providers-celery",
        "apache-airflow-providers-postgres",
        "apache-airflow-providers-redis",
        "asyncpg",
        "psycopg2-binary",
    ],
)
def test_what_celery_executor_needs_is_in_the_lock(name: str) -> None:
    assert name in (PROJECT / "requirements-celery.txt").read_text().splitlines()
    assert pinned(name, "requirements.lock")


def test_everything_is_installed_by_the_lock_and_nothing_as_root() -> None:
    installs = [rest for instruction, rest in INSTRUCTIONS if instruction == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    for install in installs:
        assert "--constraint requirements.lock" in install or "--no-deps" in install
    assert [rest for instruction, rest in INSTRUCTIONS if instruction == "USER"] == []


def test_the_package_is_the_plugins_folder_itself() -> None:
    assert any("--editable ." in rest for instruction, rest in INSTRUCTIONS if instruction == "RUN")
    assert not any("PYTHONPATH" in rest for instruction, rest in INSTRUCTIONS if instruction == "ENV")


def test_what_the_image_copies_exists_and_reaches_the_builder() -> None:
    allowed = [
        line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    copied: set[str] = set()
    for instruction, rest in INSTRUCTIONS:
        if instruction == "COPY":
            *sources, _ = [part for part in rest.split() if not part.startswith("--")]
            copied |= set(sources)
    assert {"dags", "plugins", "include", "requirements.lock", "requirements-celery.txt"} <= copied
    for source in copied:
        assert (PROJECT / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in allowed), f"{source} is kept from the builder"
    assert set(allowed) == copied
