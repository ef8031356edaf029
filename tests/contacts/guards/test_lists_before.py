"""A list that was renamed, moved or deleted on the platform is made again, and everything is sent to it."""

from __future__ import annotations

from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.snapshot.changes import ChangesSince
from email_contacts.contacts.snapshot.confirming import confirm
from tests.contacts.guards.test_holding_back import HEADER, Guarded, guarded

__all__ = ["guarded"]


def test_an_unsubscription_from_a_list_that_was_filled_before_counts(guarded: Guarded) -> None:
    lines = ("cy@example.com,,,", "fay@example.com,,,")

    def run(target: str, *lists: int, name: str = "s", platform: str = "") -> dict[str, int]:
        guarded.source.write_text(HEADER + "".join(f"{line}\n" for line in lines))
        manifest = prepare(
            guarded.source,
            guarded.stage,
            changes_since=ChangesSince(
                folder=guarded.folder / name, name=name, target=target, platform=platform
            ),
            guards=guarded.guards(lists=lists),
        )
        assert manifest.changes is not None
        confirm(manifest.changes, guarded.folder / name, guarded.stage)
        return dict(manifest.rows.held_back)

    assert run("conn:7", 7) == {"opted_out": 1}
    for _ in range(2):
        assert run("conn:8", 8) == {"opted_out": 1}
    assert run("conn:9,10", 9, 10) == {"opted_out": 1}
    assert run("conn:7", 7) == {"opted_out": 1}
    assert run("conn:9", 9, name="another_audience") == {}
    # In another account, list 7 is another list.
    assert run("conn2:8", 8) == {}
    assert run("conn:8", 8) == {}
    assert run("conn:7", 7, name="t", platform="https://one.example") == {"opted_out": 1}
    assert run("conn:8", 8, name="t", platform="https://two.example") == {}
