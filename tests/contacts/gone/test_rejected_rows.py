"""Who is in a rejected row is not gone, and is found gone when the row is."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.contacts.options import Options
from email_contacts.contacts.partitions import merge_partitions, prepare_partition
from email_contacts.contacts.snapshot.changes import ChangesSince
from tests.amount import amount
from tests.contacts.gone.list_kept import HEAD, MAPPING, ListKept

GOOD = "2000-01-01"
ANN = f"ann@example.com,,,{GOOD}\n"
BOB, CY = (f"{name}@example.com,{ext_id},,{GOOD}\n" for name, ext_id in (("bob", "X-2"), ("cy", "X-3")))


@pytest.fixture
def kept(tmp_path: Path) -> ListKept:
    kept = ListKept(tmp_path)
    kept.run(ANN + BOB + CY)
    return kept


@pytest.mark.parametrize(
    "bob",
    [
        "bob@example.com,X-2,,2026-99-99\n",  # by address
        " BOB@Example.com ,,,2026-99-99\n",  # normalised
        "bob@,X-2,,2000-01-01\n",  # by EXT_ID, for the address cannot be read
        "new@example.com,X-2,,2026-99-99\n",  # moved, and rejected for something else
        "bob@example.com,X-2,12,2000-01-01\n",
    ],
)
def test_whom_a_rejected_row_names_is_not_gone_and_others_are(kept: ListKept, bob: str) -> None:
    changes = kept.run(ANN + bob)
    assert changes.gone_withheld == ""
    assert kept.addresses == {"ann@example.com", "bob@example.com"}
    kept.run(ANN + bob)
    kept.run(ANN)  # now he is
    assert kept.addresses == {"ann@example.com"}


def test_a_row_that_is_right_again_is_sent_though_it_says_what_it_said_before(kept: ListKept) -> None:
    kept.run(ANN + CY + "bob@example.com,X-2,,2026-99-99\n")
    changes = kept.run(ANN + CY + BOB)
    assert (changes.new, changes.changed, changes.gone) == (0, 1, 0)
    assert kept.run(ANN + CY + BOB).changed == 0


@pytest.mark.parametrize(
    "row",
    ["bob@,,,2000-01-01\n", ",,,2000-01-01\n", "bob@example.com,X-2\n", "?,,12,2000-01-01\n"],
)
def test_while_it_cannot_be_told_whom_a_row_is_about_nobody_is_removed(kept: ListKept, row: str) -> None:
    for _ in range(2):
        changes = kept.run(ANN + row)
        assert changes.gone == 2
        assert changes.gone_withheld.startswith("1 rejected rows have no identifier that can be read")
        assert changes.summary["unidentified"] == 1
    assert len(kept.contacts) == 3
    kept.run(ANN + BOB)
    assert kept.addresses == {"ann@example.com", "bob@example.com"}


@pytest.mark.parametrize(("limit", "is_removed"), [(1, False), (2, True), ("67%", True), ("66%", False)])
def test_as_many_rows_as_are_allowed_hold_nothing_up(
    kept: ListKept, limit: int | str, is_removed: bool
) -> None:
    kept.run(ANN + "bob@,,,\ncy@,,,\n", max_unidentified=limit)
    assert (kept.addresses == {"ann@example.com"}) is is_removed


def test_a_contact_without_the_identifier_that_a_row_is_known_by_may_be_in_it(kept: ListKept) -> None:
    # Ann has no EXT_ID: the row may be about her; Bob has another one.
    changes = kept.run("ann@,X-9,,2000-01-01\n" + CY)
    assert changes.known_only_by == (("EXT_ID",),)
    assert kept.found is not None
    assert (len(kept.found.ids), kept.found.unclear) == (1, 1)
    assert kept.addresses == {"ann@example.com", "cy@example.com"}
    kept.run(CY)
    assert kept.addresses == {"cy@example.com"}


def test_who_was_sent_in_a_run_that_was_not_confirmed_and_is_rejected_now_can_be_gone_later(
    kept: ListKept,
) -> None:
    kept.run(ANN + BOB + CY + f"di@example.com,,,{GOOD}\n", is_confirmed=False)
    kept.run(ANN + BOB + CY + "di@example.com,,,never\n")
    assert "di@example.com" in kept.addresses
    kept.run(ANN + BOB + CY)
    assert "di@example.com" not in kept.addresses


def test_a_full_sync_keeps_in_mind_who_is_in_a_rejected_row(kept: ListKept) -> None:
    kept.run(ANN + CY + "bob@example.com,X-2,,never\n", full=True)
    kept.run(ANN + CY)
    assert kept.addresses == {"ann@example.com", "cy@example.com"}


def test_who_never_came_from_this_source_is_not_removed_for_a_rejected_row_that_went(kept: ListKept) -> None:
    kept.contacts.append({"id": 7, "email": "di@example.com", "attributes": {}})
    kept.run(ANN + BOB + CY + "di@example.com,,,never\n")
    kept.run(ANN + BOB + CY)
    assert "di@example.com" in kept.addresses


NAMES = "abcd"
# What the source has of a person: nothing, a good row, or one that is rejected.
STATES = ["absent", "good", "good with id", "bad birthday", "bad address", "bad address with id"]
HISTORIES = st.lists(
    st.tuples(
        st.fixed_dictionaries({name: st.sampled_from(STATES) for name in NAMES}),
        st.sampled_from([True, True, False]),
    ),
    min_size=1,
    max_size=4,
)


def row_of(name: str, state: str) -> str:
    """A row; birthdays differ from day to day with the state."""
    if state == "absent":
        return ""
    address = f"{name}@" if "address" in state else f"{name}@example.com"
    ext_id = f"X-{name}" if "with id" in state else ""
    return f"{address},{ext_id},,{'never' if 'birthday' in state else GOOD}\n"


@settings(max_examples=amount(60, quick=8), deadline=None)
@given(history=HISTORIES, last=st.fixed_dictionaries({name: st.booleans() for name in NAMES}))
def test_nobody_in_the_source_is_removed_and_nobody_else_stays(
    history: list[tuple[dict[str, str], bool]], last: dict[str, bool]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = ListKept(Path(folder))
        kept.run("".join(row_of(name, "good") for name in NAMES))
        for states, is_confirmed in history:
            before = kept.addresses
            rows = "".join(row_of(name, state) for name, state in states.items())
            kept.run(rows + f"z@example.com,,,{GOOD}\n", is_confirmed=is_confirmed)
            there = {f"{name}@example.com" for name in NAMES if states[name] != "absent"}
            assert kept.addresses >= before & there
        kept.run(row_of("z", "good") + "".join(row_of(name, "good") for name in NAMES if last[name]))
        assert kept.addresses == {"z@example.com"} | {f"{name}@example.com" for name in NAMES if last[name]}


def test_rejected_rows_of_partitions_are_known(kept: ListKept, tmp_path: Path) -> None:
    folders = [tmp_path / "part-0", tmp_path / "part-1"]
    for index, (folder, rows) in enumerate(zip(folders, (ANN, "bob@example.com,,,never\n"), strict=True)):
        source = tmp_path / f"{index}.csv"
        source.write_text(HEAD + rows)
        prepare_partition(source, folder, index=index, count=2, options=Options(mapping=MAPPING))
    since = ChangesSince(folder=tmp_path / "snapshot", name="shop", gone="remove")
    changes = merge_partitions(folders, tmp_path / "merged", changes_since=since).changes
    assert changes is not None
    assert (changes.gone, changes.gone_withheld, changes.unidentified) == (1, "", 0)
