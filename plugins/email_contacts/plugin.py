"""What the package adds to Airflow itself: callback address, pages, Test button, reports of failed tasks.

Every Airflow process loads it, workers and the triggerer too: what only the API server needs is loaded there,
when it is first asked for.
"""

from __future__ import annotations

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from email_contacts import failure_report
from email_contacts.web.connection_test import BlankPort
from email_contacts.web.lazy import LazyApp

PAGES = "/email-contacts/imports"


class EmailContactsPlugin(AirflowPlugin):
    """Registers the address that the platform calls when an import has ended, and the page of imports."""

    name = "email_contacts"
    # The pages first: the other address begins theirs.
    fastapi_apps = [  # noqa: RUF012
        {"app": LazyApp("email_contacts.web.pages.app"), "url_prefix": PAGES, "name": "Contact imports"},
        {"app": LazyApp(), "url_prefix": "/email-contacts", "name": "Email Contacts callbacks"},
    ]
    # Relative addresses, which are right below any base path of Airflow.
    external_views = [  # noqa: RUF012
        {
            "name": "Contact imports",
            "href": f"{PAGES[1:]}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "contact-imports",
        },
        {
            "name": "Contact import",
            "href": f"{PAGES[1:]}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "contact-import",
        },
    ]
    listeners = [failure_report]  # noqa: RUF012
    fastapi_root_middlewares = [{"middleware": BlankPort, "name": "Email Contacts connection test"}]  # noqa: RUF012


_IS_LAZY = conf.getboolean("core", "lazy_discover_providers", fallback=True)
ENTRY_POINT = EmailContactsPlugin if _IS_LAZY else None
"""What the entry point ``airflow.plugins`` gives.

Nothing where Airflow discovers providers at its start: then it takes the plugin from the provider's
description, and would report this one as registered already.
"""
