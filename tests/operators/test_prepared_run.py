"""What is read of a preparation that did not finish."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from airflow.sdk import ObjectStoragePath

from email_contacts.imports.verification.submitted_batches import SubmittedBatches
from email_contacts.operators._prepared_run import PreparedRun

HEADER = "row,key,field,rule,message,value\n"


@pytest.mark.parametrize(
    ("listed", "reasons"),
    [
        (HEADER + "1,,a,date,m,v\n2,,b,email,m,v\n3,,b,email,m,\n", {"email": 2, "date": 1}),
        (HEADER, {}),
        (HEADER + "1,,a,date,m,v\n2,,b", {}),
        (HEADER + "1,,a,date,m,v\n,", {}),
        ("", {}),
    ],
)
def test_the_reasons_of_its_rejected_rows_are_counted_where_their_list_is_whole(
    listed: str, reasons: dict[str, int], tmp_path: Path
) -> None:
    (tmp_path / "rejects.csv").write_text(listed)
    run = PreparedRun(ObjectStoragePath(str(tmp_path)), None, cast("SubmittedBatches", None))
    assert run.unfinished_reasons == reasons
