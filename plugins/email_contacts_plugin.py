"""The plugin for a copied folder; an installed distribution brings it by its own entry point.

Airflow's plugin manager executes every file that it finds in this folder, and reports a plugin that comes by
both ways as a mistake. So this file leaves the plugin to the entry point wherever one is installed.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution


def _has_entry_point() -> bool:
    try:
        entry_points = distribution("airflow-provider-email-contacts").entry_points
    except PackageNotFoundError:
        return False
    return any(each.group == "airflow.plugins" for each in entry_points)


if not _has_entry_point():
    from email_contacts.plugin import EmailContactsPlugin  # noqa: F401
