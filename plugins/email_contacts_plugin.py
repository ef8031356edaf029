"""The one door for Airflow's plugin manager, which executes every file that it finds in this folder.

Every Airflow process does, workers and the triggerer too: what only the API server needs is loaded there,
when it is first asked for.
"""

from airflow.plugins_manager import AirflowPlugin

from email_contacts.web.lazy import LazyApp


class EmailContactsPlugin(AirflowPlugin):
    """Registers the package, and the address that the platform calls when an import has ended."""

    name = "email_contacts"
    fastapi_apps = [{"app": LazyApp(), "url_prefix": "/email-contacts", "name": "Email Contacts callbacks"}]  # noqa: RUF012
