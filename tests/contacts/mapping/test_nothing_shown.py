"""Any file can be named as a mapping, and errors are logged: no message shows anything of what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contacts.mapping.test_reading import refusal, save

__all__ = ["save"]

Save = Callable[..., Path]

SECRETS = ["hunter2", "ada@example.com", "root:x:0:0"]


@pytest.mark.parametrize("name", ["people.yaml", "people.json"])
@pytest.mark.parametrize(
    "document",
    [
        SECRETS,
        [SECRETS],
        "hunter2",
        {"hunter2": SECRETS},
        {"hunter2": {"columns": {"a": "EMAIL"}}},
        {"columns": SECRETS},
        {"columns": "hunter2"},
        {"columns": {"a": SECRETS}},
        {"columns": {"a": "EMAIL"}, "key": SECRETS},
        {"columns": {"a": "EMAIL"}, "unknown_columns": "hunter2"},
        {"columns": {"a": "EMAIL"}, "hunter2": "ada@example.com"},
        {"columns": {"a": {"attribute": "A", "type": "hunter2"}}},
        {"columns": {"a": {"attribute": "A", "region": "hunter2"}}},
        {"columns": {"a": {"attribute": "A", "default": {"hunter2": "hunter2"}}}},
        {"columns": {"a": {"attribute": "A", "options": ["hunter2", "hunter2"], "type": "multiple_choice"}}},
        {"columns": {"ada@example.com": 1}},
    ],
)
def test_nothing_of_a_file_is_shown(save: Save, name: str, document: Any) -> None:
    """Any file can be named as a mapping; JSON is YAML too."""
    said = refusal(save(json.dumps(document), name))
    assert not [secret for secret in SECRETS if secret in said], said


@pytest.mark.parametrize(
    "content",
    [
        "hunter2: &hunter2 a\n", "a: *hunter2\n", "a: !hunter2 b\n", "hunter2: a\nhunter2: b\n",
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon\n", "a: 'hunter2\n", "%hunter2 1\na: b\n",
        "a: !hunter2!b c\n", "hunter2\n: hunter2: hunter2\n",
    ],
)  # fmt: skip
def test_nothing_of_what_is_not_yaml_is_shown(save: Save, content: str) -> None:
    said = refusal(save(content))
    assert not [secret for secret in SECRETS if secret in said], said


@pytest.mark.parametrize(
    "content", ['{"hunter2": 1, "hunter2": 2}', "hunter2", '{"hunter2": NaN}', "[hunter2]"]
)
def test_nothing_of_what_is_not_json_is_shown(save: Save, content: str) -> None:
    assert "hunter2" not in refusal(save(content, "people.json"))
