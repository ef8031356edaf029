"""What is noted at the submission, and comes back as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.imports.waiting.completion_signals import CompletionSignals

EVIDENCE = CompletionSignals(
    ("a_dag", "a_run", "a_task", 3), "abc", {7: 120}, 40, "2026-11-22T10:00:00.000+00:00"
)


@given(
    st.tuples(st.text(), st.text(), st.text(), st.integers(-1)),
    st.text(),
    st.dictionaries(st.integers(1), st.integers(0)),
    st.none() | st.integers(0),
)
def test_it_survives_its_json(
    task: tuple[str, str, str, int], nonce: str, sizes: dict[int, int], contacts: int | None
) -> None:
    evidence = CompletionSignals(task, nonce, sizes, contacts, "2026-11-22T10:00:00.000+00:00")
    assert CompletionSignals.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


@pytest.mark.parametrize(
    "change",
    [{"task": ["a_dag"]}, {"list_sizes": None}, {"list_sizes": {"seven": 1}}, {"contacts": "many"}],
)
def test_what_is_no_evidence_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not the evidence of an import"):
        CompletionSignals.from_json({**EVIDENCE.to_json(), **change})
    with pytest.raises(ValueError, match="not the evidence of an import"):
        CompletionSignals.from_json({})


def test_it_knows_what_can_tell() -> None:
    assert EVIDENCE.can_be_called
    assert EVIDENCE.can_grow
    nothing = CompletionSignals(EVIDENCE.task)
    assert not nothing.can_be_called
    assert not nothing.can_grow
    # Of a file by its address nobody knows how many contacts it holds.
    assert not CompletionSignals(EVIDENCE.task, "abc", {7: 120}, None, EVIDENCE.since).can_grow
