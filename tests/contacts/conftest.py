"""Sources as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

WriteSource = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> WriteSource:
    """Write a source: text becomes UTF-8, bytes stay as they are."""

    def write_source(content: str | bytes, name: str = "contacts.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_source
