"""Whether tasks of this package wait in the triggerer, where the DAG does not say."""

from __future__ import annotations


def default_deferrable() -> bool:
    """Read ``[operators] default_deferrable``, as every provider does; Airflow's own default is False."""
    from airflow.sdk.configuration import conf

    return bool(conf.getboolean("operators", "default_deferrable", fallback=False))
