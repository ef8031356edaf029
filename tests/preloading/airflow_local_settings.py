"""Loads what tasks use into the processes that fork them.

Airflow imports a module of this name when it starts, wherever it is on the path. What starts threads when it
is imported, as Polars does, is left to the tasks: a process that forks has none.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import walk_packages

ROOMS = ("api", "imports", "operators")


def preload() -> None:
    """Import the package, and what Airflow imports when a task opens its first file."""
    from airflow.sdk import ObjectStoragePath

    import email_contacts

    for room in ROOMS:
        folder = f"{email_contacts.__path__[0]}/{room}"
        for module in walk_packages([folder], f"{email_contacts.__name__}.{room}."):
            import_module(module.name)
    _ = ObjectStoragePath("file:///").fs


if {"scheduler", "celery"} & set(sys.argv):
    preload()
