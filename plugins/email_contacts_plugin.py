"""The plugin for a copied folder; an installed distribution brings it by its own entry point.

Airflow's plugin manager executes every file that it finds in this folder, and reports a plugin that comes by
both ways as a mistake. So this file leaves the plugin to the entry point wherever one is installed.
"""

from __future__ import annotations

from importlib.metadata import distributions

_INSTALLED = distributions(name="airflow-provider-email-contacts")

if not any(each.group == "airflow.plugins" for found in _INSTALLED for each in found.entry_points):
    from email_contacts.plugin import EmailContactsPlugin  # noqa: F401
