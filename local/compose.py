"""What docker-compose.yaml says, as values: so much of the Compose Specification as that file uses.

Knows the file, not what to do with it: the tests check it, and ``local.celery`` runs it without containers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.home import PROJECT

PATH = PROJECT / "docker-compose.yaml"
HEALTHY = "service_healthy"
COMPLETED = "service_completed_successfully"
# $$, or ${NAME} with an optional :-default or :?message.
_EXPRESSION = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\})")


class MissingVariable(KeyError):
    """The file requires a variable that is not set."""


@dataclass(frozen=True)
class Mount:
    """One volume of a service.

    :param source: a named volume, or a path that begins with a dot.
    :param target: where the container sees it.
    """

    source: str
    target: str
    read_only: bool

    @property
    def is_named(self) -> bool:
        """Whether it is a named volume and no folder of the checkout."""
        return not self.source.startswith((".", "/"))

    @classmethod
    def parse(cls, text: str) -> Mount:
        """Read the short form, ``source:target[:ro]``."""
        source, target, *mode = text.split(":")
        return cls(source, target, read_only=mode == ["ro"])


@dataclass(frozen=True)
class ComposeService:
    """One service, its variables filled in."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    health: tuple[str, ...]
    depends_on: Mapping[str, str]
    mounts: tuple[Mount, ...]
    published: Mapping[int, int]
    document: Mapping[str, Any]

    @classmethod
    def parse(cls, name: str, document: Mapping[str, Any]) -> ComposeService:
        """Read one entry of ``services``.

        :raises ValueError: for a form of health check that the file does not use so far.
        """
        command = document.get("command") or []
        ports = (port.rsplit(":", 2)[-2:] for port in document.get("ports", ()))
        return cls(
            name=name,
            command=tuple(command.split() if isinstance(command, str) else command),
            environment={key: str(value) for key, value in document.get("environment", {}).items()},
            health=_shell_free(document.get("healthcheck", {}).get("test", ())),
            depends_on={other: need["condition"] for other, need in document.get("depends_on", {}).items()},
            mounts=tuple(Mount.parse(volume) for volume in document.get("volumes", ())),
            published={int(outside): int(inside) for outside, inside in ports},
            document=document,
        )


@dataclass(frozen=True)
class ComposeFile:
    """The file with its variables filled in.

    :param services: by name, in the order of the file.
    """

    services: Mapping[str, ComposeService]
    volumes: frozenset[str]

    @classmethod
    def read(cls, variables: Mapping[str, str], path: Path = PATH) -> ComposeFile:
        """Read the file as compose does.

        :param variables: what .env holds.
        :raises MissingVariable: naming the variable and the file's own message.
        """
        document = _filled(yaml.safe_load(path.read_text()), variables)
        services = {name: ComposeService.parse(name, entry) for name, entry in document["services"].items()}
        return cls(services, frozenset(document["volumes"]))

    def in_order(self) -> list[ComposeService]:
        """The services, each after all that it depends on.

        :raises ValueError: when they depend on each other in a circle.
        """
        ordered: dict[str, ComposeService] = {}
        waiting = dict(self.services)
        while waiting:
            ready = [service for service in waiting.values() if service.depends_on.keys() <= ordered.keys()]
            if not ready:
                raise ValueError(f"depends_on goes in a circle: {', '.join(waiting)}")
            for service in ready:
                ordered[service.name] = waiting.pop(service.name)
        return list(ordered.values())


def required_variables(path: Path = PATH) -> set[str]:
    """The names that must be set: those written ``${NAME:?message}``."""
    found = _EXPRESSION.finditer(json.dumps(yaml.safe_load(path.read_text())))
    return {match["name"] for match in found if match["kind"] == "?"}


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    """The same document with every expression replaced; keys are left alone, as compose does."""
    if isinstance(value, dict):
        return {key: _filled(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, variables) for inner in value]
    if isinstance(value, str):
        return _EXPRESSION.sub(lambda match: _value(match, variables), value)
    return value


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str:
    if match["dollar"]:
        return "$"
    found = variables.get(match["name"], "")
    if not found and match["kind"] == "?":
        raise MissingVariable(f"{match['name']}: {match['rest']}")
    return found or (match["rest"] if match["kind"] == "-" else "")


def _shell_free(test: list[str]) -> tuple[str, ...]:
    """A health check as program and arguments."""
    if not test:
        return ()
    kind, *rest = test
    if kind == "CMD":
        return tuple(rest)
    if kind == "CMD-SHELL":
        return ("sh", "-c", *rest)
    raise ValueError(f"unknown form of health check: {kind}")
