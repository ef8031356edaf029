"""How others find what changed between two days: pandas, and DuckDB.

``read`` takes today's rows in, ``compare`` finds who is new, changed and gone, and writes the new and the
changed ones. Yesterday is a Parquet file, for neither has a form of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Pandas:
    """An outer merge on the key."""

    def prepare(self, yesterday: Path, snapshot: Path) -> None:
        """Keep what was confirmed."""
        import pandas as pd

        pd.read_csv(yesterday, dtype="string").to_parquet(snapshot)

    def read(self, today: Path) -> None:
        """Read today's rows."""
        import pandas as pd

        self._today = pd.read_csv(today, dtype="string")

    def compare(self, snapshot: Path, out: Path) -> tuple[int, int, int]:
        """Find new, changed and gone."""
        import pandas as pd

        before = pd.read_parquet(snapshot)
        merged = self._today.merge(before, on="email", how="outer", suffixes=("", "_before"), indicator=True)
        columns = [name for name in self._today.columns if name != "email"]
        is_both = merged["_merge"] == "both"
        differs: Any = False
        for name in columns:
            differs |= merged[name] != merged[f"{name}_before"]
        is_new, is_changed = merged["_merge"] == "left_only", is_both & differs
        merged.loc[is_new | is_changed, ["email", *columns]].to_csv(out, index=False)
        return int(is_new.sum()), int(is_changed.sum()), int((merged["_merge"] == "right_only").sum())


class DuckDb:
    """Anti-joins; what does not fit in memory is spilled beside the snapshot.

    :param memory_limit: DuckDB's setting.
    """

    def __init__(self, memory_limit: str = "512MB") -> None:
        import duckdb

        self._database = duckdb.connect()
        self._database.execute(f"SET memory_limit = '{memory_limit}'")

    def prepare(self, yesterday: Path, snapshot: Path) -> None:
        """Keep what was confirmed."""
        self._spill_beside(snapshot)
        self._database.execute(
            f"COPY (FROM read_csv('{yesterday}', all_varchar = true)) TO '{snapshot}' (FORMAT parquet)"
        )

    def read(self, today: Path) -> None:
        """Read nothing yet: it streams the file when it is asked."""
        self._today = f"read_csv('{today}', all_varchar = true)"

    def compare(self, snapshot: Path, out: Path) -> tuple[int, int, int]:
        """Find new, changed and gone: whole rows first, and of those that differ the keys."""
        self._spill_beside(snapshot)
        before = f"read_parquet('{snapshot}')"
        columns = "email, ext_id, firstname, lastname, country, birthday, points, newsletter"
        self._database.execute(
            f"CREATE TABLE sent AS SELECT * FROM {self._today} ANTI JOIN {before} USING ({columns})"
        )
        self._database.execute(f"COPY sent TO '{out}'")
        sent = self._one("SELECT count(*) FROM sent")
        changed = self._one(f"SELECT count(*) FROM sent SEMI JOIN {before} USING (email)")
        gone = self._one(f"SELECT count(*) FROM {before} ANTI JOIN {self._today} USING (email)")
        return sent - changed, changed, gone

    def _spill_beside(self, snapshot: Path) -> None:
        self._database.execute(f"SET temp_directory = '{snapshot.parent / 'spilled'}'")

    def _one(self, query: str) -> int:
        (row,) = self._database.execute(query).fetchall()
        return int(row[0])
