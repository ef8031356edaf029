"""Whether tasks of this package wait in the triggerer, where the DAG does not say."""

from __future__ import annotations

import os
from configparser import ConfigParser

SECTION, OPTION = "operators", "default_deferrable"


def default_deferrable() -> bool:
    """Follow Airflow's ``[operators] default_deferrable`` where somebody has set it; otherwise True.

    Airflow's own default is False, which would hold a worker slot for hours: an import has to be waited for.
    """
    from airflow.sdk.configuration import conf

    is_set = f"AIRFLOW__{SECTION}__{OPTION}".upper() in os.environ
    # The configuration answers with Airflow's defaults; the plain parser below it knows only what was set.
    if not is_set and not ConfigParser.has_option(conf, SECTION, OPTION):
        return True
    return bool(conf.getboolean(SECTION, OPTION, fallback=True))
