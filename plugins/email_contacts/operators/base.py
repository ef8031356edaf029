"""What all operators of this package share: a connection, a hook, and errors in Airflow's terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from email_contacts.connection import DEFAULT_CONN_ID
from email_contacts.hook import ContactsHook

if TYPE_CHECKING:
    import jinja2


class ContactsOperator(BaseOperator):
    """An operator that talks to the Contacts API.

    Its ``execute`` is decorated with :func:`email_contacts.failures.failing_at_once`, so that errors that no
    retry can fix (wrong key, unknown id, refused argument) fail the task at once.

    :param conn_id: a connection of type ``email_contacts``. Templated.
    """

    template_fields: Sequence[str] = ("conn_id",)
    ui_color = "#e8f1fb"

    def __init__(self, *, conn_id: str = DEFAULT_CONN_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id

    @cached_property
    def hook(self) -> ContactsHook:
        """The hook of this task's connection."""
        return ContactsHook(conn_id=self.conn_id)

    def conceal(self) -> None:
        """Hide rendered values that Airflow must not show in its log or UI; most operators have none."""

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: jinja2.Environment,
        seen_oids: set[int],
    ) -> None:
        """Render, and conceal before Airflow stores what was rendered.

        Here and not in ``render_template_fields``, which Airflow does not call for a mapped task: this is the
        method that its ``MappedOperator`` calls so that operators can override it. Tests of a task and of a
        mapped one see that what it hides is hidden.
        """
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
        self.conceal()
