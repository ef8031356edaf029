"""Partitions that do not belong together are not merged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Mapping, merge_partitions, prepare_partition
from email_contacts.contacts.batches import parts as staged_part
from email_contacts.contacts.errors import (
    PartitionMissing,
    PreparationError,
    SourceChanged,
)
from tests.contacts.partitioned import (
    OPTIONS,
    prepared_in,
    ready_in,
    split,
)

Ready = tuple[list[Path], Path, dict[str, Any]]


@pytest.fixture
def ready(tmp_path: Path) -> Ready:
    """Three partitions to merge, where to, and what that must give."""
    return ready_in(tmp_path)


def test_partitions_that_are_not_all_are_refused(ready: Ready) -> None:
    folders, stage, _ = ready
    for some in ([folders[0], folders[2]], folders[:2], folders[::-1]):
        with pytest.raises(PartitionMissing, match="in their order"):
            merge_partitions(some, stage, options=OPTIONS)
    with pytest.raises(PartitionMissing, match="no partitions to merge"):
        merge_partitions([], stage, options=OPTIONS)
    (folders[2] / "part-EXT_ID").unlink()
    with pytest.raises(PartitionMissing, match="part-00002 lacks part-EXT_ID"):
        merge_partitions(folders, stage, options=OPTIONS)


def test_other_columns_are_refused(tmp_path: Path) -> None:
    for name, header in (("a", "email,firstname"), ("b", "email,country")):
        (tmp_path / f"{name}.csv").write_text(f"{header}\n{name}@example.com,DE\n")
    options = replace(OPTIONS, body="file_body")
    folders, stage = prepared_in([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path, options)
    with pytest.raises(SourceChanged, match=r"partition 2 of .*b\.csv was prepared with other columns"):
        merge_partitions(folders, stage, options=options)


def test_a_mapping_that_was_changed_between_two_is_refused(tmp_path: Path) -> None:
    """Its path and its columns are the same, what the cells mean is not."""
    sources = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for source in sources:
        source.write_text(f"email,born\n{source.stem}@example.com,03/04/1990\n")
    folders = [tmp_path / "part-1", tmp_path / "part-2"]
    for place, order in enumerate(("%d/%m/%Y", "%m/%d/%Y")):
        rule = {"attribute": "BIRTHDAY", "type": "date", "format": order}
        mapping = Mapping.from_json({"columns": {"email": "EMAIL", "born": rule}})
        options = replace(OPTIONS, mapping=mapping)
        prepare_partition(sources[place], folders[place], index=place, count=2, options=options)
    with pytest.raises(SourceChanged, match=r"partition 2 of .*b\.csv was prepared with another mapping"):
        merge_partitions(folders, tmp_path / "stage", options=options)
    # What a release wrote that did not keep it is not held against it.
    said = json.loads((folders[0] / "part.json").read_text())
    (folders[0] / "part.json").write_text(json.dumps({name: said[name] for name in said if name != "rules"}))
    assert merge_partitions(folders, tmp_path / "stage", options=options).rows.accepted == 2


def test_another_cut_of_the_source_is_refused(ready: Ready, tmp_path: Path) -> None:
    """A file has become larger, the source was cut anew, and one partition of it was prepared again."""
    folders, stage, _ = ready
    cuts = (split(tmp_path / "source", 3), split(tmp_path / "source", 4)[:3])
    for cut, sources in enumerate(cuts):
        prepare_partition(sources[cut], folders[cut], index=cut, count=3, cut=str(cut), options=OPTIONS)
    with pytest.raises(SourceChanged, match=r"partition 2 of .*source is not of the same cut of the source"):
        merge_partitions(folders, stage, options=OPTIONS)
    assert all((folder / "part.json").exists() for folder in folders)


def test_other_settings_of_reading_are_refused(ready: Ready, tmp_path: Path) -> None:
    folders, stage, _ = ready
    source = split(tmp_path / "source", 3)[2]
    read_as = {"consent_column": "newsletter"}
    prepare_partition(source, folders[2], index=2, count=3, options=OPTIONS, read_as=read_as)
    with pytest.raises(SourceChanged, match=r"partition 3 of .*source was read with other settings than"):
        merge_partitions(folders, stage, options=OPTIONS)


@pytest.mark.parametrize("changes", [{"of_tomorrow": 1}, {"read": None}])
def test_a_part_of_another_release_is_refused(ready: Ready, changes: dict[str, Any]) -> None:
    folders, stage, _ = ready
    said = json.loads((folders[0] / "part.json").read_text()) | changes
    said = {name: value for name, value in said.items() if value is not None}
    (folders[0] / "part.json").write_text(json.dumps(said))
    with pytest.raises(PreparationError, match="prepared by another release of this package"):
        merge_partitions(folders, stage, options=OPTIONS)


def test_other_digests_are_refused(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    folders, stage, _ = ready
    monkeypatch.setattr(staged_part, "canary", lambda: "another")
    with pytest.raises(PreparationError, match=r"partition 1 of .* another version of Polars"):
        merge_partitions(folders, stage, options=OPTIONS)
