"""Airflow's variables as the store that all tasks share: where turns are claimed."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Variable


class SharedVariables:
    """A ``SharedStore`` of ``submission_queue``; each variable lives as long as a submission."""

    def keys(self, prefix: str) -> Sequence[str]:
        """List the keys that begin so, as they are now."""
        return list(Variable.keys(prefix))

    def get(self, key: str) -> str | None:
        """Return the text, or None."""
        value: str | None = Variable.get(key, default=None)
        return value

    def set(self, key: str, value: str) -> None:
        """Write the text; the description tells whoever finds it in the UI."""
        Variable.set(key, value, description="A task is submitting an import just now; removed when it has.")

    def delete(self, key: str) -> None:
        """Forget the key; nothing happens when it is not there."""
        Variable.delete(key)
