"""Arguments after rendering: read once, refused with their name."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.arguments import (
    InvalidArgument,
    as_choice,
    as_count,
    as_flag,
    as_id,
    as_ids,
    as_instant,
    as_lines,
    as_list_ids,
    as_text,
    exactly_one,
)
from tests.operators.lazy_xcoms import lazy

ids = st.integers(min_value=1, max_value=10**12)


@given(ids)
def test_an_id_is_a_number_or_its_rendered_string(number: int) -> None:
    assert as_id(number, "list_id") == as_id(f" {number} ", "list_id") == number


@pytest.mark.parametrize(
    "value", [0, -1, 1.0, "1.0", "", "x", "None", None, True, "²", "١", [5], "0x10", b"5"]
)
def test_anything_else_is_no_id_and_is_named(value: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^list_id=.*whole number above 0"):
        as_id(value, "list_id")


@pytest.mark.parametrize(
    "value", ["9" * 5_000, 10**5_000, -(10**5_000), 2**63, [10**5_000]], ids=["text", "+", "-", "2**63", "in"]
)
@pytest.mark.parametrize("read", [as_id, as_ids, as_count, as_lines])
def test_a_number_that_no_database_holds_is_named_and_not_shown_at_length(value: Any, read: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^list_ids=.* whole number") as caught:
        read(value, "list_ids")
    assert len(str(caught.value)) < 200


@given(st.lists(ids))
def test_ids_survive_every_way_of_rendering_them(numbers: list[int]) -> None:
    shapes = (
        numbers,
        tuple(numbers),
        str(numbers),
        str(tuple(numbers)),
        ",".join(map(str, numbers)),
        iter(numbers),
    )
    for shape in shapes:
        assert as_ids(shape, "process_ids") == numbers


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []), ("", []), ("[]", []), ("()", []), ((), []), (7, [7]), ("7", [7]), (["7", 8], [7, 8]),
        ([7, None], [7]), ("['7', \"8\"]", [7, 8]),
    ],
)  # fmt: skip
def test_one_id_none_or_several(value: Any, expected: list[int]) -> None:
    assert as_ids(value, "process_ids") == expected


@pytest.mark.parametrize(
    "value", ["None", "[7, x]", [7, "x"], 0, [0], True, {"id": 7}, b"78", "LazyXComSequence([2 items])"]
)
def test_ids_that_are_none_are_named(value: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^process_ids="):
        as_ids(value, "process_ids")


def test_what_mapped_tasks_returned_is_read_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert as_ids(lazy([3, 1, 2], monkeypatch), "process_ids") == [3, 1, 2]
    assert as_ids(lazy([3, None], monkeypatch), "process_ids") == [3]
    assert as_ids(lazy([], monkeypatch), "process_ids") == []


def test_of_the_lists_that_contacts_are_put_on_none_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for whole in ([7, 8], "[7, 8]", "7,8", (7, "8"), iter([7, 8]), lazy([7, 8], monkeypatch)):
        assert as_list_ids(whole, "list_ids") == [7, 8]
    for nothing in (None, "", ()):
        assert as_list_ids(nothing, "list_ids") == []
    for partly in ([7, None], (None,), iter([None, 7]), lazy([7, None], monkeypatch)):
        with pytest.raises(InvalidArgument, match=r"^list_ids names . lists, and 1 of them have no id"):
            as_list_ids(partly, "list_ids")


@pytest.mark.parametrize("value", [True, "True", "true", " TRUE "])
def test_a_switch_is_on(value: Any) -> None:
    assert as_flag(value, "flag") is True


@pytest.mark.parametrize("value", [False, "False", "false "])
def test_a_switch_is_off(value: Any) -> None:
    assert as_flag(value, "flag") is False


@pytest.mark.parametrize("value", ["", None, "yes", 1, 0, "on", []])
def test_a_switch_that_is_neither_is_named(value: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^flag=.*must be true or false"):
        as_flag(value, "flag")


def test_text_must_hold_something() -> None:
    assert as_text(" a ", "name") == " a "
    for value in ("", "  ", None, 5):
        with pytest.raises(InvalidArgument, match=r"^name="):
            as_text(value, "name")


def test_a_choice_names_the_words() -> None:
    assert as_choice("b", "policy", ("a", "b")) == "b"
    for value in ("c", None, ["a"]):
        with pytest.raises(InvalidArgument, match=r"^policy=.* is not one of a, b"):
            as_choice(value, "policy", ("a", "b"))


def test_an_instant_is_kept_for_the_client_to_read() -> None:
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert as_instant(moment, "since") is moment
    assert as_instant("2026-01-01T00:00:00Z", "since") == "2026-01-01T00:00:00Z"
    assert as_instant("", "since") is as_instant(None, "since") is None
    with pytest.raises(InvalidArgument, match=r"^since=5"):
        as_instant(5, "since")


def test_exactly_one_is_named() -> None:
    assert exactly_one(a=None, b="x", c="") == "b"
    assert exactly_one(a=None, b=[]) == "b"
    with pytest.raises(InvalidArgument, match=r"exactly one of a, b; got none"):
        exactly_one(a=None, b="")
    with pytest.raises(InvalidArgument, match=r"got a and b"):
        exactly_one(a=1, b=2)
